"""Twelve months of incidents: where people live, when they are about, what the season brings, and planted clusters."""

from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.demo.district import District
from gridmap.domain.taxonomy import leaves

#: Local hours, in the rhythm of a working day: a morning and an evening peak.
HOURS = np.array([4, 2, 1, 1, 2, 5, 14, 38, 62, 70, 58, 44, 34, 38, 46, 50, 54, 66, 74, 60, 40, 26, 15, 8], float)
WEEKDAYS = np.array([1.08, 1.04, 1.02, 1.02, 1.06, 0.86, 0.8])
#: Months January to December.
SEASONS = {
    "": np.ones(12),
    "dust": np.array([0.4, 0.5, 1.3, 3.0, 2.8, 1.1, 0.6, 0.5, 0.7, 0.9, 0.8, 0.4]),
    "flood": np.array([0.05, 0.05, 0.1, 0.2, 0.5, 1.6, 4.2, 3.9, 1.1, 0.2, 0.1, 0.05]),
    "summer": np.array([0.6, 0.5, 0.7, 0.9, 1.1, 1.4, 1.6, 1.6, 1.3, 1.0, 0.7, 0.6]),
    "winter": np.array([1.7, 1.6, 1.1, 0.8, 0.7, 0.7, 0.7, 0.7, 0.8, 0.9, 1.2, 1.7]),
}
CHANNELS = {"patrol": 0.46, "hotline": 0.27, "app": 0.17, "video": 0.06, "walk-in": 0.04}
_PLANS = (
    ("夜市占道", "E1-03", 110.0, 21, 60, 260),
    ("工地扬尘", "E2-01", 130.0, 190, 45, 190),
    ("内涝点", "E4-01", 150.0, 288, 30, 170),
    ("违停聚集", "E1-02", 120.0, 120, 80, 280),
    ("入室盗窃", "E5-01", 160.0, 322, 35, 150),
)


def plan_clusters(district: District, gaps: list[str]) -> list[dict[str, Any]]:
    """Choose where the clusters are planted: the first in a neglected grid, the others in dense grids far apart."""
    rng = district.seed.stream("clusters")
    grids = district.grids.set_index("code")
    shapes = crs.to_metric(grids.geometry.array, district.seed.epsg)
    centre = shapely.get_coordinates(shapely.point_on_surface(shapes))
    dense = np.flatnonzero((grids["households"] >= 330).to_numpy() & (shapely.area(shapes) < 160_000.0))
    chosen = [int(grids.index.get_loc(gaps[0]))]
    for at in rng.permutation(dense):
        far = np.hypot(*(centre[chosen] - centre[at]).T).min() > 1800.0
        if far and grids.index[at] not in gaps and len(chosen) < len(_PLANS):
            chosen.append(int(at))
    points = crs.from_metric(np.asarray(shapely.points(centre[chosen])), district.seed.epsg)
    result = []
    for (name, category, radius, start, days, size), at, point in zip(_PLANS, chosen, points, strict=True):
        first = district.seed.first_day + timedelta(days=start)
        result.append({
            "name": name, "category": category, "grid_code": grids.index[at],
            "lon": round(point.x, 7), "lat": round(point.y, 7), "radius_m": radius,
            "first_day": first.isoformat(), "last_day": (first + timedelta(days=days - 1)).isoformat(), "size": size,
        })  # fmt: skip
    return result


def make_incidents(district: District) -> gpd.GeoDataFrame:
    """Make the incidents of the whole window.

    Returns
    -------
    GeoDataFrame
        frames.INCIDENTS with ``channel``; by time, ids in the order of time. WGS 84, aware UTC.
    """
    seed, rng = district.seed, district.seed.stream("incidents")
    types = leaves()
    planted = district.truth["clusters"]
    count = seed.incidents - sum(c["size"] for c in planted)
    days = pd.date_range(seed.first_day, seed.last_day, freq="D")

    weight = np.array([t.weight for t in types])
    kind = rng.choice(len(types), count, p=weight / weight.sum())
    day = np.empty(count, dtype=np.int64)
    for k, t in enumerate(types):
        mine = np.flatnonzero(kind == k)
        rate = SEASONS[t.months][days.month - 1] * WEEKDAYS[days.day_of_week]
        day[mine] = rng.choice(len(days), len(mine), p=rate / rate.sum())
    xy = _places(district, count, rng)

    names, parts_xy, parts_day = [np.array([t.code for t in types], dtype=object)[kind]], [xy], [day]
    for c in planted:
        x, y = crs.xy_to_metric([c["lon"]], [c["lat"]], seed.epsg)
        turn, far = rng.uniform(0, 2 * np.pi, c["size"]), c["radius_m"] * np.sqrt(rng.uniform(0, 1, c["size"]))
        parts_xy.append(np.column_stack([x[0] + far * np.cos(turn), y[0] + far * np.sin(turn)]))
        first, last = ((date.fromisoformat(c[k]) - seed.first_day).days for k in ("first_day", "last_day"))
        parts_day.append(np.asarray(rng.integers(first, last + 1, c["size"])))
        names.append(np.full(c["size"], c["category"], dtype=object))

    second = rng.choice(24, seed.incidents, p=HOURS / HOURS.sum()) * 3600 + rng.integers(0, 3600, seed.incidents)
    local = days[np.concatenate(parts_day)] + pd.to_timedelta(second, unit="s")
    channel = rng.choice(list(CHANNELS), seed.incidents, p=list(CHANNELS.values()))
    points = crs.from_metric(np.asarray(shapely.points(np.vstack(parts_xy))), seed.epsg)
    points = shapely.transform(points, lambda p: np.round(p, 7))
    frame = gpd.GeoDataFrame(
        {
            "occurred_at": local.tz_localize(seed.zone).tz_convert("UTC"),
            "category": np.concatenate(names),
            "channel": channel.astype(object),
        },
        geometry=points,
        crs=crs.WGS84,
    ).sort_values("occurred_at", kind="stable", ignore_index=True)
    stamp = frame["occurred_at"].dt.tz_convert(seed.zone).dt.strftime("%Y%m%d")
    frame.insert(0, "incident_id", [f"{seed.code}-{d}-{i:05d}" for i, d in enumerate(stamp, 1)])
    return frame


def _places(district: District, count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw places inside grids by their households and the metres of street around them; most lie near a street."""
    shapes = crs.to_metric(district.grids.geometry.array, district.seed.epsg)
    rate = district.grids["households"].to_numpy() ** 0.9 * shapely.length(shapes) ** 0.25
    rate = rate * rng.gamma(3.5, 1 / 3.5, len(rate))
    busy = district.grids["code"].isin(district.truth["neglect"]["gaps"]).to_numpy()
    rate[busy] = np.maximum(rate[busy], np.quantile(rate, 0.9)) * 1.3
    grid = rng.choice(len(shapes), count, p=rate / rate.sum())
    box = shapely.bounds(shapes)[grid]
    xy = np.empty((count, 2))
    shapely.prepare(shapes)
    todo = np.arange(count)
    while len(todo):
        xy[todo] = box[todo, :2] + rng.uniform(0, 1, (len(todo), 2)) * (box[todo, 2:] - box[todo, :2])
        todo = todo[~shapely.contains_xy(shapes[grid[todo]], xy[todo])]
    # Two of three come near a street: pulled towards the border of their grid, and left 4 to 20 m inside of it.
    near = np.flatnonzero(rng.uniform(size=count) < 0.67)
    edge = shapely.boundary(shapes)[grid[near]]
    foot = shapely.get_coordinates(shapely.line_interpolate_point(edge, shapely.line_locate_point(edge, shapely.points(xy[near]))))  # fmt: skip  # noqa: E501
    step = xy[near] - foot
    length = np.maximum(np.hypot(*step.T), 1e-9)
    xy[near] = foot + step * (np.minimum(length, rng.uniform(4.0, 20.0, len(near))) / length)[:, None]
    return xy

"""A week of patrols: each unit walks its beat along the streets of its grids, and some grids are never entered."""

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.demo.district import District
from gridmap.demo.tiling import shared_borders

#: Metres from the border of a grid to the pavement on its own side, and how far a fix may err: less, so that no fix
#: of a neighbour falls into a neglected grid.
PAVEMENT_M = 14.0
ERROR_M = 9.0
SHIFT_S = 19_800
GAPS, QUIET, ONCE = 24, 30, 8
_WALK_M_S, _BIKE_M_S = 0.95, 2.6

Walk = npt.NDArray[np.float64]


def plan_neglect(district: District) -> dict[str, list[str]]:
    """Choose the grids that nobody enters, and those entered on one day only.

    Returns
    -------
    dict
        ``gaps``: not entered though much happens there; ``quiet``: not entered, little happens; ``once``: one unit on
        one day.
    """
    rng = district.seed.stream("neglect")
    shapes = crs.to_metric(district.grids.geometry.array, district.seed.epsg)
    area, homes = shapely.area(shapes), district.grids["households"].to_numpy()
    busy = rng.permutation(np.flatnonzero((homes >= 380) & (area < 140_000.0)))
    calm = rng.permutation(np.flatnonzero((homes <= 200) & (area > 350_000.0)))
    code = district.grids["code"].to_numpy()
    return {
        "gaps": sorted(code[busy[:GAPS]]),
        "quiet": sorted(code[calm[:QUIET]]),
        "once": sorted(code[busy[GAPS : GAPS + ONCE]]),
    }


def make_fixes(district: District) -> gpd.GeoDataFrame:
    """Make the fixes of all units over the last days.

    Returns
    -------
    GeoDataFrame
        frames.FIXES with ``accuracy_m``, by unit and time. WGS 84, aware UTC.
    """
    seed, rng = district.seed, district.seed.stream("patrols")
    shapes = crs.to_metric(district.grids.geometry.array, seed.epsg)
    code = district.grids["code"].to_numpy()
    neglect = district.truth["neglect"]
    once = np.flatnonzero(np.isin(code, neglect["once"]))
    closed = np.isin(code, neglect["gaps"] + neglect["quiet"] + neglect["once"])
    loops = _loops(shapes)
    beats = _beats(code, closed, shapes, seed.patrol_units)
    tours = [_tour(b, loops) for b in beats]
    bike = np.array([shapely.area(shapes[b]).mean() > 250_000.0 for b in beats])
    one_day = {int(g): int(u) for g, u in zip(once, rng.choice(len(beats), len(once), replace=False), strict=True)}

    shifts = len(beats) * seed.patrol_days
    unit, day = np.divmod(np.arange(shifts), seed.patrol_days)
    per_shift = rng.integers(205, 236, shifts)
    shift = np.repeat(np.arange(shifts), per_shift)
    gap = rng.integers(60, 121, len(shift))
    start = np.r_[0, np.cumsum(per_shift)[:-1]]
    clock = np.cumsum(gap)
    clock -= np.repeat(clock[start], per_shift)
    speed = np.where(bike, _BIKE_M_S, _WALK_M_S)[unit][shift] * rng.uniform(0.75, 1.1, shifts)[shift]
    begin = rng.uniform(0, 1, shifts)
    xy = np.empty((len(shift), 2))
    bounds = np.r_[start, len(shift)]
    for s in range(shifts):
        part = slice(bounds[s], bounds[s + 1])
        tour, along = tours[unit[s]]
        at = (begin[s] * along[-1] + clock[part] * speed[part]) % along[-1]
        xy[part, 0], xy[part, 1] = np.interp(at, along, tour[:, 0]), np.interp(at, along, tour[:, 1])
    for grid, who in one_day.items():
        # One visit: the fixes of an hour of the third day are made in this grid.
        s = who * seed.patrol_days + 2
        part = slice(bounds[s] + 40, bounds[s] + 80)
        tour, along = _tour(np.array([grid]), loops)
        at = (clock[part] * speed[part]) % along[-1]
        xy[part, 0], xy[part, 1] = np.interp(at, along, tour[:, 0]), np.interp(at, along, tour[:, 1])
    error = np.clip(rng.gamma(2.0, 1.6, len(shift)), 0.5, ERROR_M)
    turn = rng.uniform(0, 2 * np.pi, len(shift))
    xy += (error * np.array([np.cos(turn), np.sin(turn)])).T

    first = pd.Timestamp(seed.first_patrol_day, tz=seed.zone)
    begin_s = 8 * 3600 + (unit % 3) * 4 * 3600 // 2 + rng.integers(0, 900, shifts)
    at_s = day[shift] * 86_400 + begin_s[shift] + clock
    lonlat = crs.from_metric(np.asarray(shapely.points(xy)), seed.epsg)
    return gpd.GeoDataFrame(
        {
            "unit_id": np.array([f"LW{u + 1:04d}" for u in range(len(beats))], dtype=object)[unit[shift]],
            "fixed_at": (first + pd.to_timedelta(at_s, unit="s")).tz_convert("UTC"),
            "accuracy_m": np.round(error + 2.0, 1),
        },
        geometry=shapely.transform(lonlat, lambda p: np.round(p, 7)),
        crs=crs.WGS84,
    )


def _loops(shapes: Any) -> list[Walk]:
    """Give a closed walk in every grid along the pavement on its own side of the bordering streets."""
    walks = []
    for inner, shape in zip(shapely.buffer(shapes, -PAVEMENT_M, join_style="mitre"), shapes, strict=True):
        parts = [p for p in shapely.get_parts(inner) if p.geom_type == "Polygon"]
        ring = max(parts, key=lambda p: p.area) if parts else shape.representative_point().buffer(1.0)
        walks.append(shapely.get_coordinates(ring.exterior.segmentize(60.0)))
    return walks


def _beats(code: Any, closed: Any, shapes: Any, units: int) -> list[npt.NDArray[np.int64]]:
    """Share the open grids out: each unit gets grids that lie side by side in one management area.

    A pair of neighbours belongs to one beat only where they touch for a while; so a unit that goes from one to the next
    crosses their common street and no third grid.
    """
    pairs, length = shared_borders(shapes)
    area = np.array([c[:12] for c in code])
    good = (length > 70.0) & (area[pairs[:, 0]] == area[pairs[:, 1]]) & ~closed[pairs].any(axis=1)
    links: dict[int, list[int]] = {}
    for a, b in pairs[good]:
        links.setdefault(int(a), []).append(int(b))
        links.setdefault(int(b), []).append(int(a))
    free = set(np.flatnonzero(~closed).tolist())
    most = len(free) / units
    beats: list[list[int]] = []
    while free:
        # The loneliest first, so that nobody is left over.
        seed = min(free, key=lambda g: (sum(n in free for n in links.get(g, [])), g))
        beat = [seed]
        free.discard(seed)
        while len(beat) < int(np.ceil(most)):
            near = [n for g in beat[-1:] for n in links.get(g, []) if n in free]
            if not near:
                break
            beat.append(min(near, key=lambda g: (sum(n in free for n in links.get(g, [])), g)))
            free.discard(beat[-1])
        beats.append(beat)
    # Exactly as many beats as units: a second unit on the longest beats, or the shortest beats go without one.
    while len(beats) < units:
        long = max(range(len(beats)), key=lambda i: (len(beats[i]), -i))
        half = len(beats[long]) // 2
        beats[long], rest = beats[long][:half], beats[long][half:]
        beats.append(rest)
    while len(beats) > units:
        beats.sort(key=len)
        short = beats.pop(0)
        beats[int(np.argmin([_apart(shapes, short, b) for b in beats]))] += [-g - 1 for g in short]
    return [np.array([g if g >= 0 else -g - 1 for g in b], dtype=np.int64) for b in beats]


def _apart(shapes: Any, short: list[int], beat: list[int]) -> float:
    last = [g if g >= 0 else -g - 1 for g in beat]
    return float(shapely.distance(shapes[short[0]], shapes[last]).min()) + 30.0 * len(beat)


def _tour(beat: npt.NDArray[np.int64], loops: list[Walk]) -> tuple[Walk, npt.NDArray[np.float64]]:
    """Join the walks of a beat to one way and back, with the metres along it.

    Going over to a grid that is not next door counts no metres: the unit rides there without leaving a fix.
    """
    parts, metres, total = [], [], 0.0
    for g in beat:
        ring = loops[int(g)]
        along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(ring, axis=0).T))]
        parts.append(ring)
        metres.append(total + along)
        total += along[-1] + 1e-6
    return np.vstack(parts), np.concatenate(metres)

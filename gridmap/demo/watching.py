"""Cameras and relics of the district: what looks where nobody goes, and what is inspected once a quarter.

Of the planted gaps some are watched by cameras all the same, and so are no blind spots: the first by code.
"""

from datetime import date, datetime, time, timedelta

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.demo.district import District
from gridmap.domain.features import FeatureLayer
from gridmap.domain.inspections import Check, CheckOutcome

CAMERAS, RELICS = FeatureLayer("cameras", "公共视频监控"), FeatureLayer("relics", "文物保护点")
#: So many of the planted gaps are watched; cameras stand so far apart there, and so many elsewhere, one a grid.
WATCHED, APART_M, ELSEWHERE = 8, 75.0, 160
RELIC_COUNT, CHECKED = 77, 61


def watched_gaps(district: District) -> list[str]:
    """Give the planted gaps that cameras look at."""
    return sorted(district.truth["neglect"]["gaps"])[:WATCHED]


def make_cameras(district: District) -> gpd.GeoDataFrame:
    """Give the cameras: ``code, name, state, attributes``, points in WGS 84."""
    seed, rng = district.seed, district.seed.stream("cameras")
    shapes = crs.to_metric(np.asarray(district.grids.geometry.array, dtype=object), seed.epsg)
    code = district.grids["code"].to_numpy()
    neglect = district.truth["neglect"]
    gaps = set(watched_gaps(district))
    closed = np.isin(code, neglect["gaps"] + neglect["quiet"])
    places = [_lattice(shape) for shape in shapes[[c in gaps for c in code]]]
    busy = np.flatnonzero(~closed)[np.argsort(-district.grids["households"].to_numpy()[~closed], kind="stable")]
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes[busy[:ELSEWHERE]]))
    xy = np.vstack([*places, middles + rng.uniform(-10, 10, middles.shape)])
    return _frame(xy, "SP", "监控", seed.epsg)


def make_relics(district: District) -> gpd.GeoDataFrame:
    """Give the relics: as ``make_cameras``, beside the middles of grids all over the district."""
    seed, rng = district.seed, district.seed.stream("relics")
    shapes = crs.to_metric(np.asarray(district.grids.geometry.array, dtype=object), seed.epsg)
    some = rng.choice(len(shapes), RELIC_COUNT, replace=False)
    return _frame(shapely.get_coordinates(shapely.point_on_surface(shapes[some])), "WW", "文物点", seed.epsg)


def make_checks(district: District) -> list[Check]:
    """Give the inspections of relics on record: most within the last quarter, some too long ago, some never."""
    seed, rng = district.seed, district.seed.stream("checks")
    last = seed.last_day
    days = np.r_[rng.integers(1, 85, CHECKED - 12), rng.integers(100, 160, 12)]
    checks = []
    for n, back in enumerate(days.tolist()):
        day: date = last - timedelta(days=int(back))
        at = datetime.combine(day, time(9, 30), seed.zone) + timedelta(minutes=int(rng.integers(0, 400)))
        found = n % 9 == 0
        outcome = CheckOutcome.FINDING if found else CheckOutcome.SEEN if n % 7 == 3 else CheckOutcome.COMPLETE
        checks.append(Check(f"WW{n + 1:03d}", at, day, outcome, "fire_risk" if found else ""))
    return checks


def _lattice(shape: shapely.Geometry) -> npt.NDArray[np.float64]:
    """Give points ``APART_M`` apart within a shape, every other row shifted."""
    x0, y0, x1, y1 = shapely.bounds(shape).tolist()
    rows = []
    for n, y in enumerate(np.arange(y0 + APART_M / 4, y1, APART_M * 0.866)):
        x = np.arange(x0 + (APART_M / 2 if n % 2 else 0.0), x1, APART_M)
        rows.append(np.column_stack([x, np.full(len(x), y)]))
    xy = np.vstack(rows)
    return np.asarray(xy[shapely.contains_xy(shape, xy[:, 0], xy[:, 1])])


def _frame(xy: npt.NDArray[np.float64], key: str, title: str, epsg: int) -> gpd.GeoDataFrame:
    points = shapely.transform(crs.from_metric(np.asarray(shapely.points(xy)), epsg), lambda p: np.round(p, 7))
    number = [f"{n + 1:03d}" for n in range(len(xy))]
    held = {
        "code": [f"{key}{n}" for n in number],
        "name": [f"{title}{n}" for n in number],
        "state": "open",
        "attributes": [{} for _ in number],
    }
    return gpd.GeoDataFrame(pd.DataFrame(held), geometry=points, crs=crs.WGS84)

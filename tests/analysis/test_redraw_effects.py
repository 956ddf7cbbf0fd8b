"""Effects of edits that lie far apart: the boxes that are looked at, and the same counts as all of the plan gives."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from builders import tiling

from gridmap.analysis.locator import Locator
from gridmap.analysis.redraw.effects import measured, neighbourhood
from gridmap.analysis.redraw.tiling import Tiling, tiling_of
from gridmap.analysis.redraw.verbs import apply
from gridmap.analysis.responsibility import owner_codes
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.redraw import Change, MoveVertex

CELL = 2.0**-8
SIDE = 12
REACH = 50.0


def city() -> Tiling:
    letters = [chr(0x4E00 + n) for n in range(SIDE * SIDE)]
    drawn = "\n".join("".join(letters[r * SIDE : (r + 1) * SIDE]) for r in range(SIDE))
    return tiling_of(BoundarySet("s", (Level("grid", 0),)), tiling(drawn, cell=CELL, origin=(120, 36)))


def at(column: float, row: float) -> tuple[float, float]:
    return 120 + CELL * column, 36 + CELL * row


def moved(before: Tiling, *corners: tuple[int, int]) -> tuple[Tiling, Change]:
    now, total = before, Change()
    for column, row in corners:
        change = apply(now, MoveVertex(at(column, row), at(column + 0.3, row + 0.2)), lambda *_: "")
        now, total = now.changed(change), total.then(change)
    return now, total


def points(n: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(8)
    # some lie outside of the city, near enough that its outermost grids answer for them
    xy = rng.uniform((120 - CELL / 9, 36 - CELL / 9), (120 + CELL * (SIDE + 0.1), 36 + CELL * (SIDE + 0.1)), (n, 2))
    return gpd.GeoDataFrame({"incident_id": [str(k) for k in range(n)]}, geometry=shapely.points(xy), crs=4326)


def counted(plan: Tiling, cases: gpd.GeoDataFrame) -> dict[str, int]:
    locator = Locator.from_frame(plan.frame())
    found = locator.locate_many(cases.geometry.x, cases.geometry.y, nearest_within_m=REACH)
    return pd.Series(owner_codes(locator, found)).value_counts().to_dict()


def test_edits_far_apart_are_looked_at_by_themselves_and_count_as_the_whole_plan_does() -> None:
    before = city()
    after, total = moved(before, (1, 1), (2, 1), (SIDE - 1, SIDE - 1), (6, 0 + 1))
    near = neighbourhood(after, total, nearest_within_m=REACH)
    assert near is not None
    assert len(near.boxes) == 3
    cases = points(30_000)
    boxes = shapely.box(*np.array(near.boxes).T)
    assert not len(shapely.STRtree(boxes).query(boxes, predicate="overlaps")[0])
    inside = shapely.intersects(np.asarray(cases.geometry.array)[:, None], boxes[None, :]).any(axis=1)
    assert inside.mean() < 0.3
    was, now, handed, places = measured(
        near,
        epsg=before.epsg,
        floating={},
        incidents=cases[inside],
        fixes=None,
        facilities=cases[inside],
        nearest_within_m=REACH,
    )
    assert places is not None
    assert handed is not None
    assert places.equals(handed)
    whole = counted(before, cases), counted(after, cases)
    assert {c: m.incidents for c, m in was.items()} == {c: whole[0][c] for c in was}
    assert {c: m.incidents for c, m in now.items()} == {c: whole[1][c] for c in now}
    assert handed is not None
    assert 0 < len(handed) < len(cases)


def test_edits_beside_each_other_are_one_place() -> None:
    before = city()
    after, total = moved(before, (4, 4), (5, 4), (5, 5))
    near = neighbourhood(after, total, nearest_within_m=REACH)
    assert near is not None
    assert len(near.boxes) == 1

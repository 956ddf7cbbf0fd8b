"""Small plans with bent borders, and random edits of them; checked by areas alone, not by the code under test."""

import random
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import Polygon

from gridmap.analysis.redraw.ancestors import with_ancestors
from gridmap.analysis.redraw.faults import require_sound
from gridmap.analysis.redraw.tiling import Tiling, tiling_of
from gridmap.analysis.redraw.verbs import apply
from gridmap.domain.boundaries import BoundarySet, Level
from gridmap.domain.redraw import (
    Assign,
    Change,
    Draw,
    Edit,
    Ground,
    InsertVertex,
    Merge,
    MoveVertex,
    RemoveVertex,
    SetAttributes,
    Split,
)

SET = BoundarySet("urban", (Level("street", 0), Level("grid", 1)))
X0, Y0, STEP = 120.0, 36.0, 0.002


def bent(columns: int, rows: int, seed: int, *, bends: int = 2) -> Tiling:
    """Give a tiling of quadrangles with bent borders: the west half under street W, the rest under E."""
    draw = random.Random(seed)
    corner = {
        (i, j): (X0 + STEP * (i + draw.uniform(-0.25, 0.25)), Y0 + STEP * (j + draw.uniform(-0.25, 0.25)))
        for i in range(columns + 1)
        for j in range(rows + 1)
    }
    sides: dict[Any, list[tuple[float, float]]] = {}

    def side(a: tuple[int, int], b: tuple[int, int]) -> list[tuple[float, float]]:
        key = (min(a, b), max(a, b))
        if key not in sides:
            (x0, y0), (x1, y1) = corner[key[0]], corner[key[1]]
            n = bends + 1
            sides[key] = [
                (x0 + (x1 - x0) * k / n + STEP * draw.uniform(-0.04, 0.04),
                 y0 + (y1 - y0) * k / n + STEP * draw.uniform(-0.04, 0.04))
                for k in range(1, n)
            ]  # fmt: skip
        return sides[key] if a == key[0] else sides[key][::-1]

    codes, parents, shapes = [], [], []
    for i in range(columns):
        for j in range(rows):
            ring: list[tuple[float, float]] = []
            around = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            for a, b in zip(around, around[1:] + around[:1], strict=True):
                ring += [corner[a], *side(a, b)]
            codes.append(f"g{i}{j}")
            parents.append("W" if i < columns / 2 else "E")
            shapes.append(Polygon(ring))
    grids = gpd.GeoDataFrame(
        {"code": codes, "name": codes, "level": "grid", "parent_code": parents, "households": 100},
        geometry=shapes, crs=4326,
    )  # fmt: skip
    streets = gpd.GeoDataFrame(
        {"code": ["W", "E"], "name": ["西", "东"], "level": "street", "parent_code": None, "households": None},
        geometry=[shapely.coverage_union_all(grids.geometry[grids["parent_code"] == p].array) for p in ("W", "E")],
        crs=4326,
    )
    both = gpd.GeoDataFrame(pd.concat([streets, grids], ignore_index=True), geometry="geometry", crs=4326)
    return tiling_of(SET, both)


def numberer(tiling: Tiling) -> Any:
    """Give codes that nobody has."""
    return lambda parent, shape: next(c for n in range(10**6) if (c := f"n{n}") not in tiling)


def made(tiling: Tiling, edit: Edit) -> Change:
    """Make an edit as the desk does."""
    leaf = apply(tiling, edit, numberer(tiling))
    require_sound(tiling, leaf)
    return with_ancestors(tiling, leaf)


def any_edit(tiling: Tiling, draw: random.Random) -> Edit:
    """Draw an edit that somebody could try."""
    codes = sorted(c for c, g in tiling.areas.items() if g.level == "grid")
    code = draw.choice(codes)
    shape = tiling[code].geometry
    ring = [tuple(p) for p in shapely.get_coordinates(shape.exterior if isinstance(shape, Polygon) else shape)[:-1]]
    i = draw.randrange(len(ring))
    a, b = ring[i], ring[(i + 1) % len(ring)]
    west, south, east, north = shape.bounds

    def near(p: Any, far: float = 0.3) -> tuple[float, float]:
        return p[0] + STEP * draw.uniform(-far, far), p[1] + STEP * draw.uniform(-far, far)

    def piece() -> Polygon:
        centre = near(draw.choice(ring), 0.4)
        return shapely.convex_hull(shapely.MultiPoint([near(centre, 0.45) for _ in range(6)]))

    match draw.randrange(9):
        case 0 | 1:
            return MoveVertex(a, near(a))
        case 2:
            return InsertVertex((a, b), near(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), 0.1))
        case 3:
            return RemoveVertex(a)
        case 4:
            y0, y1 = draw.uniform(south, north), draw.uniform(south, north)
            return Split(
                code, ((west - STEP / 10, y0), near(((west + east) / 2, (y0 + y1) / 2), 0.1), (east + STEP / 10, y1))
            )
        case 5:
            return Merge((code, draw.choice(codes)), code)
        case 6:
            return Assign(piece(), draw.choice(codes), ground=draw.choice(list(Ground)), multipart=draw.random() < 0.2)
        case 7:
            return Draw(piece(), "新", take=draw.random() < 0.7)
        case _:
            return SetAttributes(code, parent=draw.choice(["W", "E"]))


def ground(tiling: Tiling, level: str = "grid") -> shapely.Geometry:
    """Unite a level, by the general union."""
    return shapely.union_all(np.array([g.geometry for g in tiling.areas.values() if g.level == level], dtype=object))


def m2(degrees2: float) -> float:
    """Give square degrees here in m2."""
    return degrees2 * 111_320.0**2 * float(np.cos(np.radians(Y0)))


def fits(tiling: Tiling) -> None:
    """Check that areas are sound, none overlaps another, and each street is the union of its grids."""
    for level in ("grid", "street"):
        shapes = [g.geometry for g in tiling.areas.values() if g.level == level]
        assert all(shapely.is_valid(s) and not s.is_empty for s in shapes)
        assert abs(m2(sum(s.area for s in shapes) - ground(tiling, level).area)) < 1e-6
    for street in (g for g in tiling.areas.values() if g.level == "street"):
        below = [g.geometry for g in tiling.areas.values() if g.parent_code == street.code]
        if below:
            assert m2(shapely.symmetric_difference(street.geometry, shapely.union_all(below)).area) < 1e-6

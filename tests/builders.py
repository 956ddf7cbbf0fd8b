"""Builders for tests: maps drawn as text, and the same map written in other ways."""

from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

#: About 100 m. A power of two, so that sums of cells and whole-number origins are exact in binary.
CELL = 2.0**-10


def tiling(text: str, *, cell: float = CELL, origin: tuple[float, float] = (120.0, 36.0)) -> gpd.GeoDataFrame:
    """Draw grids as text: each letter is one grid, the first line is the north; a dot or blank is no ground.

    Vertices of neighbours match fully, also where a corner meets a long side. The origin is the south-west corner.

    >>> tiling("AAB" + chr(10) + "CCB").code.tolist()
    ['A', 'B', 'C']
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    labels = np.array([list(line) for line in lines])[::-1]
    rows, columns = labels.shape
    x = origin[0] + cell * np.arange(columns + 1)
    y = origin[1] + cell * np.arange(rows + 1)
    corners = np.stack(np.meshgrid(x, y), axis=-1)
    return from_cells(quads(corners), labels.ravel().tolist())


def quads(corners: np.ndarray) -> np.ndarray:
    """Make the four-sided cells of a net of corners, shape (rows + 1, columns + 1, 2); row by row."""
    a, b, c, d = corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]
    return shapely.polygons(np.stack([a, b, c, d], axis=2).reshape(-1, 4, 2))


def from_cells(cells: Sequence[BaseGeometry] | np.ndarray, labels: Sequence[str]) -> gpd.GeoDataFrame:
    """Dissolve cells with one label into one grid, keeping every vertex; dots and blanks are left out."""
    members: dict[str, list[BaseGeometry]] = {}
    for cell, label in zip(cells, labels, strict=True):
        if label not in (".", " "):
            members.setdefault(label, []).append(cell)
    codes = sorted(members)
    # the coverage union removes shared edges and makes no new vertex, so coordinates stay exact
    shapes = [members[c][0] if len(members[c]) == 1 else shapely.coverage_union_all(members[c]) for c in codes]
    shapes = [s.geoms[0] if s.geom_type == "MultiPolygon" and len(s.geoms) == 1 else s for s in shapes]
    return gpd.GeoDataFrame(
        {"code": codes, "name": [f"grid {c}" for c in codes], "level": "grid", "parent_code": None},
        geometry=shapes,
        crs="EPSG:4326",
    )


def shuffle_rows(frame: gpd.GeoDataFrame, seed: int = 0) -> gpd.GeoDataFrame:
    """The same grids in another order."""
    order = np.random.default_rng(seed).permutation(len(frame))
    return frame.iloc[order].reset_index(drop=True)


def rotate_rings(frame: gpd.GeoDataFrame, by: int = 1) -> gpd.GeoDataFrame:
    """The same grids with every ring starting at another vertex, and parts and holes in reverse order."""
    return _rewrite(
        frame, lambda ring: np.vstack([np.roll(ring[:-1], -by, axis=0), np.roll(ring[:-1], -by, axis=0)[:1]])
    )


def flip_winding(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same grids with every ring walked the other way round."""
    return _rewrite(frame, lambda ring: ring[::-1])


def translate(frame: gpd.GeoDataFrame, dx: float, dy: float) -> gpd.GeoDataFrame:
    """The same grids moved by degrees; exact where the sums are exact in binary."""
    moved = shapely.transform(np.asarray(frame.geometry.array), lambda xy: xy + np.array([dx, dy]))
    return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=frame.crs))


def _rewrite(frame: gpd.GeoDataFrame, ring_change: Callable[[np.ndarray], np.ndarray]) -> gpd.GeoDataFrame:
    def polygon(p: BaseGeometry) -> BaseGeometry:
        rings = [ring_change(shapely.get_coordinates(r)) for r in (p.exterior, *reversed(p.interiors))]
        return shapely.Polygon(rings[0], rings[1:])

    shapes = []
    for shape in frame.geometry:
        parts = [polygon(p) for p in reversed(shapely.get_parts(shape).tolist())]
        shapes.append(parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts))
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))

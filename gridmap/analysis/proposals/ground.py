"""The ground of a proposal: units in their areas, what they weigh, and whose they are today."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gridmap import crs
from gridmap.analysis.proposals.faces import Borders, Faces, Geometries, borders_of, cut_along, lying_in, merge_small
from gridmap.analysis.proposals.fishnet import CELL_M, SLIVER_SHARE, fishnet
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Shape
from gridmap.errors import InvalidInput, TooLarge

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]

#: Units of one proposal.
MAX_SEARCHED = 30_000


@dataclass(frozen=True, slots=True)
class Ground:
    """Units that tile the ground of some grids; every unit lies in one grid of today.

    Attributes
    ----------
    shapes : array of Polygon
        WGS 84, edge-matched.
    grid : array of int
        Position in ``grids`` of the grid that each lies in.
    grids : tuple of Grid
        Grids of today, those that stay as they are left out.
    area : array of int
        Position in ``areas`` of the area above.
    areas : tuple of str
        Their codes; no unit grid and no new grid reaches across.
    m2 : array of float
    source : array of int
        Position of the unit of the finer layer that each is a piece of; -1: of none.
    borders : Borders
    epsg : int
        Metric CRS of the place.
    """

    shapes: Geometries
    grid: Ints
    grids: tuple[Grid, ...]
    area: Ints
    areas: tuple[str, ...]
    m2: Floats
    source: Ints
    borders: Borders
    epsg: int

    def __len__(self) -> int:
        return len(self.shapes)

    def by_ground(self, values: Mapping[str, float | None]) -> Floats:
        """Share what is known of today's grids out by ground; NaN where it is not known."""
        whole = np.bincount(self.grid, weights=self.m2, minlength=len(self.grids))
        found = np.array([np.nan if (v := values.get(g.code)) is None else v for g in self.grids], dtype=np.float64)
        return np.asarray(found[self.grid] * self.m2 / whole[self.grid])

    def by_source(self, values: Floats, shapes: Geometries) -> Floats:
        """Share what is known of the units of a finer layer out among the pieces of each, by ground."""
        whole = shapely.area(crs.to_metric(shapes, self.epsg))
        held = self.source >= 0
        out = np.zeros(len(self))
        out[held] = values[self.source[held]] * self.m2[held] / whole[self.source[held]]
        return out

    def counting(self, points: Geometries, values: Floats | None = None) -> Floats:
        """Sum points, or a value of each, by the unit that they lie in; on a border the first unit counts them."""
        point, unit = shapely.STRtree(self.shapes).query(points, predicate="intersects")
        order = np.lexsort((unit, point))
        first = order[np.unique(point[order], return_index=True)[1]]
        weights = None if values is None else values[point[first]]
        return np.bincount(unit[first], weights=weights, minlength=len(self)).astype(np.float64)


def ground_of(
    grids: Collection[Grid],
    *,
    units: Geometries | None = None,
    cell_m: float = CELL_M,
    sliver_share: float = SLIVER_SHARE,
    limit: int = MAX_SEARCHED,
) -> Ground:
    """Part the ground of grids into units that keep to today's borders.

    Parameters
    ----------
    grids : collection of Grid
        Those that may change. A grid without a parent is in an area by itself.
    units : array of Polygon or MultiPolygon, optional
        A finer layer, WGS 84: its borders part the ground. Without it a fishnet does.
    cell_m, sliver_share : float
        As ``fishnet``. A piece of a unit smaller than that share of it is merged with a neighbour in its grid.
    limit : int
        Most units.

    Raises
    ------
    InvalidInput, GeometryError
        ``propose_no_grids``, ``propose_no_units``, ``propose_ground_unsound``, and those of ``fishnet``.
    TooLarge
        ``propose_too_many_units``.
    """
    kept = sorted((g for g in grids if not isinstance(g.geometry, shapely.Point)), key=lambda g: g.code)
    if not kept:
        raise InvalidInput("propose_no_grids")
    shapes = np.array([g.geometry for g in kept], dtype=object)
    epsg = crs.metric_epsg_of(shapes)
    if units is None:
        faces = fishnet(shapes, cell_m=cell_m, sliver_share=sliver_share, limit=limit)
        source = np.full(len(faces), -1, dtype=np.intp)
    else:
        faces, source = _along_units(shapes, units, epsg, sliver_share, limit)
    names = sorted({_area_of(g) for g in kept})
    at = {name: i for i, name in enumerate(names)}
    area = np.array([at[_area_of(g)] for g in kept], dtype=np.intp)[faces.area]
    m2 = shapely.area(crs.to_metric(faces.shapes, epsg))
    borders = borders_of(faces.shapes, epsg)
    return Ground(faces.shapes, faces.area, tuple(kept), area, tuple(names), m2, source, borders, epsg)


def _area_of(grid: Grid) -> str:
    return grid.parent_code or ""


def _along_units(
    shapes: Geometries, units: Geometries, epsg: int, sliver_share: float, limit: int
) -> tuple[Faces, Ints]:
    flat = units[np.isin(shapely.get_type_id(units), (3, 6)) & ~shapely.is_empty(units)]
    if len(flat) < len(units):
        raise InvalidInput("propose_units_not_areas")
    if not 0.0 <= sliver_share <= 1.0:
        raise InvalidInput("propose_sliver_share")
    near = np.unique(shapely.STRtree(units).query(shapes, predicate="intersects")[1])
    if not len(near):
        raise InvalidInput("propose_no_units")
    if len(near) > limit:
        raise TooLarge("propose_too_many_units", units=len(near), limit=limit)
    faces = cut_along(shapes, shapely.boundary(shapely.normalize(shapely.force_2d(units[near]))))
    face, unit = lying_in(faces.shapes, units)
    source = np.full(len(faces), -1, dtype=np.intp)
    source[face[::-1]] = unit[::-1]
    m2 = shapely.area(crs.to_metric(faces.shapes, epsg))
    size = shapely.area(crs.to_metric(units, epsg))
    # ground without a unit is measured by a middling one
    least = sliver_share * np.where(source >= 0, size[source], np.median(size[near]))
    merged, groups = merge_small(faces, borders_of(faces.shapes, epsg), m2, least)
    if len(merged) > limit:
        raise TooLarge("propose_too_many_units", units=len(merged), limit=limit)
    largest = [max(group, key=lambda i: m2[i]) for group in groups]
    return merged, source[largest]


def polygon(shape: object) -> Shape:
    """Give a shape that is known to be an area."""
    assert isinstance(shape, shapely.Polygon | shapely.MultiPolygon)
    return shape

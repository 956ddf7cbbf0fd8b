"""Check that the grids of one level lie in, and fill, the areas of the level above."""

from collections.abc import Iterator
from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.edges import filled_exactly, unite
from gridmap.analysis.noding import node_between
from gridmap.analysis.plane import Plane, area_noise_m2, in_metres, read_plane, real_ground
from gridmap.domain.rules import Finding, Severity


def nesting_findings(plane: Plane, parent: gpd.GeoDataFrame) -> Iterator[Finding]:
    """Compare a level with the one above.

    Parameters
    ----------
    plane : Plane
        The grids.
    parent : GeoDataFrame
        frames.GRIDS of the level above. CRS: any stated one.

    Yields
    ------
    Finding
        ``parent_missing``, ``outside_parent``, ``larger_than_parent``, ``parent_not_covered``, and the row rules for
        the rows of ``parent``, with ``fields["level"] = "parent"``.
    """
    row_findings, above = read_plane(parent, epsg=plane.epsg)
    for f in row_findings:
        yield Finding(f.rule, f.severity, f.codes, f.measure, f.unit, f.geometry, {**f.fields, "level": "parent"})
    if plane.parent_codes is None:
        yield from fit_findings(plane, above, owners_by_place(plane, above))
        return
    place = {code: i for i, code in reversed(list(enumerate(above.codes)))}
    owner = np.array([place.get(code, -1) for code in plane.parent_codes], dtype=np.intp)
    for i in np.flatnonzero(owner < 0):
        yield Finding("parent_missing", Severity.ERROR, (plane.codes[i],), geometry=plane.to_wgs84(plane.shapes[i]))
    yield from fit_findings(plane, above, owner, alone=False)


def fit_findings(
    plane: Plane, above: Plane, owner: npt.NDArray[np.intp], *, alone: bool = True, cover: bool = True
) -> Iterator[Finding]:
    """Compare grids with their parents.

    Parameters
    ----------
    plane, above : Plane
        The grids and the level above, in one metric CRS.
    owner : array of int
        The position of each grid's parent in ``above``, or -1.
    alone : bool
        Report a grid with -1 as outside; else it is known to be wrong in another way.
    cover : bool
        Ask also whether each parent is covered.

    Yields
    ------
    Finding
        ``outside_parent``, ``larger_than_parent``, ``parent_not_covered``.
    """
    children, parents = node_between(plane.degrees, above.degrees)
    if children is not plane.degrees:
        plane = replace(plane, shapes=in_metres(children, plane.epsg))
    if parents is not above.degrees:
        above = replace(above, shapes=in_metres(parents, plane.epsg))
    filled = filled_exactly(plane.shapes, owner, above.shapes, plane.usable, above.usable)
    if alone:
        for i in np.flatnonzero(owner < 0):
            area = float(shapely.area(plane.shapes[i]))
            place = plane.to_wgs84(plane.shapes[i])
            yield Finding("outside_parent", Severity.ERROR, (plane.codes[i],), area, "m2", place)
    at = np.flatnonzero((owner >= 0) & ~filled[owner])
    shapely.prepare(above.shapes[~filled])
    # what a prepared parent covers needs no difference; rounding can only send a grid the long way
    at = at[~shapely.covers(above.shapes[owner[at]], plane.shapes[at])]
    areas, parent_areas = shapely.area(plane.shapes), shapely.area(above.shapes)
    for i, p in zip(at, owner[at], strict=True):
        codes = (plane.codes[i], above.codes[p])
        out = real_ground(shapely.difference(plane.shapes[i], above.shapes[p]))
        if not out.is_empty:
            measure = float(shapely.area(out))
            yield Finding("outside_parent", Severity.ERROR, codes, measure, "m2", plane.to_wgs84(out))
        more = float(areas[i] - parent_areas[p])
        if more > area_noise_m2(plane.shapes[i]):
            yield Finding("larger_than_parent", Severity.ERROR, codes, more, "m2", plane.to_wgs84(plane.shapes[i]))
    if cover:
        yield from _not_covered(plane, above, np.flatnonzero(~filled))


def owners_by_place(plane: Plane, above: Plane) -> npt.NDArray[np.intp]:
    """Give every grid the position of the area it has most ground in common with, at a tie the lowest code; or -1."""
    i, p = shapely.STRtree(above.shapes).query(plane.shapes, predicate="intersects")
    common = shapely.area(shapely.intersection(plane.shapes[i], above.shapes[p]))
    owner = np.full(len(plane), -1, dtype=np.intp)
    # Ascending area, then descending code: the last one written is the largest, at a tie the lowest code.
    order = np.lexsort((-p, common))
    order = order[common[order] > 0]
    owner[i[order]] = p[order]
    return owner


def _not_covered(plane: Plane, above: Plane, doubtful: npt.NDArray[np.intp]) -> Iterator[Finding]:
    if not len(doubtful):
        return
    tree = shapely.STRtree(plane.shapes)
    for p in doubtful:
        near = tree.query(above.shapes[p])
        bare = real_ground(shapely.difference(above.shapes[p], unite(plane.shapes[near], plane.usable[near])))
        if not bare.is_empty:
            area = float(shapely.area(bare))
            yield Finding("parent_not_covered", Severity.ERROR, (above.codes[p],), area, "m2", plane.to_wgs84(bare))

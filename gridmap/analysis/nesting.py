"""Check that the grids of one level lie in, and fill, the areas of the level above."""

from collections.abc import Iterator
from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gridmap.analysis.edges import unite
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
    children, parents = node_between(plane.degrees, above.degrees)
    plane = replace(plane, shapes=in_metres(children, plane.epsg))
    above = replace(above, shapes=in_metres(parents, plane.epsg))
    owner = _owners(plane, above)
    areas, parent_areas = shapely.area(plane.shapes), shapely.area(above.shapes)
    for i, p in enumerate(owner):
        if p < 0:
            named = plane.parent_codes is not None
            rule = "parent_missing" if named else "outside_parent"
            area = None if named else float(areas[i])
            unit = "" if named else "m2"
            yield Finding(rule, Severity.ERROR, (plane.codes[i],), area, unit, plane.to_wgs84(plane.shapes[i]))
            continue
        codes = (plane.codes[i], above.codes[p])
        out = real_ground(shapely.difference(plane.shapes[i], above.shapes[p]))
        if not out.is_empty:
            measure = float(shapely.area(out))
            yield Finding("outside_parent", Severity.ERROR, codes, measure, "m2", plane.to_wgs84(out))
        more = float(areas[i] - parent_areas[p])
        if more > area_noise_m2(plane.shapes[i]):
            yield Finding("larger_than_parent", Severity.ERROR, codes, more, "m2", plane.to_wgs84(plane.shapes[i]))
    yield from _not_covered(plane, above)


def _owners(plane: Plane, above: Plane) -> npt.NDArray[np.intp]:
    """Give every grid the position of its parent, or -1: by code where codes are given, else by most common area."""
    if plane.parent_codes is not None:
        place = {code: i for i, code in reversed(list(enumerate(above.codes)))}
        return np.array([place.get(code, -1) for code in plane.parent_codes], dtype=np.intp)
    i, p = shapely.STRtree(above.shapes).query(plane.shapes, predicate="intersects")
    common = shapely.area(shapely.intersection(plane.shapes[i], above.shapes[p]))
    owner = np.full(len(plane), -1, dtype=np.intp)
    # Ascending area, then descending code: the last one written is the largest, at a tie the lowest code.
    order = np.lexsort((-p, common))
    order = order[common[order] > 0]
    owner[i[order]] = p[order]
    return owner


def _not_covered(plane: Plane, above: Plane) -> Iterator[Finding]:
    tree = shapely.STRtree(plane.shapes)
    for code, shape in zip(above.codes, above.shapes, strict=True):
        near = tree.query(shape)
        bare = real_ground(shapely.difference(shape, unite(plane.shapes[near], plane.usable[near])))
        if not bare.is_empty:
            area = float(shapely.area(bare))
            yield Finding("parent_not_covered", Severity.ERROR, (code,), area, "m2", plane.to_wgs84(bare))

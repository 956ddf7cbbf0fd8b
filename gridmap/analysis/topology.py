"""Check a tiling: overlaps, holes, slivers, broken rings, doubled codes and shapes.

Faults are sought in the metric CRS of the place and given back in WGS 84. Rows are brought into one order and rings
into one form first, so the report does not depend on row order, ring start or winding.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.analysis import nesting
from gridmap.analysis.edges import edges_of, proven_tiling, proven_union
from gridmap.analysis.plane import Geometries, Plane, area_noise_m2, polygons_of, read_plane, real_ground
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.errors import InvalidInput

#: Two lines of 0.1 mm on a 1:500 base map, the finest a surveyor draws: nearer borders cannot be told apart.
SLIVER_WIDTH_M = 0.1
SLIVER_AREA_M2 = SLIVER_WIDTH_M**2

#: Grids within this of a hole are named as its neighbours; far above rounding, far below any real width.
_TOUCH_M = 1e-6


def check_tiling(
    grids: gpd.GeoDataFrame,
    *,
    sliver_width_m: float = SLIVER_WIDTH_M,
    sliver_area_m2: float = SLIVER_AREA_M2,
    parent: gpd.GeoDataFrame | None = None,
) -> Report:
    """Find every fault of a tiling, and of its nesting in the parent level.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS; one row a grid. CRS: WGS 84; another stated CRS is reprojected.
    sliver_width_m : float
        An overlap or a hole nowhere wider than this is a ``sliver``: a warning instead of an error.
    sliver_area_m2 : float
        So is one up to this area.
    parent : GeoDataFrame, optional
        frames.GRIDS of the level above.

    Returns
    -------
    Report
        Findings as ``docs/check.md`` lists them; measures in m2, geometry in WGS 84. Facts: ``grids`` (rows),
        ``area_m2``, ``overlap_m2`` and ``hole_m2`` (ground, each piece counted once, slivers included), ``overlaps``
        and ``holes`` (their numbers, slivers included), ``epsg`` (the metric CRS of the measures).

    Raises
    ------
    ColumnError, CrsError
        ``column_missing``, ``crs_missing``, ``coordinate_out_of_range``.

    Notes
    -----
    An overlap is the common area of one pair of grids. A hole is a bounded piece of ground that no grid covers and
    that grids enclose; open water between islands is none. A vertex of one grid in a neighbour's straight edge is
    harmless and not reported.
    """
    findings, plane = read_plane(grids)
    found, facts = tiling_findings(plane, Thin(sliver_width_m, sliver_area_m2))
    findings += found
    if parent is not None:
        findings += nesting.nesting_findings(plane, parent)
    return report(findings, grids=len(grids), **facts, epsg=plane.epsg)


def require_no_overlap(grids: gpd.GeoDataFrame) -> None:
    """Check that no two grids overlap, not even by a sliver.

    Raises
    ------
    InvalidInput
        ``boundaries_overlap``, with the number of overlaps and their m2.
    """
    facts = check_tiling(grids).facts
    if facts["overlaps"]:
        raise InvalidInput("boundaries_overlap", count=facts["overlaps"], m2=facts["overlap_m2"])


def tiling_findings(plane: Plane, thin: "Thin") -> tuple[list[Finding], dict[str, Any]]:
    """Find the faults of a level in itself; give them and the facts ``area_m2`` to ``hole_m2`` of ``check_tiling``."""
    proven, tiling = proven_tiling(plane.shapes, plane.usable)
    overlaps = find_overlaps(plane, proven)
    union = ground(plane, overlaps, proven, tiling)
    holes = find_holes(union)
    findings = [
        *_overlap_findings(plane, overlaps, thin),
        *_hole_findings(plane, holes, thin),
        *part_findings(plane),
    ]
    return findings, {
        "area_m2": round(float(shapely.area(union)), 3),
        "overlaps": len(overlaps.first),
        "overlap_m2": float(shapely.area(shapely.union_all(overlaps.common))),
        "holes": len(holes),
        "hole_m2": float(shapely.area(holes).sum()),
    }


@dataclass(frozen=True, slots=True)
class Thin:
    """What counts as a sliver."""

    width_m: float
    area_m2: float

    def __call__(self, shape: BaseGeometry) -> bool:
        area, perimeter = float(shapely.area(shape)), float(shapely.length(shape))
        if area <= self.area_m2:
            return True
        # The widest place of a shape is at least 2 A / P, so most shapes need no erosion.
        if 2 * area / perimeter >= self.width_m:
            return False
        return bool(shapely.is_empty(shapely.buffer(shape, -self.width_m / 2, join_style="mitre")))


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of positions in a plane, first < second, and their common ground."""

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    common: Geometries


def find_overlaps(plane: Plane, proven: npt.NDArray[np.bool_]) -> Overlaps:
    """Find every pair of valid grids with common area above rounding; pairs of ``proven`` ones have none."""
    at = np.flatnonzero(plane.usable)
    if proven.all():
        nobody = np.zeros(0, dtype=np.intp)
        return Overlaps(nobody, nobody, np.zeros(0, dtype=object))
    shapes, open_ = plane.shapes[at], ~proven[at]
    a, b = shapely.STRtree(shapes).query(shapes)
    unsure = (a < b) & (open_[a] | open_[b])
    a, b = a[unsure], b[unsure]
    shapely.prepare(shapes[np.unique(a)])
    meet = shapely.relate_pattern(shapes[a], shapes[b], "T********")
    a, b = a[meet], b[meet]
    common = np.array([real_ground(g) for g in shapely.intersection(shapes[a], shapes[b])], dtype=object)
    real = ~shapely.is_empty(common)
    order = np.lexsort((b[real], a[real]))
    return Overlaps(at[a[real]][order], at[b[real]][order], common[real][order])


def ground(plane: Plane, overlaps: Overlaps, proven: npt.NDArray[np.bool_], tiling: BaseGeometry) -> BaseGeometry:
    """Unite all grids. What is proven to fit edge to edge has a quick union; the rest is united with it."""
    if not proven.all():
        apart = plane.usable & ~_cover(overlaps, len(plane))
        union = proven_union(plane.shapes, edges_of(plane.shapes), apart)
        if union is not None:
            proven, tiling = apart, union
    if proven.all():
        return polygons_of(tiling)
    others = shapely.union_all(plane.shapes[~proven])
    return polygons_of(shapely.union(tiling, others))


def _cover(overlaps: Overlaps, n: int) -> npt.NDArray[np.bool_]:
    """Pick few grids so that without them no overlap is left: always the one in most of the remaining pairs."""
    pairs: dict[int, set[int]] = {}
    for i, j in zip(overlaps.first.tolist(), overlaps.second.tolist(), strict=True):
        pairs.setdefault(i, set()).add(j)
        pairs.setdefault(j, set()).add(i)
    heap = [(-len(others), i) for i, others in pairs.items()]
    heapq.heapify(heap)
    picked = np.zeros(n, dtype=bool)
    while heap:
        degree, i = heapq.heappop(heap)
        if -degree != len(pairs[i]):
            heapq.heappush(heap, (-len(pairs[i]), i))
        elif degree:
            picked[i] = True
            for j in pairs[i]:
                pairs[j].discard(i)
            pairs[i].clear()
    return picked


def find_holes(union: BaseGeometry) -> Geometries:
    """Find the bounded pieces of ground that a union of grids encloses and does not cover."""
    parts = shapely.get_parts([union])
    shells = np.array([shapely.Polygon(part.exterior) for part in parts], dtype=object)
    found = [(shapely.Polygon(ring), i) for i, part in enumerate(parts) for ring in part.interiors]
    found += [(hole, -1) for hole in _between_corners(shells)]
    tree = shapely.STRtree(parts)
    shapely.prepare(parts)
    holes = []
    for hole, own in found:
        near = np.setdiff1d(tree.query(hole), [own])
        near = near[shapely.relate_pattern(parts[near], hole, "T********")]
        # An island in the hole is ground of its own.
        open_ground = real_ground(shapely.difference(hole, shapely.union_all(parts[near])) if len(near) else hole)
        if not open_ground.is_empty:
            holes.append(open_ground)
    return np.array(holes, dtype=object)


def _between_corners(shells: Geometries) -> Geometries:
    """Find ground enclosed by parts that meet only in corners; it is no interior ring of any of them."""
    a, _ = shapely.STRtree(shells).query(shells, predicate="touches")
    touching = np.unique(a)
    if not len(touching):
        return np.array([], dtype=object)
    lines = shapely.union_all(shapely.get_exterior_ring(shells[touching]))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.STRtree(shells).query(shapely.point_on_surface(faces), predicate="within")[0]
    outside: Geometries = np.delete(faces, np.unique(inner))
    return outside


def _overlap_findings(plane: Plane, overlaps: Overlaps, thin: Thin) -> Iterator[Finding]:
    areas = shapely.area(plane.shapes)
    places = plane.all_to_wgs84(overlaps.common)
    for i, j, shape, place in zip(overlaps.first, overlaps.second, overlaps.common, places, strict=True):
        codes, area = (plane.codes[i], plane.codes[j]), float(shapely.area(shape))
        if max(areas[i], areas[j]) - area <= area_noise_m2(shape):
            yield Finding("duplicate_geometry", Severity.ERROR, codes, area, "m2", place)
        elif thin(shape):
            yield Finding("sliver", Severity.WARNING, codes, area, "m2", place, {"kind": "overlap"})
        else:
            yield Finding("overlap", Severity.ERROR, codes, area, "m2", place)


def _hole_findings(plane: Plane, holes: Geometries, thin: Thin) -> Iterator[Finding]:
    if not len(holes):
        return
    at, near = shapely.STRtree(plane.shapes).query(holes, predicate="dwithin", distance=_TOUCH_M)
    around = np.split(near, np.searchsorted(at, np.arange(1, len(holes))))
    for shape, place, neighbours in zip(holes, plane.all_to_wgs84(holes), around, strict=True):
        codes, area = tuple(plane.codes[np.sort(neighbours)]), float(shapely.area(shape))
        if thin(shape):
            yield Finding("sliver", Severity.WARNING, codes, area, "m2", place, {"kind": "hole"})
        else:
            yield Finding("hole", Severity.ERROR, codes, area, "m2", place)


def part_findings(plane: Plane) -> Iterator[Finding]:
    """Note grids of several parts, and grids that lie wholly inside another."""
    several = np.flatnonzero(plane.usable & (shapely.get_num_geometries(plane.shapes) > 1))
    for i in several:
        parts = shapely.get_parts(plane.shapes[i])
        rest = np.delete(parts, np.argmax(shapely.area(parts)))
        yield Finding(
            "multipart",
            Severity.NOTE,
            (plane.codes[i],),
            float(shapely.area(rest).sum()),
            "m2",
            plane.to_wgs84(shapely.MultiPolygon(list(rest))),
            {"parts": len(parts)},
        )
    parts, owner = shapely.get_parts(plane.shapes, return_index=True)
    ringed = np.flatnonzero(shapely.get_num_interior_rings(parts) > 0)
    if not len(ringed):
        return
    rings, ring_part = shapely.get_rings(parts[ringed], return_index=True)
    inner = np.r_[False, ring_part[1:] == ring_part[:-1]] if len(rings) else np.zeros(0, dtype=bool)
    rooms, outer = shapely.polygons(rings[inner]), owner[ringed][ring_part[inner]]
    at, inside = shapely.STRtree(plane.shapes).query(rooms, predicate="covers")
    for room, i in zip(at, inside, strict=True):
        if i != outer[room]:
            area = float(shapely.area(plane.shapes[i]))
            codes = (plane.codes[i], plane.codes[outer[room]])
            yield Finding("enclave", Severity.NOTE, codes, area, "m2", plane.to_wgs84(plane.shapes[i]))

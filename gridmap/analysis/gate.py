"""The gate: every rule that a whole plan must pass before it is published."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.analysis import frames
from gridmap.analysis.hierarchy import (
    Hierarchy,
    attribute_findings,
    head_findings,
    read_hierarchy,
    scheme_findings,
)
from gridmap.analysis.nesting import fit_findings, owners_by_place
from gridmap.analysis.noding import ON_EDGE_DEG
from gridmap.analysis.plane import ANY_SHAPE, Geometries, Plane, read_plane
from gridmap.analysis.succession import reuse_findings
from gridmap.analysis.topology import SLIVER_AREA_M2, SLIVER_WIDTH_M, Thin, part_findings, tiling_findings
from gridmap.domain.boundaries import BoundarySet
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.errors import ColumnError


def check_plan(
    frame: gpd.GeoDataFrame,
    boundary_set: BoundarySet,
    *,
    former: gpd.GeoDataFrame | None = None,
    retired: gpd.GeoDataFrame | Collection[str] | None = None,
    headed: Collection[str] | None = None,
    sliver_width_m: float = SLIVER_WIDTH_M,
    sliver_area_m2: float = SLIVER_AREA_M2,
) -> Report:
    """Find every fault of a plan of all levels.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS of all levels of the set, with ``level``. CRS: WGS 84. Never changed.
    boundary_set : BoundarySet
        Its levels say what is asked of each: ``tiles_parent``, ``shapes``, ``contiguous``, ``required``; its
        ``code_scheme`` how codes are made.
    former : GeoDataFrame, optional
        frames.GRIDS of all levels of the version that this one follows. CRS: WGS 84.
    retired : GeoDataFrame or collection of str, optional
        Codes of earlier versions that ``former`` no longer has: with their last shapes (``code``, ``geometry``; WGS
        84), or alone, so that any return counts as a new use.
    headed : collection of str, optional
        Codes of the leaves that have a grid head. None: not asked.
    sliver_width_m, sliver_area_m2 : float
        As ``check_tiling``.

    Returns
    -------
    Report
        Findings as ``docs/check.md`` lists them, each with ``fields["level"]`` where it is of one level. Facts:
        ``grids`` (rows), ``levels`` (for each level with rows ``grids`` and, where it tiles, ``area_m2`` to ``hole_m2``
        as ``check_tiling``), ``epsg``.

    Raises
    ------
    ColumnError, CrsError
        ``column_missing``, ``crs_missing``, ``crs_not_wgs84``: it is no frame of a plan. Bad rows are findings.
    InvalidInput
        ``code_scheme_unknown``: of the set.
    """
    frames.require(frame, frames.GRIDS)
    if "level" not in frame.columns:
        raise ColumnError("column_missing", contract=frames.GRIDS.name, columns="level")
    frames.require_wgs84(frame)
    frame = frame.reset_index(drop=True)
    findings, tree = read_hierarchy(frame, boundary_set)
    out, shapes = _on_the_ground(frame, tree)
    beyond = {f.codes[0] for f in out}
    findings = [*_placed(findings, tree, shapes), *out]
    findings += scheme_findings(tree, boundary_set)
    findings += attribute_findings(frame, tree)
    if headed is not None:
        findings += head_findings(tree, headed)
    epsg = _epsg(shapes)
    above: Plane | None = None
    facts: dict[str, dict[str, Any]] = {}
    for i, level in enumerate(tree.levels):
        rows = tree.rows_of(i)
        if not len(rows):
            continue
        part = gpd.GeoDataFrame({"code": frame["code"].iloc[rows]}, geometry=shapes[rows], crs=frame.crs)
        found, plane = read_plane(part, epsg=epsg, numbers=rows, points=level.shapes == "any")
        found = [f for f in found if not (f.rule == "empty_geometry" and f.codes[0] in beyond)]
        plane = replace(plane, rows=rows[plane.rows])
        facts[level.name] = {"grids": len(rows)}
        if level.tiles_parent:
            own, ground = tiling_findings(plane, Thin(sliver_width_m, sliver_area_m2))
            found += own
            facts[level.name] |= ground
        else:
            found += [f for f in part_findings(plane) if f.rule == "multipart"]
        if level.contiguous:
            found = [_not_contiguous(f) if f.rule == "multipart" else f for f in found]
        if above is not None:
            found += _nesting(tree, i, plane, above)
            found += _points_outside(tree, rows, shapes, above)
        findings += [replace(f, fields={"level": level.name, **f.fields}) for f in found]
        above = plane
    coded = np.array([row for row, code in enumerate(tree.codes) if code is not None], dtype=np.intp)
    findings += reuse_findings([str(c) for c in tree.labels[coded]], shapes[coded], former, retired, epsg)
    return report(findings, grids=len(frame), levels=facts, epsg=epsg)


def _on_the_ground(frame: gpd.GeoDataFrame, tree: Hierarchy) -> tuple[list[Finding], Geometries]:
    """Give the shapes of all rows, without those whose coordinates are no degrees; these are reported."""
    shapes = np.asarray(frame.geometry.array, dtype=object).copy()
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    # not a number is a fault of the ring, which the rules of a row report
    beyond = np.unique(row[(np.abs(xy) > (180.0, 90.0)).any(axis=1) & np.isfinite(xy).all(axis=1)])
    shapes[beyond] = None
    return [Finding("beyond_degrees", Severity.ERROR, (tree.labels[r],)) for r in beyond], shapes


def _placed(findings: list[Finding], tree: Hierarchy, shapes: Geometries) -> Iterator[Finding]:
    """Show findings about a parent where the first area that they name is."""
    row_of = {label: row for row, label in reversed(list(enumerate(tree.labels)))}
    for f in findings:
        shape = (
            shapes[row_of[f.codes[0]]] if f.rule.startswith("parent_") or f.fields.get("kind") == "skipped" else None
        )
        yield f if shape is None or shape.is_empty else replace(f, geometry=shapely.normalize(shape))


def _epsg(shapes: Geometries) -> int:
    boxes = shapely.bounds(shapes)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if not len(boxes):
        return 3857
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    return crs.metric_epsg(float((west + east) / 2), float((south + north) / 2))


def _not_contiguous(several: Finding) -> Finding:
    return replace(several, rule="not_contiguous", severity=Severity.ERROR)


def _nesting(tree: Hierarchy, level: int, plane: Plane, above: Plane) -> Iterator[Finding]:
    """Compare the polygons of a level with those of their parents."""
    cover = tree.levels[level].tiles_parent
    if not tree.named[level]:
        yield from fit_findings(plane, above, owners_by_place(plane, above), cover=cover)
        return
    place = _places(above)
    owner = np.array([_place(tree, row, place) for row in plane.rows], dtype=np.intp)
    yield from fit_findings(plane, above, owner, alone=False, cover=cover)


def _places(above: Plane) -> dict[str, int]:
    return {code: i for i, code in reversed(list(enumerate(above.codes)))}


def _place(tree: Hierarchy, row: int, place: dict[str, int]) -> int:
    """Give the position of a row's parent in the plane above; -1 where another rule has reported it."""
    parent = tree.parent[row]
    return place.get(tree.labels[parent], -1) if parent >= 0 else -1


def _points_outside(tree: Hierarchy, rows: npt.NDArray[np.intp], shapes: Geometries, above: Plane) -> Iterator[Finding]:
    """Yield ``outside_parent`` for points and lines beside their parent; measure: how many metres they reach out."""
    level = tree.levels[int(tree.level[rows[0]])]
    if level.shapes != "any" or not len(above):
        return
    kept = np.isin(shapely.get_type_id(shapes[rows]), [t for t in ANY_SHAPE if t not in (3, 6)])
    rows = rows[kept & ~shapely.is_empty(shapes[rows]) & np.isfinite(shapely.bounds(shapes[rows])).all(axis=1)]
    place, tree_of = _places(above), shapely.STRtree(above.degrees)
    for row in rows:
        shape = shapes[row]
        if tree.named[int(tree.level[row])]:
            near = [_place(tree, row, place)]
            if near[0] < 0:
                continue
        else:
            near = list(tree_of.query_nearest(shape))
        # an edge is straight in degrees: there a point on it lies on it
        if any(shapely.covers(above.degrees[p], shape) for p in near) or (
            shape.geom_type == "Point" and any(shapely.dwithin(above.degrees[p], shape, ON_EDGE_DEG) for p in near)
        ):
            continue
        metres = crs.to_metric(np.array([shape], dtype=object), above.epsg)[0]
        out = min(float(_reach(metres, above.shapes[p])) for p in near)
        codes = (tree.labels[row], above.codes[near[0]])
        fields = {"kind": "reach"}
        yield Finding("outside_parent", Severity.ERROR, codes, out, "m", shapely.normalize(shape), fields)


def _reach(shape: BaseGeometry, area: BaseGeometry) -> float:
    """Give the distance from an area to the farthest vertex of a shape."""
    return float(shapely.distance(shapely.points(shapely.get_coordinates(shape)), area).max())

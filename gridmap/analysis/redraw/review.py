"""The findings of a plan while it is redrawn: all once, then only where an edit touched the ground."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.analysis.measuring import Around, rule_findings
from gridmap.analysis.plane import read_plane
from gridmap.analysis.redraw.holes import hole_at
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.analysis.topology import SLIVER_AREA_M2, SLIVER_WIDTH_M, Thin, tiling_findings
from gridmap.domain.redraw import Change
from gridmap.domain.rulebook import Rule
from gridmap.domain.rules import Finding, Report, report
from gridmap.errors import InvalidInput

_THIN = Thin(SLIVER_WIDTH_M, SLIVER_AREA_M2)


@dataclass(frozen=True, slots=True)
class Asked:
    """Rules of size and shape that a plan is held to, and what they need to know beside it."""

    rules: tuple[Rule, ...] = ()
    around: Around = field(default_factory=Around)


NOTHING = Asked()


@dataclass(frozen=True, slots=True)
class Totals:
    """What is wrong with a plan in figures, m2."""

    holes: int
    overlaps: int
    hole_m2: float
    overlap_m2: float
    errors: int
    warnings: int


def review(tiling: Tiling, asked: Asked = NOTHING) -> Report:
    """Find every fault of the edited level in itself (as ``check_tiling``), and what breaks rules of size and shape."""
    faults = _found(tiling, [c for c, g in tiling.areas.items() if g.level == tiling.level.name])
    return report([*faults, *_measured(tiling, asked, None)])


def review_again(before: Report, tiling: Tiling, change: Change, asked: Asked = NOTHING) -> Report:
    """Bring findings up to date after a change.

    Parameters
    ----------
    before : Report
        Of the plan before.
    tiling : Tiling
        The plan after.
    change : Change
        What lies between.
    asked : Asked

    Returns
    -------
    Report
        The same findings as ``review`` gives of the whole plan.
    """
    level = tiling.level.name
    touched = {c for part in (change.before, change.after) for c, g in part.items() if g.level == level}
    remeasured = _remeasured(tiling, change)
    sizes = [f for f in before if f.by is not None and not remeasured & set(f.codes)]
    sizes += _measured(tiling, asked, remeasured)
    before = report(f for f in before if f.by is None)
    if not touched:
        return report([*before, *sizes])
    ground = [g.geometry for part in (change.before, change.after) for c, g in part.items() if g.level == level]
    box = shapely.box(*shapely.total_bounds(np.array(ground, dtype=object)))
    kept = [f for f in before if not touched & set(f.codes) and not (_hole(f) and _meets(f, box))]
    around = tiling.near(box.bounds)
    found = [f for f in _found(tiling, around) if not _hole(f) and touched & set(f.codes)]
    return report([*kept, *found, *_holes(before, tiling, box, ground), *sizes])


def _found(tiling: Tiling, codes: Iterable[str]) -> list[Finding]:
    codes = list(codes)
    if not codes:
        return []
    rows, plane = read_plane(tiling.frame(codes), epsg=tiling.epsg)
    pairs, _ = tiling_findings(plane, _THIN)
    return [replace(f, fields={"level": tiling.level.name, **f.fields}) for f in (*rows, *pairs)]


def _remeasured(tiling: Tiling, change: Change) -> set[str]:
    """Give the areas whose measures a change can touch: its own, their parents, and the children of another kind."""
    codes = set(change.codes)
    for part in (change.before, change.after):
        codes |= {g.parent_code for g in part.values() if g.parent_code is not None}
    for code in change.codes:
        was, now = change.before.get(code), change.after.get(code)
        if was is None or now is None or (was.kind, was.level) != (now.kind, now.level):
            codes |= tiling.children.get(code, frozenset())
    return codes


def _measured(tiling: Tiling, asked: Asked, codes: Collection[str] | None) -> list[Finding]:
    """Ask the rules of size and shape of some areas, or of all."""
    if not asked.rules:
        return []
    around = codes
    if codes is not None:
        known = [tiling.areas[c] for c in codes if c in tiling.areas]
        near = {g.parent_code for g in known if g.parent_code is not None}
        near |= {c for g in known for c in tiling.children.get(g.code, frozenset())}
        around = [c for c in {*codes, *near} if c in tiling.areas]
    levels, leaf = tiling.boundary_set.levels, tiling.level.name
    frame = tiling.frame(around)
    return rule_findings(frame, levels, asked.rules, epsg=tiling.epsg, only=codes, around=asked.around, leaf=leaf)


def _hole(finding: Finding) -> bool:
    return finding.rule == "hole" or (finding.rule == "sliver" and finding.fields.get("kind") == "hole")


def _meets(finding: Finding, box: BaseGeometry) -> bool:
    return finding.geometry is not None and bool(shapely.intersects(finding.geometry, box))


def _holes(before: Report, tiling: Tiling, box: BaseGeometry, ground: Sequence[BaseGeometry]) -> list[Finding]:
    """Find the holes that touch the ground of a change: where one was, and where ground was left to nobody."""
    around = [tiling[c].geometry for c in tiling.near(box.bounds)]
    now = shapely.union_all(np.array(around, dtype=object)) if around else shapely.Polygon()
    suspects = [f.geometry for f in before if _hole(f) and _meets(f, box)]
    bare = shapely.difference(shapely.union_all(np.array([*ground, *suspects], dtype=object)), now)
    pieces = [p for p in shapely.get_parts(shapely.get_parts([bare])) if p.geom_type == "Polygon" and not p.is_empty]
    found: dict[bytes, BaseGeometry] = {}
    for piece in pieces:
        inside = shapely.point_on_surface(piece)
        try:
            around_it = shapely.normalize(hole_at(tiling, (inside.x, inside.y)))
        except InvalidInput:  # open ground
            continue
        found[shapely.to_wkb(around_it)] = around_it
    findings: list[Finding] = []
    for hole in found.values():
        west, south, east, north = hole.bounds
        here = [f for f in _found(tiling, tiling.near((west, south, east, north))) if _hole(f)]
        findings += [
            f for f in here if f.geometry is not None and shapely.intersects(f.geometry, shapely.point_on_surface(hole))
        ]
    return findings


def totals(found: Report) -> Totals:
    """Count the findings of a plan."""
    holes = [f for f in found if _hole(f)]
    overlaps = [f for f in found if f.rule == "overlap" or (f.rule == "sliver" and not _hole(f))]
    errors = len(found.errors)
    return Totals(
        len(holes),
        len(overlaps),
        round(sum(f.measure or 0.0 for f in holes), 3),
        round(sum(f.measure or 0.0 for f in overlaps), 3),
        errors,
        sum(f.severity == "warning" for f in found),
    )

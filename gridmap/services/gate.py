"""The gate in front of every publication: all rules of a whole plan, asked against what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd

from gridmap.analysis.gate import check_plan
from gridmap.analysis.measuring import Around, rule_findings
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, in_time_order
from gridmap.domain.rulebook import Measure, Rule
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.domain.waivers import Waiver, in_force, settled, unsigned
from gridmap.services.ports import UnitOfWork
from gridmap.settings import Settings

#: Errors of a plan that a person may accept with a reason: every point still has one owner by the tie rule or the
#: fall-back, and no code changes its meaning.
ACCEPTABLE = frozenset(
    {
        "attribute_missing",
        "code_scheme",
        "duplicate_geometry",
        "hole",
        "larger_than_parent",
        "level_missing",
        "not_contiguous",
        "outside_parent",
        "overlap",
        "parent_missing",
        "parent_not_covered",
        "sliver",
    }
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gate says of a plan: all findings, and those that stand in the way.

    ``former`` is the version it follows in time, with its grids; None for the first one.
    """

    report: Report
    blocking: tuple[Finding, ...]
    former: BoundaryVersion | None
    former_grids: gpd.GeoDataFrame | None


def predecessor(work: UnitOfWork, set_name: str, day: date) -> BoundaryVersion | None:
    """Give the version that one starting on a day follows: the last that is in force before it."""
    earlier = [v for v in in_time_order(work.boundaries.list_versions(set_name)) if v.valid_from < day]
    return earlier[-1] if earlier else None


def judge(
    work: UnitOfWork,
    boundary_set: BoundarySet,
    frame: gpd.GeoDataFrame,
    *,
    day: date,
    settings: Settings,
    beside: Report | None = None,
    known: frozenset[str] = frozenset(),
    accept: bool = False,
    number: int | None = None,
    again: bool = False,
) -> Judgement:
    """Ask every rule of a plan that is to be in force from a day on.

    Parameters
    ----------
    frame : GeoDataFrame
        GRIDS of all levels in WGS 84.
    beside : Report, optional
        Findings from reading a file; they count like those of the rules.
    known : frozenset of str
        Levels that were published as they are: what may be accepted was accepted then, and is a warning now.
    accept : bool
        A person accepts what may be accepted.
    number : int, optional
        The draft or version that it is, whose waivers count. None: it is none yet.
    again : bool
        It was published before, with what it warns of.
    """
    former = predecessor(work, boundary_set.name, day)
    if former is None:
        former_grids, retired = None, None
    else:
        former_grids = work.boundaries.grids(former)
        retired = work.boundaries.former_grids(boundary_set.name, former)
    staffed = work.staff.any_of(boundary_set.name)
    checked = check_plan(
        frame,
        boundary_set,
        former=former_grids,
        retired=retired,
        headed=work.staff.headed(boundary_set.name, day) if staffed else None,
        sliver_width_m=settings.sliver_width_m,
        sliver_area_m2=settings.sliver_area_m2,
    )
    rules = () if boundary_set.rules is None else boundary_set.rules.at(day)
    measured = rule_findings(
        frame,
        boundary_set.levels,
        rules,
        epsg=checked.facts["epsg"],
        around=surroundings(work, boundary_set, rules, day),
    )
    held = {} if number is None else waivers_of(work, boundary_set.name, number)
    shapes = dict(zip(frame["code"], frame.geometry, strict=True)) if held else {}
    signed = settled([*checked, *measured], held, shapes.get)
    found = report(_milder(f) if f.fields.get("level") in known else f for f in signed)
    total = (beside or Report()) + Report(found.findings, checked.facts)
    if not staffed:
        total = total + Report((Finding("set_without_staff", Severity.NOTE),))
    blocking = tuple(f for f in total.errors if not (accept and f.rule in ACCEPTABLE))
    if not again:
        blocking += tuple(f for f in total if unsigned(f) and f.fields.get("level") not in known)
    return Judgement(total, blocking, former, former_grids)


def _milder(finding: Finding) -> Finding:
    if finding.severity is Severity.ERROR and finding.rule in ACCEPTABLE:
        return replace(finding, severity=Severity.WARNING)
    return finding


def surroundings(work: UnitOfWork, boundary_set: BoundarySet, rules: Sequence[Rule], day: date) -> Around:
    """Read what rules of size and shape need to know beside the plan, and no more."""
    measures = {rule.measure for rule in rules}
    names = {name for rule in rules for name in rule.layers}
    people = work.profiles.of_day(boundary_set.name, day) if Measure.FLOATING in measures else []
    return Around({p.grid_code: p for p in people}, work.context.around(names, day) if names else {})


def waivers_of(work: UnitOfWork, set_name: str, number: int) -> dict[str, Waiver]:
    """Give the waivers that hold in a draft or version, by seal: its own, and those of the versions it was made of."""
    chain: list[int] = []
    at: int | None = number
    while at is not None and at not in chain:
        chain.append(at)
        version = work.boundaries.find_version(set_name, at)
        at = None if version is None else version.based_on
    return in_force(w for n in reversed(chain) for w in work.redraw.waivers(set_name, n))

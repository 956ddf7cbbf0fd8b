"""Who is on duty in which grid, and when."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gridmap.domain.boundaries import ALWAYS, BoundarySet
from gridmap.domain.incidents import StaffMember
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans

ROLES = ("head", "worker")


@dataclass(frozen=True, slots=True)
class StaffOutcome:
    """What an import of staff did, or would do; it holds in ``[valid_from, valid_to)``."""

    report: Report
    members: int
    grids: int
    committed: bool
    valid_from: date
    valid_to: date | None


def import_staff(
    store: Store,
    plans: Plans,
    boundary_set: BoundarySet,
    members: Sequence[StaffMember],
    *,
    today: date,
    valid_from: date | None = None,
    commit: bool = False,
) -> StaffOutcome:
    """Put these people on duty in a set from a day until the next change on record.

    Findings that are errors (a role or a grid that does not exist) stop the commit; a grid without a head is a warning.

    Parameters
    ----------
    today : date
    valid_from : date, optional
        First day on which they are on duty; the grids are those of that day. Without it: ``today``, or always where
        nobody was on duty before.

    Raises
    ------
    NotFound
        ``no_version_at``.
    """
    plan = plans.at(boundary_set, valid_from or today)
    leaves = set(plan.locator.codes)
    roles = Counter(m.role for m in members if m.role not in ROLES)
    strangers = Counter(m.grid_code for m in members if m.grid_code not in leaves)
    headed = {m.grid_code for m in members if m.role == "head"}
    findings = [
        *(Finding("role_unknown", Severity.ERROR, fields={"count": n}) for n in roles.values()),
        *(Finding("grid_unknown", Severity.ERROR, (c,), fields={"count": n}) for c, n in strangers.items()),
        *(Finding("grid_without_head", Severity.WARNING, (c,)) for c in sorted(leaves - headed)),
    ]
    found = report(findings)
    committed = commit and not found.errors
    with store.unit_of_work() as work:
        start = valid_from or (today if work.staff.any_of(boundary_set.name) else ALWAYS)
        end = work.staff.next_change(boundary_set.name, start)
        if committed:
            work.staff.replace(boundary_set.name, members, valid_from=start)
            work.commit()
    return StaffOutcome(found, len(members), len({m.grid_code for m in members}), committed, start, end)

"""Who is on duty in which grid."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gridmap.domain.incidents import StaffMember
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plan

ROLES = ("head", "worker")


@dataclass(frozen=True, slots=True)
class StaffOutcome:
    """What an import of staff did, or would do."""

    report: Report
    members: int
    grids: int
    committed: bool


def import_staff(store: Store, plan: Plan, members: Sequence[StaffMember], *, commit: bool = False) -> StaffOutcome:
    """Put these people on duty in the set of a plan, in place of the former ones.

    Findings that are errors (a role or a grid that does not exist) stop the commit; a grid without a head is a warning.
    """
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
    if committed:
        with store.unit_of_work() as work:
            work.staff.replace(plan.boundary_set.name, members)
            work.commit()
    return StaffOutcome(found, len(members), len({m.grid_code for m in members}), committed)

"""What the service adds to reports of cases before they are kept: who should handle them, by when to look at them."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from gridmap.analysis.duplicates import Likeness, Sighting, alike
from gridmap.domain.deadlines import due
from gridmap.domain.limits import Stage
from gridmap.services.cases.guide import guide
from gridmap.services.cases.placing import Places
from gridmap.services.intake.items import Completes, OpenedAs
from gridmap.services.ports import CaseLine, Clock, NewCase, NewPoint, PointOwner, UnitOfWork
from gridmap.services.responsibility import Plan, Plans
from gridmap.settings import Settings

#: What may be one thing, where nobody says otherwise.
LIKENESS = Likeness()


def opener(plans: Plans, settings: Settings, clock: Clock) -> Completes:
    """Give what completes the cases of a batch whose owners are known: rule, unit, clock and what is like them."""

    def complete(
        work: UnitOfWork, points: Sequence[NewPoint], owners: Sequence[PointOwner]
    ) -> list[tuple[NewPoint, OpenedAs]]:
        today = clock.now().astimezone(ZoneInfo(settings.time_zone)).date()
        now = guide(work, today)
        places = Places(work, now.rules, today)
        cases = [point for point in points if isinstance(point, NewCase)]
        near = work.cases.open_near(
            [(case.lon, case.lat, case.occurred_at) for case in cases], metres=LIKENESS.metres, hours=LIKENESS.hours
        )
        found: list[tuple[NewPoint, OpenedAs]] = []
        for case, owner, others in zip(cases, owners, near, strict=True):
            plan = _plan(work, plans, owner)
            given = places.assign(plan, case.lon, case.lat, case.category, owner.grid_code, case.component)
            limit = now.limits.of(case.category, "", case.emergency, Stage.ACCEPT)
            until = due(case.entry.at, limit, now.calendar).at
            kept = case._replace(proposed=given.unit, rule=given.rule, stage_due_at=until)
            mine = Sighting(case.incident_id, case.lon, case.lat, case.category, case.occurred_at, case.component)
            similar = tuple(one.case_id for one in alike(mine, [sighting(line) for line in others], LIKENESS))
            found.append((kept, OpenedAs(case.incident_id, given.unit, given.rule, similar[:5])))
        return found

    return complete


def sighting(line: CaseLine) -> Sighting:
    """Give what is compared of a case."""
    return Sighting(line.case_id, line.place.x, line.place.y, line.category, line.occurred_at, line.component)


def _plan(work: UnitOfWork, plans: Plans, owner: PointOwner) -> Plan | None:
    """Give the plan that was asked for the owner."""
    if owner.set_name is None or owner.version_number is None:
        return None
    home = work.boundaries.find_set(owner.set_name)
    version = work.boundaries.find_version(owner.set_name, owner.version_number)
    return None if home is None or version is None else plans.of(home, version, work)

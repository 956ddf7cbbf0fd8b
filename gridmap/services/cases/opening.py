"""What the service adds to reports of cases before they are kept: who should handle them, by when to look at them."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gridmap.analysis.duplicates import Alike, Likeness, Sighting, alike
from gridmap.domain.access import Role
from gridmap.domain.case_clock import at_risk_from
from gridmap.domain.deadlines import due
from gridmap.domain.limits import Stage
from gridmap.domain.patrols import CleaningRules
from gridmap.domain.taxonomy import categories
from gridmap.services.cases.guide import guide
from gridmap.services.cases.placing import Places
from gridmap.services.clock import day_in
from gridmap.services.guarded import GuardedStore, seen_by
from gridmap.services.intake.items import Completes, ItemResult, Judge, OpenedAs, Part, kept_incident
from gridmap.services.ports import (
    CaseFilter,
    CaseLine,
    Clock,
    NearCase,
    NewCase,
    NewPoint,
    PointOwner,
    Store,
    UnitOfWork,
)
from gridmap.services.responsibility import Plan, Plans
from gridmap.settings import Settings

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
#: What may be one thing, where nobody says otherwise.
LIKENESS = Likeness()
#: Cases that could be the same which are told of one.
MOST_ALIKE = 10


def new_case_id(now: datetime) -> str:
    """Make the number of a case: its day, and seven letters that are hard to mistake for others."""
    return f"{now:%Y%m%d}-{''.join(secrets.choice(_LETTERS) for _ in range(7))}"


def reporter_of(store: Store) -> tuple[Role, str, str]:
    """Say in which role somebody brings a report, by which account, and its name at the time."""
    if not isinstance(store, GuardedStore) or store.principal.account_id is None:
        return Role.FIELD, Role.FIELD.value, Role.FIELD.value
    who = store.principal
    held = {grant.role for grant in who.grants}
    role = next((role for role in (Role.FIELD, Role.SUPERVISOR, Role.DISPATCHER) if role in held), Role.FIELD)
    return role, who.account_id or role.value, who.name


def judge(zone: str) -> Judge:
    """Give what says why a report cannot be right, and None where nothing is wrong.

    Parameters
    ----------
    zone : str
        In which an event has its day: a type holds for events of its days, so that one which was retired since may
        still be brought for an event of before, and no open case loses it.
    """

    def judged(case: NewCase, now: datetime, rules: CleaningRules) -> ItemResult | None:
        found = categories().get(case.category)
        if found is None:
            return ItemResult("rejected", "category_unknown", pointer="#/category")
        above = categories().get(found.parent, found)
        day = day_in(case.occurred_at, zone)
        if not (found.holds_on(day) and above.holds_on(day)):
            return ItemResult("rejected", "category_retired", pointer="#/category")
        return kept_incident(case.incident, now, rules)

    return judged


def opener(settings: Settings, clock: Clock) -> Completes:
    """Give what completes the cases of batches whose owners are known: rule, unit, clock and what is like them.

    Who handles a case does not hang on what its reporter may see, so the books and layers are read once for all.
    """

    def complete(raw: UnitOfWork, parts: Sequence[Part]) -> list[list[tuple[NewPoint, OpenedAs]]]:
        today = clock.now().astimezone(ZoneInfo(settings.time_zone)).date()
        now = guide(raw, today)
        places = Places(raw, now.rules, today)
        cases = [[point for point in part.points if isinstance(point, NewCase)] for part in parts]
        spots = [(case.lon, case.lat, case.occurred_at) for some in cases for case in some]
        near = iter(raw.cases.open_near(spots, metres=LIKENESS.metres, hours=LIKENESS.hours))
        kept: dict[tuple[str | None, int | None, int], Plan | None] = {}
        found: list[list[tuple[NewPoint, OpenedAs]]] = []
        for part, some in zip(parts, cases, strict=True):
            done: list[tuple[NewPoint, OpenedAs]] = []
            for case, owner in zip(some, part.owners, strict=True):
                key = (owner.set_name, owner.version_number, id(part.plans))
                if key not in kept:
                    kept[key] = _plan(part.work, part.plans, owner)
                given = places.assign(kept[key], case.lon, case.lat, case.category, owner.grid_code, case.component)
                limit = now.limits.of(case.category, "", case.emergency, Stage.ACCEPT)
                until = due(case.entry.at, limit, now.calendar)
                risk = now.limits.risk_of(case.category, "", case.emergency, Stage.ACCEPT)
                mine = Sighting(case.incident_id, case.lon, case.lat, case.category, case.occurred_at, case.component)
                others = list(map(sighting, seen_by(part.work, next(near))))
                similar = tuple(one.case_id for one in alike(mine, others, LIKENESS))[:5]
                done.append((
                    case._replace(
                        proposed=given.unit, rule=given.rule, stage_due_at=until.at, risk_at=at_risk_from(until, risk)
                    ),
                    OpenedAs(case.incident_id, given.unit, given.rule, similar),
                ))  # fmt: skip
            found.append(done)
        return found

    return complete


def sighting(case: NearCase) -> Sighting:
    """Give what is compared of a case."""
    return Sighting(*case[:6])


def near_alike(work: UnitOfWork, asked: Sighting) -> list[tuple[CaseLine, Alike]]:
    """Give the open cases that could be the same as a report, the likeliest ten first."""
    (near,) = work.cases.open_near([(asked.lon, asked.lat, asked.at)], metres=LIKENESS.metres, hours=LIKENESS.hours)
    found = alike(asked, list(map(sighting, near)), LIKENESS)[:MOST_ALIKE]
    if not found:
        return []
    page = work.cases.page(CaseFilter(ids=tuple(one.case_id for one in found)), limit=MOST_ALIKE)
    lines = {line.case_id: line for line in page}
    return [(lines[one.case_id], one) for one in found if one.case_id in lines]


def _plan(work: UnitOfWork, plans: Plans, owner: PointOwner) -> Plan | None:
    """Give the plan that was asked for the owner."""
    if owner.set_name is None or owner.version_number is None:
        return None
    home = work.boundaries.find_set(owner.set_name)
    version = work.boundaries.find_version(owner.set_name, owner.version_number)
    return None if home is None or version is None else plans.of(home, version, work)

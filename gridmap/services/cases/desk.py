"""One case: shown with its clock and what may be done, and moved on by one act at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from gridmap.analysis.duplicates import Alike, Sighting
from gridmap.domain.access import Role
from gridmap.domain.assigning import Assigned
from gridmap.domain.case_clock import Timers, at_risk_from, milestones, timers
from gridmap.domain.cases import TRANSITIONS, Act, Entry, Standing, advance, history_of
from gridmap.domain.deadlines import Limit
from gridmap.domain.incidents import Responsibility
from gridmap.domain.limits import LimitRow, plain
from gridmap.errors import Conflict, InvalidInput, NotFound
from gridmap.services.cases.guide import Guide, guide
from gridmap.services.cases.opening import near_alike
from gridmap.services.cases.placing import Places
from gridmap.services.cases.seats import Seat, seat_of
from gridmap.services.clock import day_in
from gridmap.services.ports import CaseChange, CaseFile, CaseLine, Clock, PointOwner, RecordLine, Store, UnitOfWork
from gridmap.services.responsibility import Plan, Plans, locate
from gridmap.settings import Settings

_UNIT = re.compile(r"(grid|desk|dept):\S(.{0,98}\S)?")
#: Acts that name a unit.
_TO_UNITS = frozenset({Act.DISPATCH, Act.JOIN, Act.WHISTLE})


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to do: ``version`` is the line of the record that they have seen last.

    ``condition``: with which it is filed, one of ``LimitTable.choices``; it stands in the record, and gives the limit.
    """

    act: Act
    version: int
    reason: str = ""
    names: str = ""
    role: Role | None = None
    condition: str = ""


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as who works on it sees it.

    ``owner`` is who was responsible for the place when it happened; ``proposed`` who should handle it by the rules of
    today; ``similar`` open cases that could be the same with how alike they are; ``choices`` the limits with a
    condition of which one may be chosen while it can be filed; ``works``: who asks has a part in it, and may know who
    reported it.
    """

    file: CaseFile
    record: tuple[RecordLine, ...]
    standing: Standing
    timers: Timers
    may: tuple[tuple[Act, Role], ...]
    owner: Responsibility | None
    plan: Plan | None
    proposed: Assigned
    similar: tuple[tuple[CaseLine, Alike], ...]
    choices: tuple[LimitRow, ...]
    works: bool


class CaseDesk:
    """The cases of a store, as one reader sees it."""

    def __init__(self, store: Store, plans: Plans, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._settings = settings

    def view(self, case_id: str) -> CaseView:
        """Show a case.

        Raises
        ------
        NotFound
            ``case_unknown``.
        """
        with self._store.unit_of_work() as work:
            file = work.cases.find(case_id)
            if file is None:
                raise NotFound("case_unknown")
            return self._shown(work, file)

    def act(self, case_id: str, asked: Asked) -> CaseView:
        """Do one act, and show what became of the case.

        Raises
        ------
        NotFound
            ``case_unknown``.
        Conflict
            ``case_moved``: somebody did something since; as ``domain.cases.advance``; ``case_itself``.
        InvalidInput
            ``case_unit_unknown``; as ``domain.cases.advance``.
        """
        with self._store.unit_of_work() as work:
            # always in the order of their ids, so that two who merge do not wait for each other
            other = asked.names if asked.act is Act.MERGE else case_id
            held = {key: work.cases.hold(key) for key in sorted({case_id, other})}
            file = held[case_id]
            if file is None:
                raise NotFound("case_unknown")
            line = file.line
            if line.version != asked.version:
                raise Conflict("case_moved", version=line.version, status=line.status)
            _require_names(asked, case_id, held.get(other))
            seat = self._seat(work, line)
            self._append(work, file, seat, asked)
            into = held[other]
            if asked.act is Act.MERGE and into is not None:
                # the other one's record says so too: nobody has to know where to look
                note = Asked(Act.NOTE, into.line.version, f"⇐ {case_id}", role=asked.role)
                self._append(work, into, self._seat(work, into.line), note)
            work.commit()
        return self.view(case_id)

    def _append(self, work: UnitOfWork, file: CaseFile, seat: Seat, asked: Asked) -> None:
        line = file.line
        lines = work.cases.record(line.case_id)
        record = [one.entry for one in lines]
        history = history_of(record)
        standing = history[-1]
        role = seat.role_for(asked.act, standing, asked.role)
        # a clock that went back does not undo what was written down
        at = max(self._clock.now(), record[-1].at)
        now = guide(work, self._day(at))
        condition = _condition(asked, now.limits.choices(line.category, line.emergency))
        names = condition if asked.act is Act.FILE else asked.names.strip()
        entry = seat.entry(asked.act, role, at, asked.reason.strip(), names)
        moved = advance(standing, entry, seat.units(standing, role))
        limit = file.handling_limit
        if asked.act is Act.FILE and (limit is None or condition):
            given = now.limits.of(line.category, condition, line.emergency)
            limit = limit_words(given)
        record.append(entry)
        owner = PointOwner(line.grid_code, "", None, line.set_name, None)
        change = come_to(record, [*history, moved], now, line.category, line.emergency, limit, file.due_at)
        work.cases.append(line.case_id, moved.version, entry, seat.name(role), change, owner)

    def _day(self, at: datetime) -> date:
        return day_in(at, self._settings.time_zone)

    def _seat(self, work: UnitOfWork, line: CaseLine) -> Seat:
        return seat_of(self._store, work, line, self._day(self._clock.now()))

    def _shown(self, work: UnitOfWork, file: CaseFile) -> CaseView:
        line, now = file.line, self._clock.now()
        record = tuple(work.cases.record(line.case_id))
        entries = [one.entry for one in record]
        history = history_of(entries)
        standing = history[-1]
        today: Guide = guide(work, self._day(now))
        stages = today.stages(line.category, line.emergency)
        clocks = timers(entries, read_limit(file.handling_limit), stages, today.calendar, history)
        seat = self._seat(work, line)
        plan = self._plan(work, line)
        lon, lat = line.place.x, line.place.y
        owner = None
        if plan is not None:
            within = self._settings.nearest_within_m
            day = self._day(line.occurred_at)
            said = line.grid_code if entries[0].names == f"grid:{line.grid_code}" else None
            owner = locate(self._store, plan, lon, lat, day=day, nearest_within_m=within, confirmed=said)
        places = Places(work, today.rules, self._day(now))
        proposed = places.assign(plan, lon, lat, line.category, line.grid_code, line.component)
        return CaseView(
            file, record, standing, clocks, tuple(seat.may(standing, max(now, entries[-1].at))), owner, plan, proposed,
            tuple(near_alike(work, _sighting(line))), self._choices(today, line, standing), bool(seat.roles),
        )  # fmt: skip

    def _choices(self, today: Guide, line: CaseLine, standing: Standing) -> tuple[LimitRow, ...]:
        filing = (standing.status, Act.FILE) in TRANSITIONS
        return today.limits.choices(line.category, line.emergency) if filing else ()

    def _plan(self, work: UnitOfWork, line: CaseLine) -> Plan | None:
        """Give the plan of the day on which it happened."""
        try:
            day = self._day(line.occurred_at)
            return self._plans.in_force(work, line.set_name, self._settings.default_set, day)
        except (NotFound, InvalidInput):
            return None


def _sighting(line: CaseLine) -> Sighting:
    return Sighting(line.case_id, line.place.x, line.place.y, line.category, line.occurred_at, line.component)


def _require_names(asked: Asked, case_id: str, into: CaseFile | None) -> None:
    """Check what an act names; nothing where it has to name something is for ``advance`` to tell."""
    names = asked.names.strip()
    if asked.act in _TO_UNITS and names and not _UNIT.fullmatch(names):
        raise InvalidInput("case_unit_unknown")
    if asked.act is Act.MERGE and names:
        if into is None:
            raise NotFound("case_unknown")
        if names == case_id or into.line.status in ("merged", "closed", "rejected"):
            raise Conflict("case_itself")


def _condition(asked: Asked, choices: Sequence[LimitRow]) -> str:
    """Give the condition with which a case is filed; none unless somebody names one."""
    wanted = plain(asked.condition)
    if wanted and asked.act is not Act.FILE:
        raise InvalidInput("case_condition_unwanted")
    if wanted and wanted not in [row.condition for row in choices]:
        raise InvalidInput("case_condition_unknown", known=" | ".join(row.condition for row in choices) or "-")
    return wanted


def condition_of(record: Sequence[Entry]) -> str:
    """Give the condition with which a case was filed last; empty where none was chosen."""
    return next((entry.names for entry in reversed(record) if entry.act is Act.FILE), "")


def read_limit(words: str | None) -> Limit | None:
    """Read a limit as it is kept with a case."""
    return None if words is None else Limit.read(words)


def limit_words(limit: Limit) -> str:
    """Write a limit as it is kept with a case."""
    return f"{limit.amount.normalize():f} {limit.unit.value}"


def come_to(
    record: Sequence[Entry],
    history: Sequence[Standing],
    now: Guide,
    category: str,
    emergency: bool,
    limit: str | None,
    due_before: datetime | None,
) -> CaseChange:
    """Give what a case has become by its whole record, with its clocks as they run now."""
    clocks = timers(record, read_limit(limit), now.stages(category, emergency), now.calendar, history)
    change = change_of(record, history[-1], clocks, limit, due_before)
    if clocks.present is None:
        return change
    risk = now.limits.risk_of(category, condition_of(record), emergency, clocks.present.stage)
    return replace(change, risk_at=at_risk_from(clocks.present.due, risk))


def change_of(
    record: Sequence[Entry], standing: Standing, clocks: Timers, limit: str | None, due_before: datetime | None
) -> CaseChange:
    """Give what a case has become, from its whole record; ``due_before``: until when it was to be handled so far."""
    present, handling = clocks.present, clocks.handling
    came = milestones(record, standing)
    was_due = due_before if not standing.is_open else None
    return CaseChange(
        status=standing.status.value,
        unit=standing.assignee or None,
        due_at=handling.due.at if handling is not None else was_due,
        stage_due_at=present.due.at if present is not None else None,
        handling_limit=limit,
        open=standing.is_open,
        extensions=standing.extensions,
        returns=standing.returns,
        reworks=standing.reworks,
        appealed=standing.appeal_granted,
        merged_into=standing.merged_into or None,
        filed_at=came.filed_at,
        dispatched_at=came.dispatched_at,
        handled_at=came.handled_at,
        closed_at=came.closed_at,
    )

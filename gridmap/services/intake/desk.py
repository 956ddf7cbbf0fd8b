"""Batches of one moment, kept in one unit of work: each judged, cut down, told and answered by itself."""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import compress, islice

from gridmap.domain.boundaries import BoundarySet
from gridmap.domain.patrols import CleaningRules
from gridmap.errors import GridmapError, NotFound, StoreUnavailable
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.clock import day_in
from gridmap.services.grids import looks_swapped
from gridmap.services.guarded import Group
from gridmap.services.intake.duty import Duty, Reading
from gridmap.services.intake.items import Batch, Done, ItemResult, OpenedAs, Part
from gridmap.services.intake.owners import Asked, asked_of, may_lie, owners_of
from gridmap.services.once import KEPT
from gridmap.services.ports import Answered, Clock, NewPoint, PointOwner, PointsOf, Store, UnitOfWork, Verdict
from gridmap.services.responsibility import owning_set
from gridmap.settings import Settings

log = logging.getLogger("gridmap.services")

Outcome = Done | Exception

#: A batch by itself is tried so often: somebody else may have been first with the same rows or the same key.
_TRIES = 3


class _Member:
    """One batch in a unit of work that it shares with others."""

    def __init__(self, batch: Batch, faults: Sequence[ItemResult | None], work: UnitOfWork, settings: Settings) -> None:
        self.batch = batch
        self.faults = faults
        self.work = work
        self.points: Sequence[NewPoint] = batch.points
        self.duty: Duty | None = None
        self.reading: Reading | None = None
        self.before: Answered | None = None
        self.results: list[ItemResult | None] = list(faults)
        self.kept: list[int] = []
        self.asked: list[Asked] = []
        self.owners: list[PointOwner] = []
        self.home: BoundarySet | None = None
        self.opened: list[OpenedAs | None] = []
        self._settings = settings

    def hold_against(self, duty: Duty, reading: Reading) -> None:
        """Take fixes as their clocks are understood, and leave out those of people who are off shift."""
        self.duty, self.reading = duty, reading
        self.points = reading.fixes
        self.results = list(reading.faults)

    def judge(self, clock: Clock) -> None:
        """Find out which points may be kept, and by which borders."""
        batch, settings = self.batch, self._settings
        if batch.said is not None:
            with suppress(NotFound):  # no boundaries yet: nothing says where the district lies
                today = day_in(clock.now(), settings.time_zone)
                plan = batch.plans.in_force(self.work, None, settings.default_set, today)
                lon, lat = zip(*batch.said, strict=True) if batch.said else ((), ())
                for i, swapped in enumerate(looks_swapped(plan, lon, lat).tolist()):
                    if swapped:
                        self.results[i] = ItemResult("rejected", "outside_service_area", pointer="#")
        self.kept = [i for i, result in enumerate(self.results) if result is None]
        if self.kept:
            self.home = owning_set(self.work, settings.default_set)
            self.ask()

    def ask(self) -> None:
        """Find the borders of the days of the points."""
        points = [self.points[i] for i in self.kept]
        asked = asked_of(self.work, self.batch.plans, points, settings=self._settings, home=self.home)
        fits = [may_lie(one, self._settings) for one in asked]
        for i, fit in zip(self.kept, fits, strict=True):
            if not fit:
                self.results[i] = ItemResult("rejected", "case_side_unknown", pointer="#/grid")
        self.kept = list(compress(self.kept, fits))
        self.asked = list(compress(asked, fits))

    @property
    def part(self) -> Part:
        """What is to be kept, with its owners."""
        points = [self.points[i] for i in self.kept]
        return Part(self.work, self.batch.plans, points, self.owners)

    def answer(self, verdicts: Sequence[Verdict]) -> None:
        """Note what became of the points that were handed in."""
        flags = [None] * len(self.kept) if self.duty is None else self.duty.flags(self.asked, self.owners)
        clock_s = {} if self.reading is None else self.reading.clock_s
        for i, verdict, owner, opened, flag in zip(self.kept, verdicts, self.owners, self.opened, flags, strict=True):
            if verdict in (Verdict.ACCEPTED, Verdict.DUPLICATE):
                self.results[i] = ItemResult(
                    verdict.value,
                    None,
                    owner.grid_code,
                    owner.method,
                    case=opened,
                    flag=flag,
                    clock_s=clock_s.get(i),
                )
            else:
                self.results[i] = ItemResult("rejected", verdict.value)

    def done(self) -> Done:
        """Give what became of the batch."""
        return Done([result for result in self.results if result is not None], self.before)


class Desk:
    """Keeps batches in a store.

    Parameters
    ----------
    raw : Store
        The store behind those of the batches.
    """

    def __init__(self, raw: Store, clock: Clock, settings: Settings) -> None:
        self._raw = raw
        self._clock = clock
        self._settings = settings

    def keep(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Keep batches; give for each what became of it, or why nothing did. What is given as kept lasts.

        Where they cannot be kept together for a reason that may be one batch's, each is kept by itself.
        """
        for attempt in range(_TRIES):
            try:
                return self._together(batches)
            except Exception as error:
                if _is_of_the_store(error):
                    return [error] * len(batches)
                if len(batches) > 1:
                    return [outcome for batch in batches for outcome in self.keep([batch])]
                if not isinstance(error, GridmapError) or attempt == _TRIES - 1:
                    return [error]
        raise AssertionError  # the last attempt returns

    def keep_series(
        self,
        batches: Iterable[Batch],
        told: Callable[[Batch, Done], None],
        commit: Callable[[UnitOfWork], bool],
    ) -> bool:
        """Keep batches one after the other in one unit of work: all of what is fine, or nothing.

        Parameters
        ----------
        told : callable
            Is told what became of each batch, before the next one is asked for.
        commit : callable
            Asked at the end, with the unit of work; where it says no, nothing is kept.

        Returns
        -------
        bool
            What ``commit`` said.
        """
        with self._raw.unit_of_work() as raw:
            group = Group(raw)
            works: dict[int, UnitOfWork] = {}
            for batch in batches:
                # one member a store, so that the trail has one line of it all
                if id(batch.store) not in works:
                    works[id(batch.store)] = group.member(batch.store)
                rules = self._rules(raw)
                faults = batch.judged(self._clock.now(), rules)
                member = _Member(batch, faults, works[id(batch.store)], self._settings)
                duty = self._held_against(raw, [member], rules)
                member.judge(self._clock)
                if member.kept:
                    self._write(raw, group, [member])
                _remember(raw, duty)
                told(batch, member.done())
            lasting = commit(raw)
            if lasting:
                group.commit()
        return lasting

    def _together(self, batches: Sequence[Batch]) -> list[Outcome]:
        outcomes: list[Outcome | None] = [None] * len(batches)
        members: dict[int, _Member] = {}
        with self._raw.unit_of_work() as raw:
            group = Group(raw)

            def each(act: Callable[[_Member], None]) -> None:
                for i, member in list(members.items()):
                    try:
                        act(member)
                    except Exception as error:
                        if _is_of_the_store(error):
                            raise
                        outcomes[i] = error
                        del members[i]

            def ask_before(member: _Member) -> None:
                member.before = self._answered(raw, member.batch)

            rules, now = self._rules(raw), self._clock.now()
            for i, b in enumerate(batches):
                members[i] = _Member(b, b.judged(now, rules), group.member(b.store), self._settings)
            each(ask_before)
            duty = self._held_against(raw, [member for member in members.values() if member.before is None], rules)
            each(lambda member: member.judge(self._clock) if member.before is None else None)
            keeping = [member for member in members.values() if member.kept]
            if keeping:
                self._write(raw, group, keeping)
            if _remember(raw, duty) or keeping:
                group.commit()
        return [members[i].done() if outcome is None else outcome for i, outcome in enumerate(outcomes)]

    def _rules(self, raw: UnitOfWork) -> CleaningRules:
        """Read the city's book of today: what is right when it comes in hangs on no older one."""
        return patrol_rules_at(raw, day_in(self._clock.now(), self._settings.time_zone)).cleaning

    def _held_against(self, raw: UnitOfWork, members: Sequence[_Member], rules: CleaningRules) -> Duty | None:
        """Hold the fixes of these batches against clocks and shifts, with as many questions as one batch takes."""
        mine = [member for member in members if member.batch.kind == "patrols"]
        if not mine:
            return None
        batches = [(member.batch.points, member.faults) for member in mine]
        duty = Duty(raw, batches, self._settings, self._clock.now(), rules)  # type: ignore[arg-type]
        for member, reading in zip(mine, duty.readings, strict=True):
            member.hold_against(duty, reading)
        return duty

    def _answered(self, raw: UnitOfWork, batch: Batch) -> Answered | None:
        """Give the answer to the same request, if it was asked before and is not forgotten."""
        if batch.key is None:
            return None
        found = raw.idempotency.find(batch.key.account_id, batch.key.key)
        return None if found is None or found.at < self._clock.now() - KEPT else found

    def _write(self, raw: UnitOfWork, group: Group, members: Sequence[_Member]) -> None:
        # somebody may have published since the borders were read; nobody can from here on
        homes = {member.home.name for member in members if member.home is not None}
        revisions = {name: raw.boundaries.hold(name) for name in sorted(homes)}
        for member in members:
            if member.home is not None and revisions[member.home.name] != member.home.revision:
                member.ask()
        owners = iter(owners_of([one for member in members for one in member.asked], self._settings))
        for member in members:
            member.owners = list(islice(owners, len(member.asked)))
        kinds: tuple[PointsOf, ...] = ("incidents", "cases", "patrols")
        for kind in kinds:
            mine = [member for member in members if member.batch.kind == kind]
            if mine:
                parts = self._parts(raw, mine)
                for member, verdicts in zip(mine, group.take(kind, parts), strict=True):
                    member.answer(verdicts)
        self._keep_answers(raw, members)

    def _parts(
        self, raw: UnitOfWork, members: Sequence[_Member]
    ) -> list[tuple[UnitOfWork, list[tuple[NewPoint, PointOwner]]]]:
        """Give what members bring; cases of all of them are completed together."""
        parts = [member.part for member in members]
        complete = members[0].batch.complete
        points: list[Sequence[NewPoint]] = [part.points for part in parts]
        for member, part in zip(members, parts, strict=True):
            member.opened = [None] * len(part.points)
        if complete is not None:
            for k, completed in enumerate(complete(raw, parts)):
                points[k] = [point for point, _ in completed]
                members[k].opened = [opened for _, opened in completed]
        return [
            (part.work, list(zip(some, part.owners, strict=True))) for part, some in zip(parts, points, strict=True)
        ]

    def _keep_answers(self, raw: UnitOfWork, members: Sequence[_Member]) -> None:
        now = self._clock.now()
        answered = []
        for member in members:
            key, written = member.batch.key, member.batch.written
            if key is not None and written is not None:
                body = written(member.done().results)
                answered.append(Answered(key.account_id, key.key, key.route, key.request_hash, 200, body, now))
        if answered:
            raw.idempotency.forget_before(now - KEPT)
        # in one order for all: two units of work must not wait for each other
        for answer in sorted(answered, key=lambda a: (a.account_id, a.key)):
            raw.idempotency.add(answer)


def _remember(raw: UnitOfWork, duty: Duty | None) -> bool:
    """Write down what was learnt of clocks; tell whether there was anything."""
    if duty is None or not duty.clocks:
        return False
    wrong = [clock for clock in duty.clocks.values() if clock is not None]
    return bool(raw.duty.put_clocks(wrong, [unit for unit, clock in duty.clocks.items() if clock is None]))


def _is_of_the_store(error: Exception) -> bool:
    """Tell whether an error is the store's own, so that it says nothing about a batch; a value may be the reason for
    ``store_failed``."""
    return isinstance(error, StoreUnavailable) and error.code != "store_failed"

"""A year of cases goes through the loop, each with its luck; their clocks are as those of who watches the minutes.

GRIDMAP_CASES: how many; 200,000 are the cases of a district in a year.
"""

import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from watching import Watch

from gridmap.domain.access import Role
from gridmap.domain.calendars import packaged_calendar
from gridmap.domain.case_clock import timers
from gridmap.domain.cases import Act, CaseStatus, Entry, Standing, advance, history_of
from gridmap.domain.deadlines import Limit, Pause, Unit
from gridmap.domain.limits import Stage, packaged_limits

CN = packaged_calendar()
JANUARY = datetime(2025, 1, 1, tzinfo=UTC)
WATCH = Watch(JANUARY, 500)
CASES = int(os.environ.get("GRIDMAP_CASES", "400"))
LIMITS = [Limit(Decimal(n), unit) for n, unit in
          ((2, Unit.URGENT_HOUR), (4, Unit.WORKING_HOUR), (1, Unit.WORKING_DAY), (5, Unit.WORKING_DAY),
           (3, Unit.NATURAL_DAY))]  # fmt: skip
STAGES = {
    stage: packaged_limits().of("E1-01", "", False, stage) for stage in (Stage.ACCEPT, Stage.DISPATCH, Stage.VERIFY)
}

#: What may come next, and how often; the usual road is the likeliest.
WAYS: dict[CaseStatus, list[tuple[int, Act]]] = {
    CaseStatus.REPORTED: [(18, Act.FILE), (2, Act.REJECT), (1, Act.NOTE)],
    CaseStatus.FILED: [(20, Act.DISPATCH), (1, Act.NOTE)],
    CaseStatus.DISPATCHED: [(14, Act.ACCEPT), (3, Act.RETURN), (1, Act.DISPATCH), (1, Act.SUSPEND), (1, Act.EXTEND)],
    CaseStatus.HANDLING: [(14, Act.HANDLE), (1, Act.RETURN), (2, Act.SUSPEND), (2, Act.EXTEND), (1, Act.WHISTLE)],
    CaseStatus.SUSPENDED: [(4, Act.RESUME), (1, Act.NOTE)],
    CaseStatus.HANDLED: [(8, Act.VERIFY), (2, Act.REWORK)],
    CaseStatus.VERIFIED: [(12, Act.CLOSE), (1, Act.REWORK)],
}
PEOPLE = {Role.SUPERVISOR: "sun", Role.DISPATCHER: "dong", Role.FIELD: "team"}
ROLES = {
    **dict.fromkeys((Act.FILE, Act.REJECT, Act.VERIFY, Act.REWORK, Act.CLOSE), Role.SUPERVISOR),
    **dict.fromkeys((Act.ACCEPT, Act.RETURN, Act.HANDLE), Role.FIELD),
}


class Diary:
    """What an outsider writes down of one case: when the handler had it, and when the clock stood."""

    def __init__(self) -> None:
        self.sent: datetime | None = None
        self.breaks: list[Pause] = []
        self.left: datetime | None = None
        self.more = 0

    def note(self, act: Act, at: datetime) -> None:
        if act is Act.DISPATCH:
            self.sent, self.breaks, self.left = at, [], None
        elif act is Act.RETURN:
            self.sent = None
        elif act in (Act.SUSPEND, Act.HANDLE):
            self.left = at
        elif act in (Act.RESUME, Act.REWORK) and self.left is not None:
            self.breaks.append(Pause(self.left, at))
            self.left = None
        elif act is Act.EXTEND:
            self.more += 1


def test_a_year_of_cases_has_the_clocks_of_who_watches() -> None:
    draw = random.Random(2025)
    ends: Counter[str] = Counter()
    looked = 0
    for _ in range(CASES):
        at = JANUARY + timedelta(minutes=draw.randrange(365 * 1_440))
        limit = draw.choice(LIMITS)
        record = [Entry(Act.REPORT, "citizen", Role.FIELD, at)]
        standing: Standing = history_of(record)[-1]
        diary = Diary()
        while standing.status in WAYS:
            weights, acts = zip(*_open(standing), strict=True)
            act = draw.choices(acts, weights)[0]
            at += timedelta(minutes=int(draw.expovariate(1 / 200)))
            role = ROLES.get(act, Role.DISPATCHER)
            entry = Entry(act, PEOPLE[role], role, at, "因", "team")
            standing = advance(standing, entry, {"team"} if role is Role.FIELD else ())
            record.append(entry)
            diary.note(act, at)
            if draw.random() < 0.2:
                looked += _agree(record, standing, diary, limit)
        looked += _agree(record, standing, diary, limit)
        ends[standing.status.value] += 1
        assert standing == history_of(record)[-1]
    assert sum(ends.values()) == CASES
    assert looked > CASES / 2
    assert set(ends) == {"closed", "rejected"}


def _open(standing: Standing) -> list[tuple[int, Act]]:
    """Leave out what was used up."""
    used = {Act.SUSPEND: standing.suspensions >= 1, Act.EXTEND: standing.extensions >= 2}
    return [(weight, act) for weight, act in WAYS[standing.status] if not used.get(act, False)]


def _agree(record: list[Entry], standing: Standing, diary: Diary, limit: Limit) -> int:
    found = timers(record, limit, STAGES, CN)
    if diary.sent is None:
        assert found.handling is None
        return 0
    assert found.handling is not None
    stands = standing.status is CaseStatus.SUSPENDED
    breaks = [*diary.breaks, *([Pause(diary.left)] if stands and diary.left is not None else [])]
    expected = None if stands else WATCH.up_at(diary.sent, limit.times(1 + diary.more), CN, breaks)
    whole = limit.times(1 + diary.more).length(CN)
    ran = sum((b - a for a, b in found.handling.due.counted), timedelta())
    if stands and ran == whole:  # it was up before the clock stood
        return 1
    assert found.handling.due.at == expected, (record, limit)
    assert ran <= whole
    return 1

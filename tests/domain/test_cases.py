"""What may be done with a case: the whole loop, every other road, and random work by random people."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gridmap.domain.access import Role
from gridmap.domain.cases import (
    EXTENSIONS,
    SUSPENSIONS,
    TRANSITIONS,
    Act,
    CaseStatus,
    Entry,
    Standing,
    advance,
    allowed,
    standing_of,
)
from gridmap.errors import GridmapError

NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
OVER = (CaseStatus.CLOSED, CaseStatus.REJECTED, CaseStatus.MERGED)


def entry(act: Act, by: str, role: Role, minute: int = 0, reason: str = "因为", names: str = "") -> Entry:
    return Entry(act, by, role, NOON + timedelta(minutes=minute), reason, names)


def case(*acts: tuple[Act, str, Role] | tuple[Act, str, Role, str]) -> tuple[Entry, ...]:
    """Write a record, one line a minute."""
    return tuple(
        entry(act, by, role, minute, names=rest[0] if rest else "")
        for minute, (act, by, role, *rest) in enumerate(acts)
    )


REPORTED = (Act.REPORT, "citizen", Role.FIELD)
FILED = (Act.FILE, "sun", Role.SUPERVISOR)
SENT = (Act.DISPATCH, "dong", Role.DISPATCHER, "team")
TAKEN = (Act.ACCEPT, "team", Role.FIELD)
DONE = (Act.HANDLE, "team", Role.FIELD)
CHECKED = (Act.VERIFY, "sun", Role.SUPERVISOR)
CLOSED = (Act.CLOSE, "sun", Role.SUPERVISOR)
LOOP = case(REPORTED, FILED, SENT, TAKEN, DONE, CHECKED, CLOSED)


def code_of(standing: Standing | None, line: Entry, units: tuple[str, ...] = ()) -> str:
    with pytest.raises(GridmapError) as refused:
        advance(standing, line, units)
    return refused.value.code


def test_the_loop_from_a_report_to_a_verified_close() -> None:
    statuses = [standing_of(LOOP[: k + 1]).status.value for k in range(len(LOOP))]
    assert statuses == ["reported", "filed", "dispatched", "handling", "handled", "verified", "closed"]
    last = standing_of(LOOP)
    assert (last.version, last.assignee, last.handlers) == (7, "team", {"team"})


def test_whoever_handled_a_case_never_verifies_it() -> None:
    handled = standing_of(LOOP[:5])
    assert code_of(handled, entry(Act.VERIFY, "team", Role.SUPERVISOR, 9)) == "handler_verifies"
    assert code_of(handled, entry(Act.VERIFY, "sun", Role.SUPERVISOR, 9), ("team",)) == "handler_verifies"
    # also after somebody else took it over
    again = standing_of(
        case(
            REPORTED,
            FILED,
            SENT,
            TAKEN,
            (Act.RETURN, "team", Role.FIELD),
            (*SENT[:3], "others"),
            (Act.ACCEPT, "others", Role.FIELD),
            (Act.HANDLE, "others", Role.FIELD),
        )
    )
    assert code_of(again, entry(Act.VERIFY, "team", Role.SUPERVISOR, 9)) == "handler_verifies"
    assert advance(again, entry(Act.VERIFY, "sun", Role.SUPERVISOR, 9)).status is CaseStatus.VERIFIED


def test_only_who_it_was_sent_to_accepts_handles_and_returns() -> None:
    sent = standing_of(LOOP[:3])
    for act in (Act.ACCEPT, Act.RETURN):
        assert code_of(sent, entry(act, "others", Role.FIELD, 9)) == "not_assigned"
    assert advance(sent, entry(Act.ACCEPT, "li", Role.FIELD, 9), ("team",)).handlers == {"li"}
    joined = advance(sent, entry(Act.JOIN, "dong", Role.DISPATCHER, 9, names="others"))
    assert advance(joined, entry(Act.ACCEPT, "others", Role.FIELD, 9)).status is CaseStatus.HANDLING


def test_a_case_is_suspended_once_and_comes_back_where_it_was() -> None:
    for lines, status in ((LOOP[:3], CaseStatus.DISPATCHED), (LOOP[:4], CaseStatus.HANDLING)):
        stopped = advance(standing_of(lines), entry(Act.SUSPEND, "dong", Role.DISPATCHER, 9))
        assert stopped.status is CaseStatus.SUSPENDED
        again = advance(stopped, entry(Act.RESUME, "dong", Role.DISPATCHER, 10))
        assert (again.status, again.before) == (status, None)
        assert code_of(again, entry(Act.SUSPEND, "dong", Role.DISPATCHER, 11)) == "suspensions_used"


def test_two_extensions_and_one_appeal() -> None:
    work = standing_of(LOOP[:4])
    for minute in range(EXTENSIONS):
        work = advance(work, entry(Act.EXTEND, "dong", Role.DISPATCHER, 9 + minute))
    assert code_of(work, entry(Act.EXTEND, "dong", Role.DISPATCHER, 20)) == "extensions_used"
    once = advance(standing_of(LOOP), entry(Act.APPEAL, "team", Role.FIELD, 9))
    assert once.appealed
    assert code_of(once, entry(Act.APPEAL, "team", Role.FIELD, 10)) == "appealed_before"


def test_reasons_names_and_times() -> None:
    filed = standing_of(LOOP[:2])
    assert code_of(filed, entry(Act.REJECT, "sun", Role.SUPERVISOR, 9, reason=" ")) == "case_reason_missing"
    assert code_of(filed, entry(Act.DISPATCH, "dong", Role.DISPATCHER, 9)) == "case_name_missing"
    assert code_of(filed, entry(Act.DISPATCH, "dong", Role.DISPATCHER, -9, names="team")) == "case_time_backwards"
    assert code_of(None, entry(Act.FILE, "sun", Role.SUPERVISOR)) == "illegal_transition"
    with pytest.raises(GridmapError):
        standing_of(())


@pytest.mark.parametrize(("status", "role"), list(product(CaseStatus, Role)))
def test_every_act_that_is_not_in_the_table_is_refused_with_those_that_are(status: CaseStatus, role: Role) -> None:
    for act in Act:
        about_appeal = act in (Act.GRANT, Act.REFUSE)
        standing = Standing(status, assignee="me", before=CaseStatus.HANDLING, appealed=about_appeal)
        line = entry(act, "me", role, names="team")
        if act in allowed(status, role):
            rule_ = TRANSITIONS[status, act]
            if rule_.outsider:
                assert code_of(standing, line) == "handler_verifies"
                line = entry(act, "sun", role, names="team")
            expected = CaseStatus.HANDLING if act is Act.RESUME else rule_.to or status
            assert advance(standing, line).status is expected
        else:
            assert code_of(standing, line) == "illegal_transition"


def test_an_appeal_needs_two_people_who_grant_it() -> None:
    closed = case(*((e.act, e.by, e.role, e.names) for e in LOOP), (Act.APPEAL, "team", Role.FIELD))
    open_ = standing_of(closed)
    assert code_of(standing_of(LOOP), entry(Act.GRANT, "li", Role.SUPERVISOR, 20)) == "appeal_not_open"
    assert code_of(open_, entry(Act.GRANT, "team", Role.SUPERVISOR, 20)) == "handler_verifies"
    once = advance(open_, entry(Act.GRANT, "li", Role.SUPERVISOR, 20))
    assert not once.appeal_granted
    assert code_of(once, entry(Act.GRANT, "li", Role.SUPERVISOR, 21)) == "appeal_second_person"
    twice = advance(once, entry(Act.GRANT, "wu", Role.SUPERVISOR, 22))
    assert twice.appeal_granted
    assert code_of(twice, entry(Act.REFUSE, "wu", Role.SUPERVISOR, 23)) == "appeal_not_open"
    refused = advance(once, entry(Act.REFUSE, "wu", Role.SUPERVISOR, 22))
    assert not refused.appeal_granted
    assert code_of(refused, entry(Act.GRANT, "ai", Role.SUPERVISOR, 23)) == "appeal_not_open"


def test_the_table_closes_every_road() -> None:
    """Each status can be reached, and from each that is not over there is a way to its end."""
    roads = {(status, rule_.to or status) for (status, _), rule_ in TRANSITIONS.items()}
    roads |= {(CaseStatus.SUSPENDED, CaseStatus.DISPATCHED), (CaseStatus.SUSPENDED, CaseStatus.HANDLING)}

    def reached(first: set[CaseStatus], ways: set[tuple[CaseStatus, CaseStatus]]) -> set[CaseStatus]:
        found = set(first)
        while more := {b for a, b in ways if a in found} - found:
            found |= more
        return found

    assert reached({CaseStatus.REPORTED}, roads) == set(CaseStatus)
    assert reached(set(OVER), {(b, a) for a, b in roads}) == set(CaseStatus)
    assert not [act for (status, act) in TRANSITIONS if status is CaseStatus.MERGED]


class Shift(RuleBasedStateMachine):
    """People of all roles who try everything on one case."""

    @initialize()
    def begin(self) -> None:
        self.record = [entry(Act.REPORT, "citizen", Role.FIELD)]
        self.standing = standing_of(self.record)

    @rule(
        act=st.sampled_from(list(Act)),
        by=st.sampled_from(["a", "b", "c"]),
        role=st.sampled_from([Role.DISPATCHER, Role.SUPERVISOR, Role.FIELD, Role.LEADER]),
        names=st.sampled_from(["", "a", "b", "team"]),
        units=st.sampled_from([(), ("team",)]),
        reason=st.sampled_from(["", "因为"]),
        minutes=st.integers(-1, 30),
    )
    def try_it(
        self, act: Act, by: str, role: Role, names: str, units: tuple[str, ...], reason: str, minutes: int
    ) -> None:
        at = self.record[-1].at + timedelta(minutes=minutes)
        line = Entry(act, by, role, at, reason, names)
        before = self.standing
        try:
            after = advance(before, line, units)
        except GridmapError:
            assert self.standing == before == standing_of(self.record), "a refusal leaves no trace"
            return
        found = TRANSITIONS[before.status, act]
        assert role in found.roles
        assert after.status is (found.to or (before.before if act is Act.RESUME else before.status))
        assert not found.outsider or by not in before.handlers
        assert not found.reason or reason
        self.record.append(line)
        self.standing = after

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Do something that may be done, so that cases come to their end."""
        acts = allowed(self.standing.status)
        if acts:
            act = data.draw(st.sampled_from(acts))
            role = data.draw(st.sampled_from(sorted(TRANSITIONS[self.standing.status, act].roles)))
            by = self.standing.assignee if TRANSITIONS[self.standing.status, act].assignee else "sun"
            self.try_it(act, by or "a", role, "b", (), "因为", 1)

    @invariant()
    def the_record_is_the_truth(self) -> None:
        if not hasattr(self, "record"):
            return
        assert standing_of(self.record) == self.standing
        acts = [line.act for line in self.record]
        assert self.standing.version == len(acts)
        assert acts.count(Act.EXTEND) == self.standing.extensions <= EXTENSIONS
        assert acts.count(Act.SUSPEND) == self.standing.suspensions <= SUSPENSIONS
        assert (self.standing.status is CaseStatus.SUSPENDED) == (self.standing.before is not None)
        verified = [k for k, line in enumerate(self.record) if line.act is Act.VERIFY]
        assert all(Act.HANDLE in acts[:k] for k in verified)
        for k in verified:
            handlers = {line.by for line in self.record[:k] if line.act in (Act.ACCEPT, Act.HANDLE)}
            assert self.record[k].by not in handlers


TestShift = Shift.TestCase
TestShift.settings = settings(max_examples=150, stateful_step_count=60)

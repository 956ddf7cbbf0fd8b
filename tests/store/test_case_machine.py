"""People of all roles try everything on cases in each true store: what is kept is what the table of acts allows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_frames import at, published

from gridmap.domain.access import Role
from gridmap.domain.cases import OPEN, TRANSITIONS, Act, Entry, Standing, history_of
from gridmap.errors import GridmapError
from gridmap.services.cases.desk import Asked, CaseDesk
from gridmap.services.cases.opening import opener
from gridmap.services.cases.takeover import Recorded, take_over
from gridmap.services.intake import Batch
from gridmap.services.intake.desk import Desk
from gridmap.services.ports import CaseFilter, NewCase, PointOwner
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

SETTINGS = Settings(default_set="city")


class Clock:
    """A clock that goes on a quarter of an hour with each look."""

    def __init__(self) -> None:
        self.moment = at(8)

    def now(self) -> Any:
        self.moment += timedelta(minutes=15)
        return self.moment


_TRIES = st.lists(
    st.tuples(
        st.sampled_from(list(Act)),
        st.sampled_from([None, *(Role.DISPATCHER, Role.SUPERVISOR, Role.FIELD, Role.LEADER)]),
        st.sampled_from(["", "因为"]),
        st.sampled_from(["", "grid:a", "dept:城管", "A", "other"]),
        st.integers(-1, 1),
        st.booleans(),
    ),
    max_size=25,
)


class World:
    """A store with a case that others are merged into, and how many cases were opened."""

    def __init__(self, store: Any) -> None:
        self.store, self.clock, self.opened = store, Clock(), 0
        self.plans = Plans(store)
        self.desk = CaseDesk(store, self.plans, self.clock, SETTINGS)

    def open(self, key: str) -> None:
        now = self.clock.now()
        case = NewCase(key, now, "E1-01", 120.001, 30.001, "app", None, Entry(Act.REPORT, "field", Role.FIELD, now), "")
        complete = opener(SETTINGS, self.clock)
        batch = Batch(self.store, self.plans, "cases", [case], [None], complete=complete)
        (done,) = Desk(self.store, self.clock, SETTINGS).keep([batch])
        assert not isinstance(done, Exception), done
        assert done.results[0].status == "accepted"
        self.opened += 1


@pytest.fixture
def world(place: Any) -> Any:
    store = place.open()
    published(store)
    yield World(store)
    store.close()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tries=_TRIES)
def test_no_road_leads_past_the_table_and_no_case_is_lost_or_doubled(world: World, tries: list[Any]) -> None:
    case, other = f"case-{world.opened}", f"case-{world.opened}-other"
    world.open(case)
    world.open(other)
    seen = 1
    for act, role, reason, names, stale, usual in tries:
        view = world.desk.view(case)
        before = view.standing
        if usual and view.may:  # else most tries would be refused
            act, role = view.may[len(reason + names) % len(view.may)]
            reason = reason or "因为"
        names = other if act is Act.MERGE and names else names
        asked = Asked(act, before.version + (0 if usual else stale), reason, names, role)
        try:
            after = world.desk.act(case, asked)
        except GridmapError:
            assert world.desk.view(case).record == view.record, "a refusal leaves no trace"
            continue
        seen += 1
        rule = TRANSITIONS[before.status, act]
        done = after.record[-1].entry
        assert asked.version == before.version
        assert done.role in rule.roles
        assert after.standing.status is (rule.to or (before.before if act is Act.RESUME else before.status))
        assert not rule.outsider or done.by not in before.handlers
        _whole(world, case, after.standing, seen)
    with world.store.unit_of_work() as work:
        assert work.cases.count(CaseFilter()) == world.opened
    _taken_over(world, case)


def _taken_over(world: World, key: str) -> None:
    """Taken over with its record, a case is what the desk made of it, act by act."""
    with world.store.unit_of_work() as work:
        file, (first, *later) = work.cases.find(key), work.cases.record(key)
        assert file is not None
        line = file.line
        twin = NewCase(f"{key}-twin", line.occurred_at, line.category, 120.001, 30.001, "app", None, first.entry, "")
        owner = PointOwner(line.grid_code, "inside", None, line.set_name, 1)
        told = tuple((one.entry, one.author) for one in later)
        assert take_over(work, [Recorded(twin, owner, told)], SETTINGS) == 1
        made = work.cases.find(twin.incident_id)
        assert made is not None
        assert [one[1:] for one in work.cases.record(twin.incident_id)][1:] == [one[1:] for one in later]
        if later:
            # the first clock of a report is that of its intake, which a record from elsewhere has no need of
            same = {"case_id": line.case_id, "key": line.key, "proposed": line.proposed}
            assert replace(made.line, **same) == line
            assert (made.due_at, made.handling_limit) == (file.due_at, file.handling_limit)


def _whole(world: World, case: str, standing: Standing, lines: int) -> None:
    """What stands beside the record says what the record says, and the queue holds the case as long as it is open."""
    with world.store.unit_of_work() as work:
        file, record = work.cases.find(case), work.cases.record(case)
        queued = [line.case_id for line in work.cases.page(CaseFilter(ids=(case,)), limit=2)]
        (row,) = work.cases.frame(CaseFilter(ids=(case,))).itertuples()
    assert file is not None
    assert [line.number for line in record] == list(range(1, lines + 1))
    assert history_of([line.entry for line in record])[-1] == standing
    line = file.line
    assert (line.status, line.version) == (standing.status.value, standing.version)
    assert (line.returns, line.reworks, line.extensions) == (standing.returns, standing.reworks, standing.extensions)
    assert (line.unit or "") == standing.assignee
    assert (line.merged_into or "") == standing.merged_into
    assert (queued == [case]) == (standing.status in OPEN)
    assert row.status == standing.status.value
    assert (row.closed_at == row.closed_at) == (standing.status.value == "closed")

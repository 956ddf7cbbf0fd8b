"""Events of each store: written with the act, in the order of commits, cut to a sight, and forgotten in time."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gridmap.domain.events import Audience, Event, EventKind
from gridmap.domain.trail import Act
from gridmap.services.ports import Store
from gridmap.store.events import KEPT

NOW = datetime(2026, 5, 20, 4, tzinfo=UTC)


def incident(name: str | None, code: str | None, subject: str = "i") -> Event:
    return Event(EventKind.INCIDENT_ADDED, name, code, subject)


EVENTS = (
    incident("urban", "A", "i1"),
    incident("urban", "B", "i2"),
    incident("health", "A", "i3"),
    incident(None, None, "i4"),
    Event(EventKind.VERSION_PUBLISHED, "urban", subject="2"),
    Event(EventKind.INCIDENTS_ADDED, "urban", "A", count=700),
)
MOVED = Event(EventKind.PATROL_MOVED, "urban", "A", "unit-7")


def add(store: Store, *events: Event, at: datetime = NOW, wait: float = 0.0) -> int:
    """Add an act with events; give the number of its entry."""
    with store.unit_of_work() as work:
        number = work.trail.add([Act(at, "test", events=events)]).number
        time.sleep(wait)
        work.commit()
    return number


def page(store: Store, sight: Audience | None = None, after: int = 0, limit: int = 1_000) -> list[Any]:
    with store.unit_of_work() as work:
        return work.events.page(sight, after=after, limit=limit)


def subjects(store: Store, sight: Audience | None) -> list[str]:
    return [h.event.subject or str(h.event.count) for h in page(store, sight)]


def test_events_are_as_they_were_written_and_in_order(store: Store) -> None:
    assert page(store) == []
    with store.unit_of_work() as work:
        assert (work.events.newest(), work.events.mark().key) == (0, None)
    add(store, *EVENTS[:2])
    add(store)
    add(store, *EVENTS[2:], at=NOW + timedelta(seconds=1))
    found = page(store)
    assert tuple(h.event for h in found) == EVENTS
    numbers = [h.number for h in found]
    assert numbers == sorted(set(numbers))
    assert [h.at for h in found] == [NOW] * 2 + [NOW + timedelta(seconds=1)] * 4
    assert [h.number for h in page(store, after=numbers[1], limit=2)] == numbers[2:4]
    with store.unit_of_work() as work:
        assert work.events.newest() == numbers[-1]
        key = work.events.mark().key
    assert key is not None
    assert len(bytes.fromhex(key)) == 32
    add(store, *EVENTS[:1])
    with store.unit_of_work() as work:
        assert work.events.mark().key == key


@pytest.mark.parametrize(
    ("sight", "seen"),
    [
        (Audience(None, None), ["i1", "i2", "i3", "i4", "2", "700"]),
        (Audience((("urban", frozenset("A")),), frozenset({"urban"})), ["i1", "2", "700"]),
        (Audience((("urban", None),), frozenset({"urban"})), ["i1", "i2", "2", "700"]),
        (Audience((("urban", frozenset("B")), ("health", None)), frozenset()), ["i2", "i3"]),
        (Audience((), None), ["2"]),
        (Audience((), frozenset({"health"})), []),
        (Audience((("urban", frozenset()),), frozenset()), []),
        (Audience(None, frozenset()), ["i1", "i2", "i3", "i4", "700"]),
    ],
)
def test_a_sight_cuts_in_the_query_as_it_does_in_memory(store: Store, sight: Audience, seen: list[str]) -> None:
    add(store, *EVENTS, MOVED)
    assert subjects(store, sight) == seen
    assert not replace(sight, patrols=None).shows(MOVED)
    assert [e.subject or str(e.count) for e in EVENTS if sight.shows(e)] == seen
    assert len(page(store, sight, limit=1)) == min(1, len(seen))


def test_what_is_not_committed_has_not_happened(store: Store) -> None:
    with store.unit_of_work() as work:
        work.trail.add([Act(NOW, "test", events=EVENTS)])
    assert page(store) == []
    with store.unit_of_work() as work:
        assert work.events.newest() == 0


def test_beginning_anew_leaves_no_place_good(store: Store) -> None:
    add(store, *EVENTS)
    with store.unit_of_work() as work:
        key = work.events.mark().key
        work.events.begin_anew()
        work.commit()
    assert page(store) == []
    add(store, EVENTS[0])
    with store.unit_of_work() as work:
        assert work.events.mark().key is not None
        assert work.events.mark().key != key or type(store).__name__ == "FakeStore"


@pytest.fixture
def true_store(place: Any) -> Store:
    found: Store = place.open(wait_s=30)
    return found


def test_old_events_are_forgotten_as_new_ones_come(true_store: Store) -> None:
    for n in range(5):
        add(true_store, incident("urban", "A", f"old{n}"), at=NOW - KEPT - timedelta(days=1))
    with true_store.unit_of_work() as work:
        before = work.events.newest()
    add(true_store, incident("urban", "A", "new"))
    assert subjects(true_store, None) == ["new"]
    with true_store.unit_of_work() as work:
        assert work.events.mark().forgotten_to == before


def test_what_only_passes_by_is_soon_forgotten_and_nothing_else(
    true_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridmap.store.events._PASSED", 8)
    monkeypatch.setattr("gridmap.store.events._NOW_AND_THEN", 4)
    for n in range(40):
        add(true_store, MOVED, *([incident("urban", "A", f"i{n}")] if n % 2 else []))
    found = [h.event.subject for h in page(true_store)]
    assert 8 <= found.count("unit-7") <= 13
    assert [s for s in found if s != "unit-7"] == [f"i{n}" for n in range(1, 40, 2)]
    with true_store.unit_of_work() as work:
        assert work.events.mark().forgotten_to == 0


def test_a_reader_that_goes_on_from_the_newest_misses_none_of_many_writers(true_store: Store) -> None:
    """Each writer holds its transaction open for a while: rows that commit late must not get smaller numbers."""
    writers, each, seen = 4, 15, []

    def write(name: int) -> None:
        for n in range(each):
            add(true_store, incident("urban", "A", f"{name}-{n}"), wait=0.002 * (name % 3))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    after, until = 0, time.monotonic() + 60
    while len(seen) < writers * each and time.monotonic() < until:
        found = page(true_store, after=after, limit=7)
        seen += [h.event.subject for h in found]
        after = found[-1].number if found else after
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(f"{w}-{n}" for w in range(writers) for n in range(each))


@pytest.mark.postgis
@pytest.mark.parametrize("place", ["postgis"], indirect=True)
def test_numbers_drawn_without_holding_the_head_would_be_missed(place: Any) -> None:
    """The negative control: with a sequence, what commits late lies behind a reader who has gone on."""
    import sqlalchemy as sa

    store = place.open()
    engine = store._engine if hasattr(store, "_engine") else store.engine
    with engine.connect() as first, engine.connect() as second, engine.connect() as reader:
        with first.begin():
            first.execute(sa.text("create sequence drawn"))
            first.execute(sa.text("create table loose (id bigint default nextval('drawn') primary key)"))
        late = first.begin()
        first.execute(sa.text("insert into loose default values"))
        with second.begin():
            second.execute(sa.text("insert into loose default values"))
        seen = reader.execute(sa.text("select max(id) from loose")).scalar_one()
        late.commit()
        missed = reader.execute(sa.text("select count(*) from loose where id < :seen"), {"seen": seen}).scalar_one()
    assert (seen, missed) == (2, 1)

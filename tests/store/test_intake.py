"""Batches that come together: one commit for all, and each judged, cut down, told and answered by itself."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from redrawing import NOW, SETTINGS, found

from gridmap.domain.access import Area, Grant, Kind, Principal, Role
from gridmap.domain.trail import Outcome
from gridmap.errors import StoreUnavailable, TextError
from gridmap.services.clock import FixedClock
from gridmap.services.guarded import CutPlans, GuardedStore, Parts
from gridmap.services.intake import Batch, Desk, Done, Intake, Key
from gridmap.services.ports import NewFix, NewIncident, PointFilter
from gridmap.services.responsibility import Plans
from gridmap.services.trail import verify

WEST, EAST = (120.001, 30.005), (120.0095, 30.005)
CLOCK = FixedClock(NOW)


def principal(name: str, *areas: Area) -> Principal:
    grants = [Grant(Role.DISPATCHER, area) for area in areas] or [Grant(Role.DISPATCHER)]
    return Principal(name, name, Kind.KEY, tuple(grants))


@pytest.fixture
def desk(store):
    found(store, "city")
    plans = Plans(store)

    def batch(points: list[Any], who: Principal | None = None, kind: str = "incidents", **more: Any) -> Batch:
        seen = GuardedStore(store, who or principal("zhao"), clock=CLOCK, day=NOW.date(), request_id="r")
        cut = CutPlans(plans, seen, Parts())
        return Batch(seen, cut, kind, points, [None] * len(points), **more)

    return SimpleNamespace(store=store, desk=Desk(store, CLOCK, SETTINGS), batch=batch)


def incident(key: str, place: tuple[float, float] = WEST, category: str = "垃圾") -> NewIncident:
    return NewIncident(key, NOW, category, *place)


def statuses(outcomes: list[Any]) -> list[list[str]]:
    return [[r.code or r.status for r in o.results] if isinstance(o, Done) else [type(o).__name__] for o in outcomes]


def stored(store: Any) -> list[str]:
    with store.unit_of_work() as work:
        return sorted(work.incidents.frame(PointFilter())["incident_id"])


def acts(store: Any) -> list[tuple[str, str, dict[str, Any]]]:
    with store.unit_of_work() as work:
        entries = [e.act for e in work.trail.entries()]
    assert {act.outcome for act in entries} <= {Outcome.DONE}
    return [(act.actor, act.action, dict(act.detail)) for act in entries if act.actor]


def commits_of(store: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the units of work that are begun from here on."""
    begun = []
    real = store.unit_of_work

    def counted() -> Any:
        begun.append(1)
        return real()

    monkeypatch.setattr(store, "unit_of_work", counted)
    return begun


def test_several_principals_in_one_unit_of_work(desk, monkeypatch):
    west = principal("west", Area("city", "W"))
    desk.desk.keep([desk.batch([incident("warm")])])  # the plan is built
    begun = commits_of(desk.store, monkeypatch)
    outcomes = desk.desk.keep(
        [
            desk.batch([incident("a"), incident("b", EAST)]),
            desk.batch([incident("c"), incident("d", EAST)], west),
            desk.batch([incident("a"), incident("a", category="other"), incident("e"), incident("e")]),
            desk.batch([NewFix("u", NOW, *EAST), NewFix("u", NOW, *EAST)], kind="patrols"),
        ]
    )
    monkeypatch.undo()
    assert len(begun) == 1
    assert statuses(outcomes) == [
        ["accepted", "accepted"],
        ["accepted", "outside_reach"],
        ["duplicate", "content_differs", "accepted", "duplicate"],
        ["outside_reach", "outside_reach"],  # a dispatcher brings no fixes
    ]
    assert [r.grid_code for r in outcomes[0].results] == ["W", "E"]
    assert stored(desk.store) == ["a", "b", "c", "e", "warm"]
    assert acts(desk.store)[1:] == [
        ("zhao", "incidents.add", {"added": 2, "duplicates": 0}),
        ("west", "incidents.add", {"added": 1, "duplicates": 0}),
        ("zhao", "incidents.add", {"added": 1, "duplicates": 2}),
    ]
    assert verify(desk.store).findings == ()


def test_one_bad_batch_harms_no_other(desk):
    outcomes = desk.desk.keep(
        [desk.batch([incident("a")]), desk.batch([incident("b\x00")]), desk.batch([incident("c")])]
    )
    if isinstance(outcomes[1], TextError):  # the fake holds any text
        assert stored(desk.store) == ["a", "c"]
    assert statuses(outcomes[::2]) == [["accepted"]] * 2


def test_two_equal_keys_have_one_winner(desk):
    key = Key("zhao", "k" * 8, "POST /api/v1/incidents", "hash")
    more = {"key": key, "written": lambda results: f"[{len(results)}]"}
    outcomes = desk.desk.keep([desk.batch([incident("a")], **more), desk.batch([incident("a")], **more)])
    assert statuses(outcomes[:1]) == [["accepted"]]
    assert outcomes[1].before.body == "[1]"
    (again,) = desk.desk.keep([desk.batch([incident("b")], **more)])
    assert again.before.body == "[1]"
    assert stored(desk.store) == ["a"]


def test_a_store_that_fails_keeps_nothing_and_says_so_to_all(desk, monkeypatch):
    kind = type(desk.store.unit_of_work())
    real, tries = kind.commit, []

    def commit(self: Any) -> None:
        tries.append(1)
        raise StoreUnavailable("store_unreachable")

    monkeypatch.setattr(kind, "commit", commit)
    outcomes = desk.desk.keep([desk.batch([incident(c)]) for c in "abc"])
    monkeypatch.setattr(kind, "commit", real)
    assert [o.code for o in outcomes] == ["store_unreachable"] * 3
    assert len(tries) == 1
    assert stored(desk.store) == []
    assert acts(desk.store) == []


def test_what_comes_while_the_desk_is_at_work_goes_together(desk, monkeypatch):
    intake = Intake(desk.desk)
    sizes, order = [], []
    real = desk.desk.keep

    def keep(batches: Any) -> Any:
        sizes.append(len(batches))
        order.extend(b.points[0].incident_id for b in batches)
        if len(sizes) == 1:  # the others come meanwhile
            rest.extend(intake.hand_in(desk.batch([incident(f"n{k}")])) for k in range(1, 9))
        return real(batches)

    rest: list[Any] = []
    monkeypatch.setattr(desk.desk, "keep", keep)
    first = intake.hand_in(desk.batch([incident("n0")]))
    assert first.result(30).results[0].status == "accepted"
    assert [f.result(30).results[0].status for f in rest] == ["accepted"] * 8
    intake.close()
    assert sizes == [1, 8]
    assert order == [f"n{k}" for k in range(9)]
    assert len(stored(desk.store)) == 9


def test_a_fix_is_known_by_unit_time_and_place(desk):
    device = Principal("d", "d", Kind.DEVICE, (Grant(Role.FIELD),))
    fixes = [NewFix("u", NOW, *WEST, 5.0), NewFix("u", NOW, *EAST), NewFix("u", NOW + timedelta(seconds=1), *WEST)]
    first, second = (desk.desk.keep([desk.batch(fixes, device, "patrols")])[0] for _ in range(2))
    assert statuses([first, second]) == [["accepted"] * 3, ["duplicate"] * 3]
    with desk.store.unit_of_work() as work:
        frame = work.patrols.frame(PointFilter())
        assert work.patrols.passing(PointFilter()) == (3, 1, NOW + timedelta(seconds=1))
    assert frame["grid_code"].tolist() == ["W", "E", "W"]


def test_records_are_the_rows_of_a_page(desk):
    desk.desk.keep([desk.batch([incident(c, p) for c, p in zip("cab", (WEST, EAST, (0.5, 0.5)), strict=True)])])
    with desk.store.unit_of_work() as work:
        frame = work.incidents.page(PointFilter(), limit=2)
        records = work.incidents.records(PointFilter(), limit=2)
        rest = work.incidents.records(PointFilter(), limit=2, after=(records[-1].occurred_at, "b"))
    assert [r.incident_id for r in records] == frame["incident_id"].tolist() == ["a", "b"]
    assert [r.occurred_at for r in records] == frame["occurred_at"].tolist()
    assert [(r.place.x, r.place.y) for r in records] == [(p.x, p.y) for p in frame.geometry]
    assert [(r.grid_code, r.version_number) for r in records] == [("E", 1), (None, 1)]
    assert [r.incident_id for r in rest] == ["c"]

"""The contract of every store: cases with their record, books and named places."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from store_frames import at, published

from gridmap.analysis import frames
from gridmap.crs import distances_m, widened
from gridmap.domain.access import Role
from gridmap.domain.cases import Act, Entry
from gridmap.errors import Conflict, NotFound, TextError
from gridmap.services.ports import (
    Book,
    CaseChange,
    CaseFilter,
    NewCase,
    NewIncident,
    PointFilter,
    PointOwner,
    RecordLine,
    WholeCase,
)
from gridmap.store.case_tables import CELL_DEG

OWNER = PointOwner("a", "inside", 3.0, "city", 1)
NOBODY = PointOwner(None, "none", None, None, None)


@pytest.fixture(autouse=True)
def _published(store: Any) -> None:
    published(store)


def line(
    act: Act, hour: float, by: str = "sun", role: Role = Role.SUPERVISOR, reason: str = "", names: str = ""
) -> Entry:
    return Entry(act, by, role, at(hour), reason, names)


def case(key: str, hour: float = 1, lon: float = 120.001, **more: Any) -> NewCase:
    values: dict[str, Any] = {"channel": "hotline", "note": "井盖缺失", "stage_due_at": at(hour + 0.25)} | more
    category = values.pop("category", "E1-01")
    first = Entry(Act.REPORT, "citizen", Role.FIELD, at(hour))
    return NewCase(
        key, at(hour), category, lon, 30.001, values.pop("channel"), values.pop("note"), first, "市民", **values
    )


def put(store: Any, *cases: NewCase, owner: PointOwner = OWNER) -> list[str]:
    with store.unit_of_work() as work:
        verdicts = work.cases.take([(one, owner) for one in cases])
        work.commit()
    return [v.value for v in verdicts]


def change(status: str, **values: Any) -> CaseChange:
    none: dict[str, Any] = dict.fromkeys(
        ("unit", "due_at", "stage_due_at", "handling_limit", "merged_into", "filed_at", "dispatched_at", "handled_at",
         "closed_at"))  # fmt: skip
    rest = {"open": True, "extensions": 0, "returns": 0, "reworks": 0, "appealed": False}
    return CaseChange(status=status, **{**none, **rest, **values})


def whole(one: NewCase, *later: Entry, becomes: CaseChange, owner: PointOwner = OWNER) -> WholeCase:
    lines = [RecordLine(1, one.entry, one.author), *(RecordLine(n, e, e.by) for n, e in enumerate(later, 2))]
    return WholeCase(one, owner, tuple(lines), becomes)


def test_cases_are_taken_over_with_all_that_was_done_and_those_that_are_there_stay(store: Any) -> None:
    put(store, case("A"))
    refused = line(Act.REJECT, 2, reason="不属受理范围")
    closed = whole(case("B", 1), line(Act.FILE, 1.5), refused, becomes=change("rejected", open=False, filed_at=at(1.5)))
    known = whole(case("A"), line(Act.FILE, 1.5), becomes=change("filed", filed_at=at(1.5)))
    waiting = whole(
        case("C", 3), line(Act.FILE, 4), becomes=change("filed", filed_at=at(4), stage_due_at=at(5), risk_at=at(4.5))
    )
    with store.unit_of_work() as work:
        assert work.cases.take_over([closed, known, waiting]) == 2
        work.commit()
    with store.unit_of_work() as work:
        assert work.cases.take_over([closed, known, waiting]) == 0
        work.commit()
    with store.unit_of_work() as work:
        assert work.cases.record("B") == list(closed.record)
        assert len(work.cases.record("A")) == 1
        found = {key: work.cases.find(key).line for key in "ABC"}
        assert {key: (one.status, one.version) for key, one in found.items()} == {
            "A": ("reported", 1), "B": ("rejected", 3), "C": ("filed", 2),
        }  # fmt: skip
        assert [one.case_id for one in work.cases.page(CaseFilter(), limit=9)] == ["A", "C"], "B is in no queue"
        assert [one.case_id for one in work.cases.page(CaseFilter(risk_before=at(4.6)), limit=9)] == ["C"]
        # it goes on from where it stood
        work.cases.append("C", 3, line(Act.NOTE, 6, reason="x"), "sun", change("filed", filed_at=at(4)), OWNER)
        assert [one.number for one in work.cases.record("C")] == [1, 2, 3]
        near = work.cases.open_near([(120.001, 30.001, at(2))], metres=50, hours=8)
        assert {one.case_id for one in near[0]} == {"A", "C"}


def test_nothing_is_taken_over_where_an_incident_is_another_one(store: Any) -> None:
    put(store, case("A"))
    other = whole(case("A", lon=120.0011), becomes=change("reported"))
    fine = whole(case("B"), becomes=change("reported"))
    with store.unit_of_work() as work, pytest.raises(Conflict) as caught:
        work.cases.take_over([fine, other])
    assert caught.value.code == "content_differs"
    with store.unit_of_work() as work:
        assert work.cases.count(CaseFilter()) == 1


def test_a_case_is_opened_once_with_its_incident_and_the_first_line_of_its_record(store: Any) -> None:
    new = case("c1", kind="complaint", emergency=True, photos=("p1", "p2"), reporter="r-9", accuracy_m=4.5,
               address="文化路 3 号", proposed="grid:a", rule="grid", component="370213010001")  # fmt: skip
    assert put(store, new, new, case("c2", hour=2), owner=OWNER) == ["accepted", "duplicate", "accepted"]
    assert put(store, new) == ["duplicate"]
    assert put(store, new._replace(category="E2-01")) == ["content_differs"]
    with store.unit_of_work() as work:
        found = work.cases.find("c1")
        assert work.incidents.count(PointFilter()) == 2
        assert found is not None
        one = found.line
        assert (one.case_id, one.status, one.version, one.kind, one.emergency) == (
            "c1",
            "reported",
            1,
            "complaint",
            True,
        )
        assert (one.set_name, one.grid_code, one.component, one.proposed) == ("city", "a", "370213010001", "grid:a")
        assert (found.note, found.photos, found.reporter, found.accuracy_m) == ("井盖缺失", ("p1", "p2"), "r-9", 4.5)
        assert (shapely.get_x(one.place), shapely.get_y(one.place)) == (120.001, 30.001)
        assert [(n, e.act, e.at, author) for n, e, author in work.cases.record("c1")] == [
            (1, Act.REPORT, at(1), "市民")
        ]
        assert work.cases.find("no") is None
        assert work.cases.find("\x00") is None
        assert work.cases.record("no") == []


def test_an_incident_that_was_there_gets_its_case(store: Any) -> None:
    new = case("c1")
    with store.unit_of_work() as work:
        work.incidents.take([(NewIncident(*new[:7]), OWNER)])
        work.commit()
    assert put(store, new, new) == ["accepted", "duplicate"]


def test_what_cannot_be_stored_leaves_nothing(store: Any) -> None:
    with pytest.raises(TextError):
        put(store, case("c1"), case("c2", address="a\x00b"))
    with store.unit_of_work() as work:
        assert work.cases.count(CaseFilter()) == 0


def test_an_act_is_written_with_what_it_makes_of_the_case_and_the_second_is_told_who_was_first(store: Any) -> None:
    put(store, case("c1"))
    filed = change("filed", filed_at=at(2), stage_due_at=at(3), handling_limit="4 working_hour")
    with store.unit_of_work() as work:
        assert work.cases.hold("c1") is not None
        work.cases.append("c1", 2, line(Act.FILE, 2), "孙", filed, OWNER)
        work.commit()
    with store.unit_of_work() as work:
        with pytest.raises(Conflict) as refused:
            work.cases.append("c1", 2, line(Act.FILE, 2), "李", filed, OWNER)
        assert (refused.value.code, refused.value.fields) == ("case_moved", {"version": 2, "status": "filed"})
        with pytest.raises(NotFound):
            work.cases.append("no", 2, line(Act.FILE, 2), "李", filed, OWNER)
    with store.unit_of_work() as work:
        found = work.cases.find("c1")
        assert (found.line.status, found.line.version, found.line.stage_due_at) == ("filed", 2, at(3))
        assert found.handling_limit == "4 working_hour"
        assert [n for n, _, _ in work.cases.record("c1")] == [1, 2]


def test_the_queue_goes_by_what_is_up_next_and_pages_follow_each_other(store: Any) -> None:
    put(store, *(case(f"c{k}", hour=(7 * k) % 5 + 1) for k in range(12)))
    with store.unit_of_work() as work:
        work.cases.append("c3", 2, line(Act.REJECT, 9, reason="重"), "孙", change("rejected", open=False), OWNER)
        work.cases.append("c4", 2, line(Act.FILE, 9), "孙", change("filed"), OWNER)
        work.commit()
    seen: list[Any] = []
    after = None
    with store.unit_of_work() as work:
        while page := work.cases.page(CaseFilter(open=True), limit=4, after=after):
            seen += page
            after = page[-1].key
        assert len(seen) == 11
        assert seen[-1].case_id == "c4", "what has nothing due stands last"
        assert [s.stage_due_at for s in seen[:-1]] == sorted(s.stage_due_at for s in seen[:-1])
        assert work.cases.counts(CaseFilter()) == {"reported": 10, "filed": 1}
        assert work.cases.count(CaseFilter(due_before=at(2))) == sum(s.stage_due_at < at(2) for s in seen[:-1])
        newest = work.cases.page(CaseFilter(), limit=20, by_report=True)
        assert len(newest) == 12
        times = [one.reported_at for one in newest]
        assert times == sorted(times, reverse=True)
        rest = work.cases.page(CaseFilter(), limit=20, by_report=True, after=newest[6].key)
        assert [r.case_id for r in rest] == [n.case_id for n in newest[7:]]


def test_each_filter_keeps_what_it_says(store: Any) -> None:
    put(store, case("c1"), case("c2", category="E2-01", address="文化路 3 号", channel="app", lon=120.02))
    put(store, case("c3", hour=5, lon=120.5), owner=NOBODY)

    def ids(**asked: Any) -> list[str]:
        with store.unit_of_work() as work:
            found = [one.case_id for one in work.cases.page(CaseFilter(**asked), limit=9)]
            assert work.cases.count(CaseFilter(**asked)) == len(found)
            assert sorted(work.cases.frame(CaseFilter(**asked))["case_id"]) == sorted(found)
            return found

    assert ids() == ["c1", "c2", "c3"]
    assert ids(categories=("E2-01",)) == ["c2"]
    assert ids(grid_code="a") == ["c1", "c2"]
    assert ids(channel="app") == ["c2"]
    assert ids(text="文化") == ["c2"]
    assert ids(text="C3") == ["c3"]
    assert ids(text="%") == []
    assert ids(statuses=("filed",)) == []
    assert ids(start=at(2)) == ["c3"]
    assert ids(end=at(2)) == ["c1", "c2"]
    assert ids(bbox=(120.01, 30, 120.1, 31)) == ["c2"]
    assert ids(within=(("city", frozenset({"a"})),)) == ["c1", "c2"]
    assert ids(within=()) == []
    assert ids(ids=("c1", "c3")) == ["c1", "c3"]
    assert ids(open=False) == []
    assert ids(due_from=at(4)) == ["c3"]


def test_open_cases_near_by_and_of_about_that_time_are_found(store: Any) -> None:
    put(store, case("near", lon=120.0010), case("far", lon=120.0040), case("other", category="E2-01"),
        case("late", hour=9), case("over"))  # fmt: skip
    with store.unit_of_work() as work:
        work.cases.append("over", 2, line(Act.REJECT, 2, reason="重"), "孙", change("rejected", open=False), OWNER)
        work.commit()
    with store.unit_of_work() as work:
        here = (120.0012, 30.001, at(4))
        found = work.cases.open_near([here, (121.0, 30.0, at(4)), here], metres=60, hours=4)
        assert [sorted(one.case_id for one in some) for some in found] == [["near", "other"], [], ["near", "other"]]
        assert work.cases.open_near([], metres=60, hours=72) == []
        assert [one.case_id for one in work.cases.open_near([(*here[:2], at(10))], metres=60, hours=2)[0]] == ["late"]
        old = at(5) + timedelta(days=4)
        assert work.cases.open_near([(*here[:2], old)], metres=60, hours=72) == [[]]


def test_open_cases_near_are_those_of_every_box_worked_out_one_by_one(store: Any) -> None:
    draw = np.random.default_rng(7)
    # a few hundred metres across the border of several cells, many on the same spots and sides of cells
    spots = np.concatenate((draw.uniform(-0.004, 0.004, (150, 2)), draw.integers(-2, 3, (50, 2)) * CELL_DEG))
    places = [(120 + x, 30 + y) for x, y in spots.tolist()]
    put(store, *(case(f"n{k:03d}", hour=1 + k % 5, lon=x)._replace(lat=y) for k, (x, y) in enumerate(places)))
    asked = [(120 + x, 30 + y, at(3)) for x, y in draw.uniform(-0.005, 0.005, (40, 2)).tolist()]
    with store.unit_of_work() as work:
        for metres in (0.0, 60.0, 400.0):
            found = work.cases.open_near(asked, metres=metres, hours=1)
            boxes = widened(np.array([(x, y, x, y) for x, y, _ in asked]), metres).tolist()
            for some, (lon, lat, _), (w, s, e, n) in zip(found, asked, boxes, strict=True):
                timely = [(f"n{k:03d}", x, y) for k, (x, y) in enumerate(places) if abs(k % 5 - 2) <= 1]
                within = {key for key, x, y in timely if distances_m(lon, lat, x, y) <= metres}
                boxed = {key for key, x, y in timely if w <= x <= e and s <= y <= n}
                assert within <= {one.case_id for one in some} <= boxed
                assert len({one.case_id for one in some}) == len(some)
        assert sum(map(len, found)) > 1_000


def test_the_frame_has_all_columns_and_gaps_where_nothing_happened(store: Any) -> None:
    put(store, case("c1"), case("c2", hour=2))
    done = change("closed", open=False, unit="grid:a", filed_at=at(2), dispatched_at=at(2.5), handled_at=at(3),
                  closed_at=at(4), due_at=at(6), returns=1, reworks=2, appealed=True)  # fmt: skip
    with store.unit_of_work() as work:
        work.cases.append("c1", 2, line(Act.FILE, 4), "孙", done, OWNER)
        work.cases.append("c2", 2, line(Act.FILE, 4), "孙", change("dispatched", unit="grid:a"), OWNER)
        work.commit()
    with store.unit_of_work() as work:
        found = frames.require(work.cases.frame(CaseFilter()), frames.CASES)
        assert work.cases.loads(["grid:a", "grid:b"]) == {"grid:a": 1}
    assert found["case_id"].tolist() == ["c1", "c2"]
    assert found["closed_at"].isna().tolist() == [False, True]
    assert found["closed_at"].iloc[0].to_pydatetime() == at(4)
    assert (found["returns"].tolist(), found["reworks"].tolist()) == ([1, 0], [2, 0])
    assert (found["appealed"].tolist(), found["deferred"].tolist()) == ([True, False], [False, False])
    assert str(found["due_at"].dtype) == "datetime64[us, UTC]"
    with store.unit_of_work() as work:
        assert len(work.cases.frame(CaseFilter(text="nothing"))) == 0


def test_of_books_the_latest_that_is_valid_counts(store: Any) -> None:
    def book(day: date, content: str) -> Book:
        return Book("limits", day, content, "市政府通知", at(1))

    with store.unit_of_work() as work:
        work.books.put(book(date(2026, 1, 1), "old"))
        work.books.put(book(date(2026, 6, 1), "new"))
        work.books.put(book(date(2026, 6, 1), "newer"))
        work.books.put(Book("calendar", date(2026, 1, 1), "days", "", at(1)))
        work.commit()
    with store.unit_of_work() as work:
        assert work.books.at("limits", date(2025, 12, 31)) is None
        assert work.books.at("limits", date(2026, 5, 31)).content == "old"
        assert work.books.at("limits", date(2026, 6, 1)).content == "newer"
        assert [(b.kind, b.content) for b in work.books.list_books()] == [
            ("calendar", "days"), ("limits", "old"), ("limits", "newer")]  # fmt: skip


def test_places_are_replaced_as_a_whole(store: Any) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["p2", "p1"], "name": ["文化路 3 号", "人民公园"], "kind": ["door", "poi"],
         "aliases": [["文化路三号"], []]},
        geometry=gpd.points_from_xy([120.1, 120.2], [30.1, 30.2]), crs=4326,
    )  # fmt: skip
    for _ in range(2):
        with store.unit_of_work() as work:
            assert work.places.replace(frame) == 2
            work.commit()
    with store.unit_of_work() as work:
        found = work.places.frame()
    assert found["code"].tolist() == ["p1", "p2"]
    assert found["aliases"].tolist() == [[], ["文化路三号"]]
    assert found.geometry.x.tolist() == [120.2, 120.1]


def test_what_is_at_risk_is_found_by_the_moment_from_which_it_is(store: Any) -> None:
    put(store, case("early", stage_due_at=at(5), risk_at=at(3)), case("late", stage_due_at=at(5), risk_at=at(4)),
        case("none", stage_due_at=at(5)), case("over", stage_due_at=at(2), risk_at=at(1)))  # fmt: skip

    def found(hour: float) -> list[str]:
        asked = CaseFilter(open=True, due_from=at(hour), risk_before=at(hour))
        with store.unit_of_work() as work:
            lines = work.cases.page(asked, limit=9)
            assert work.cases.count(asked) == len(lines)
            assert work.cases.counts(asked) == dict(Counter(line.status for line in lines))
        return sorted(line.case_id for line in lines)

    both = ["early", "late"]
    assert [found(hour) for hour in (1.5, 3, 4, 5, 5.5)] == [["over"], ["early"], both, both, []]
    entry = Entry(Act.FILE, "sun", Role.SUPERVISOR, at(3))
    with store.unit_of_work() as work:
        work.cases.append("early", 2, entry, "孙", change("filed", stage_due_at=at(5), risk_at=at(4.5)), OWNER)
        work.cases.append("late", 2, entry, "孙", change("rejected", open=False, risk_at=at(4.5)), OWNER)
        work.commit()
    assert [found(hour) for hour in (4, 4.5)] == [[], ["early"]]
    with store.unit_of_work() as work:
        assert (work.cases.find("early").line.risk_at, work.cases.find("late").line.risk_at) == (at(4.5), None)

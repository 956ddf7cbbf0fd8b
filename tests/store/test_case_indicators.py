"""Indicators, evaluations and alerts over HTTP, on both true stores."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pypdf
import pytest
from api_world import NOW, at, check_problem, fill
from fastapi.testclient import TestClient

from api.app import create_app
from gridmap.domain.access import Role
from gridmap.domain.cases import Act, Entry
from gridmap.domain.people import GridProfile
from gridmap.services.clock import FixedClock
from gridmap.services.ports import Book, CaseChange, NewCase, PointOwner, Verdict
from gridmap.settings import Settings

MONTH_AGO = NOW - timedelta(days=30)
LON, LAT = at(0.5, 2.5)


@dataclass(frozen=True)
class Past:
    """A case as it stands: how far it came, and what is not as usual."""

    status: str
    late: bool = False
    far: bool = False
    opened: Any = MONTH_AGO
    grid: str | None = "A"
    unit: str = "dept:城管局"
    returns: int = 0
    reworks: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    def new(self, n: int) -> tuple[NewCase, PointOwner]:
        """Its report; each lies in a place of its own, unless it names one."""
        opened = self.opened + timedelta(seconds=n)
        spot = {"lon": LON + (n % 1000) * 1e-3, "lat": LAT + (n // 1000) * 1e-3}
        values = {**spot, "category": "E1-01", "channel": "patrol", "note": "报案人赵强", **self.more}
        first = Entry(Act.REPORT, "sun", Role.FIELD, opened)
        owner = PointOwner(self.grid, "inside" if self.grid else "none", None, "urban" if self.grid else None, None)
        return NewCase(f"c{n:04d}", opened, entry=first, author="孙", **values), owner

    def change(self, n: int) -> CaseChange:
        """What became of it."""
        opened = self.opened + timedelta(seconds=n)
        filed = None if self.status in ("reported", "rejected") else opened + timedelta(minutes=5)
        due = None if filed is None else filed + (timedelta(days=300) if self.far else timedelta(hours=8))
        handled = opened + timedelta(hours=30 if self.late else 4) if self.status == "closed" else None
        return CaseChange(
            status=self.status, unit=self.unit if filed else None, due_at=due, stage_due_at=due, handling_limit=None,
            open=self.status not in ("closed", "rejected"), extensions=0, returns=self.returns, reworks=self.reworks,
            appealed=False, merged_into=None, filed_at=filed, dispatched_at=filed, handled_at=handled,
            closed_at=handled,
        )  # fmt: skip


@pytest.fixture
def store(place: Any) -> Any:
    opened = place.open()
    fill(opened)
    return opened


@pytest.fixture
def client(store: Any) -> Iterator[TestClient]:
    settings = Settings(cursor_key="for tests", max_page=1_000)
    with TestClient(create_app(settings, store, FixedClock(NOW))) as found:
        yield found


def put(store: Any, *cases: Past) -> None:
    with store.unit_of_work() as work:
        made = [case.new(n) for n, case in enumerate(cases)]
        assert set(work.cases.take(made)) == {Verdict.ACCEPTED}
        for n, (case, (new, owner)) in enumerate(zip(cases, made, strict=True)):
            if case.status != "reported":
                entry = Entry(Act.FILE, "li", Role.SUPERVISOR, new.occurred_at, "", "")
                work.cases.append(new.incident_id, 2, entry, "李", case.change(n), owner)
        work.commit()


def get(client: TestClient, what: str, **params: Any) -> Any:
    answer = client.get(f"/api/v1/cases/{what}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def all_behind(client: TestClient, **params: Any) -> list[str]:
    """Every case behind a number, page by page."""
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        body = get(client, "indicators/cases", **params, **more)
        found += [one["case_id"] for one in body["cases"]]
        if body["next"] is None:
            assert len(found) == body["count"]
            return found
        more = {"cursor": body["next"]}


TIANMEN = (
    *[Past("closed")] * 737, *[Past("closed", late=True)] * 174, *[Past("handling")] * 61,
    *[Past("closed", far=True)] * 9, *[Past("dispatched", far=True)] * 15, *[Past("reported")] * 40,
    *[Past("rejected")] * 18,
)  # fmt: skip


def test_the_published_example_comes_out_of_a_store_and_its_numbers_open(client: TestClient, store: Any) -> None:
    put(store, *TIANMEN)
    body = get(client, "indicators")
    assert (body["cases"], body["by"], len(body["groups"])) == (1054, [], 1)
    values = body["groups"][0]["values"]
    assert [values[n]["value"] for n in ("filing", "closing", "on_time_closing")] == [94.5, 93.72, 75.82]
    assert [values[n]["denominator"] for n in ("filing", "closing", "on_time_closing")] == [1054, 972, 972]
    for name, part in (("closing", "numerator"), ("closing", "denominator"), ("filing", "numerator")):
        found = all_behind(client, indicator=name, part=part, limit=400)
        assert len(found) == len(set(found)) == values[name][part]
    # one page names what it shows of a case as a list does
    page = get(client, "indicators/cases", indicator="on_time_closing", limit=3)
    assert "note" not in page["cases"][0]
    assert {one["status"] for one in page["cases"]} == {"closed"}
    # seen from before any limit was up, nothing is due
    early = get(client, "indicators", at=(MONTH_AGO + timedelta(hours=1)).isoformat(), end=NOW.isoformat())
    assert early["groups"][0]["values"]["closing"] == {
        "value": None, "numerator": 0.0, "denominator": 0, "before": None, "change": None}  # fmt: skip
    (scored,) = get(client, "evaluation", table="on-time-60", unit="dept:城管局")["scores"]
    assert (scored["rank"], scored["points"], scored["subject"]) == (1, 45.49, "dept:城管局")


def mixed() -> list[Past]:
    """Four months, three grids, two units, and some of nobody."""
    april, may = MONTH_AGO, NOW - timedelta(days=3)
    return [
        *[Past("closed", opened=april)] * 8, *[Past("handling", opened=april, grid="B")] * 2,
        *[Past("closed", opened=may, unit="dept:=1+1")] * 3, Past("closed", late=True, opened=may, reworks=2),
        Past("handling", opened=may, returns=1, grid=None, more={"channel": "hotline", "category": "E2-01"}),
        Past("closed", opened=april - timedelta(days=365), grid="C"), Past("handling", opened=april - timedelta(365)),
        Past("reported", opened=may, more={"emergency": True, "channel": None, "kind": "complaint"}),
    ]  # fmt: skip


def test_groups_filters_and_comparisons(client: TestClient, store: Any) -> None:
    put(store, *mixed())
    last = {"start": "2025-01-01"}
    months = get(client, "indicators", by="month", indicator="closing", **last)
    assert [g["key"] for g in months["groups"]] == [["2025-04"], ["2026-04"], ["2026-05"]]
    assert [g["values"]["closing"]["value"] for g in months["groups"]] == [50.0, 80.0, 80.0]
    year = get(client, "indicators", by="month", indicator="closing", compare="year", **last)["groups"]
    assert [(g["against"], g["values"]["closing"]["change"]) for g in year] == [
        ("2024-04", None), ("2025-04", 30.0), ("2025-05", None)]  # fmt: skip
    before = get(client, "indicators", by="month", indicator="closing", compare="before", **last)["groups"]
    assert before[2]["values"]["closing"]["before"] == 80.0
    both = get(client, "indicators", by="grid,month", **last)
    assert [g["key"] for g in both["groups"]] == [
        ["A", "2025-04"], ["A", "2026-04"], ["A", "2026-05"], ["B", "2026-04"], ["C", "2025-04"], [None, "2026-05"],
    ]  # fmt: skip
    # every number of every group opens as many cases as it says
    for group in both["groups"]:
        for name, value in group["values"].items():
            asked = {"by": "grid,month", "group": group["group"], "indicator": name, **last}
            assert len(all_behind(client, part="denominator", **asked)) == value["denominator"]
            if name != "handling_hours":
                assert len(all_behind(client, **asked)) == value["numerator"]
    streets = get(client, "indicators", by="area", level="street", indicator="filing", **last)
    assert [(g["key"], g["values"]["filing"]["denominator"]) for g in streets["groups"]] == [
        (["S"], 15), (["T"], 2), ([None], 1)]  # fmt: skip
    assert get(client, "indicators", category="E1", **last)["cases"] == 17
    assert get(client, "indicators", category="E2-01")["cases"] == 1
    assert get(client, "indicators", emergency="true")["cases"] == 1
    assert get(client, "indicators", kind="complaint")["cases"] == 1
    assert get(client, "indicators", channel="hotline")["cases"] == 1
    assert get(client, "indicators", grid="B")["cases"] == 2
    assert get(client, "indicators", unit="dept:=1+1", start="2026-05-01", end="2026-06-01")["cases"] == 3


def test_files_hold_the_same_numbers_and_run_nothing(client: TestClient, store: Any) -> None:
    put(store, *mixed())
    groups = get(client, "indicators", by="unit", indicator="closing")["groups"]
    answer = client.get("/api/v1/cases/indicators.csv?by=unit&indicator=closing&lang=zh")
    assert answer.headers["content-type"].startswith("text/csv")
    head, *rows = csv.reader(io.StringIO(answer.content.decode()))
    assert head[:2] == ["承办单位", "结案率 (%)"]
    assert [row[0] for row in rows] == ["dept:=1+1", "dept:城管局", "（空）"]
    told = [None if not row[1] else (float(row[1]), float(row[2]), float(row[3])) for row in rows]
    figures = [g["values"]["closing"] for g in groups]
    assert told == [None if f["value"] is None else (f["value"], f["numerator"], f["denominator"]) for f in figures]
    book = client.get("/api/v1/cases/indicators.xlsx?by=unit&indicator=closing")
    with zipfile.ZipFile(io.BytesIO(book.content)) as packed:
        assert "<f>" not in packed.read("xl/worksheets/sheet1.xml").decode()
        assert "dept:=1+1" in packed.read("xl/sharedStrings.xml").decode()
    assert client.get("/api/v1/cases/evaluation.xlsx").content[:2] == b"PK"
    assert "89.00" not in client.get("/api/v1/cases/evaluation.csv").text
    paper = client.get("/api/v1/cases/evaluation.pdf?lang=en")
    assert "dept:城管局" in pypdf.PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()


def test_an_evaluation_goes_by_the_table_of_the_city(client: TestClient, store: Any) -> None:
    put(store, *mixed())
    body = get(client, "evaluation")
    assert (body["table"], body["by"]) == ("jinhua", "unit")
    assert any("组织保障" in note for note in body["notes"])
    by_name = {one["subject"]: one for one in body["scores"]}
    quality = {i["id"]: i for i in by_name["dept:城管局"]["items"]}["quality"]
    assert (quality["points"], [p["numerator"] for p in quality["parts"]]) == (4.8, [1, 0, None, None])
    content = """
name = "city"
by = "grid"
document = "市考核办法"
provenance = "city"
title = { zh = "网格考核", en = "Grids" }
[[item]]
id = "closing"
points = 100
title = { zh = "结案率", en = "Closing" }
[[item.loss]]
indicator = "closing"
target = 100
each = 1
"""
    with store.unit_of_work() as work:
        work.books.put(Book("evaluation", date(2026, 5, 1), content, "", NOW))
        work.commit()
    body = get(client, "evaluation", start="2025-01-01")
    assert [(s["rank"], s["subject"], s["share"]) for s in body["scores"]] == [
        (1, "C", 100.0), (2, "A", 92.31), (3, "B", 0.0), (None, None, 0.0)]  # fmt: skip


def test_alerts_of_each_kind(client: TestClient, store: Any) -> None:
    spot = {"lon": LON, "lat": LAT, "category": "E1-04"}
    now = NOW - timedelta(hours=1)
    put(
        store,
        *[Past("handling")] * 21,
        *[Past("reported", opened=now, more=spot)] * 5,
        Past("handling", opened=NOW - timedelta(days=300)),
    )
    with store.unit_of_work() as work:
        people = [GridProfile("A", floating_residents=2_000), GridProfile("B", floating_residents=2_001)]
        work.profiles.put("urban", people, valid_from=date(2020, 1, 1))
        work.commit()
    body = get(client, "alerts")
    assert body["counts"] == {
        "overdue": 22, "cluster": 1, "closing_under_target": 1, "grid_without_head": 3, "station_missing": 1,
    }  # fmt: skip
    kinds = [one["kind"] for one in body["alerts"]]
    assert kinds == sorted(kinds, key=["overdue", "cluster", "rate", "head", "station"].index)
    told = {kind: [one for one in body["alerts"] if one["kind"] == kind] for kind in dict.fromkeys(kinds)}
    assert told["overdue"][0]["subject"] == "c0026"
    assert (told["cluster"][0]["count"], len(told["cluster"][0]["cases"])) == (5, 5)
    assert (told["rate"][0]["subject"], told["rate"][0]["measure"]) == ("dept:城管局", 0.0)
    assert "结案率" in told["rate"][0]["text"]
    # places, units and types by their names; a time in its largest units
    assert told["rate"][0]["text"].startswith("“城管局”")
    assert "天" in told["overdue"][0]["text"]
    assert told["cluster"][0]["text"].count("E1-04") == 0
    said = [one["text"] for one in body["alerts"]]
    assert not [words for words in said if "grid:" in words or "dept:" in words]
    assert "（B）" in told["station"][0]["text"]
    assert {one["subject"] for one in told["head"]} == {"B", "C", "D"}
    assert told["station"][0]["subject"] == "B"
    only = get(client, "alerts", kind="station")
    assert (len(only["alerts"]), only["counts"]) == (1, {"station_missing": 1})
    assert {one["grade"] for one in get(client, "alerts", grade="urgent")["alerts"]} == {"urgent"}


def test_nothing_is_no_data_and_no_alert_of_cases(client: TestClient) -> None:
    body = get(client, "indicators", by="grid,month")
    assert (body["cases"], body["groups"]) == (0, [])
    assert {v["value"] for v in get(client, "indicators")["groups"][0]["values"].values()} == {None}
    assert get(client, "evaluation")["scores"] == []
    assert {one["kind"] for one in get(client, "alerts")["alerts"]} == {"head"}
    assert get(client, "indicators/cases", indicator="closing") == {"count": 0, "cases": [], "next": None}


def test_a_case_that_went_round_the_loop_is_counted_at_each_step(store: Any) -> None:
    clock = SetClock()
    with TestClient(create_app(Settings(cursor_key="for tests"), store, clock)) as client:
        names = ("filing", "return", "closing", "on_time_closing", "rework")
        seen: list[tuple[str, dict[str, tuple[float, int]]]] = []

        def look(step: str, at: datetime) -> None:
            (group,) = get(client, "indicators", at=at.isoformat(), end="2026-06-01")["groups"]
            told = {name: (v["numerator"], v["denominator"]) for name, v in group["values"].items()}
            seen.append((step, {name: told[name] for name in names}))

        report = {"case_id": "c1", "occurred_at": NOW.isoformat(), "category": "E1-01", "lon": LON, "lat": LAT}
        assert client.post("/api/v1/cases", json={"items": [report]}).json()["results"][0]["status"] == "accepted"
        late, version = NOW + timedelta(days=10), 1
        for act, more in (
            ("file", {}), ("dispatch", {"names": "dept:甲"}), ("return", {"reason": "不是我们的", "role": "field"}),
            ("dispatch", {"names": "grid:A"}), ("accept", {"role": "field"}),
            ("handle", {"reason": "已清理", "role": "field"}), ("rework", {"reason": "没有清理"}),
            ("handle", {"reason": "已清理", "role": "field"}), ("verify", {}), ("close", {}),
        ):  # fmt: skip
            clock.moment += timedelta(minutes=1)
            answer = client.post("/api/v1/cases/c1/acts", json={"act": act, "version": version, **more})
            assert answer.status_code == 200, answer.text
            version = answer.json()["case"]["version"]
            look(act, late)
        none, one = (0.0, 0), (1.0, 1)
        told = dict(seen)
        # the limit runs from when it is sent: before, nobody is late
        assert told["file"] == {"filing": one, **dict.fromkeys(names[1:], none)}
        assert told["accept"]["closing"] == (0.0, 1)
        assert told["accept"]["return"] == one
        # it is closed, on time, and was returned and reworked once: nothing of that is lost
        assert told["close"] == {"filing": one, "return": one, "closing": one, "on_time_closing": one, "rework": one}
        look("before its limit", clock.moment)
        assert seen[-1][1]["closing"] == none


class SetClock:
    """A clock that the test sets."""

    moment = NOW

    def now(self) -> datetime:
        return self.moment


WRONG = [
    ("indicators?by=luck", 422, "indicator_by"),
    ("indicators?by=grid,grid", 422, "indicator_by"),
    ("indicators?by=area", 422, "level_not_in_set"),
    ("indicators?by=area&level=moon", 422, "level_not_in_set"),
    ("indicators?indicator=luck", 422, "indicator_unknown"),
    ("indicators?compare=year&by=grid", 422, "indicator_period"),
    ("indicators?start=2026-05-02&end=2026-05-01", 422, "window_reversed"),
    ("indicators/cases?indicator=luck", 422, "indicator_unknown"),
    ("indicators/cases?indicator=closing&by=grid", 404, "indicator_group"),
    ("indicators/cases?indicator=closing&group=%2B%2B", 404, "indicator_group"),
    ("indicators/cases?indicator=closing&by=grid&group=WyJaIl0", 404, "indicator_group"),
    ("indicators/cases?indicator=closing&by=grid&group=e30", 404, "indicator_group"),
    ("evaluation?table=atlantis", 422, "evaluation_unknown"),
]


def test_what_is_asked_wrongly(client: TestClient) -> None:
    for what, status, code in WRONG:
        check_problem(client.get(f"/api/v1/cases/{what}"), status, code)

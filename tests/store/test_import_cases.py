"""Cases of a file, opened in each store: once, all or none, and compared with what is open."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redrawing import NOW, SETTINGS, found

from gridmap.domain.access import OPERATOR
from gridmap.files.records import read_records
from gridmap.services.cases.importing import CasesOutcome, import_cases
from gridmap.services.clock import FixedClock
from gridmap.services.guarded import GuardedStore
from gridmap.services.ports import CaseFilter
from gridmap.services.responsibility import Plans

CLOCK = FixedClock(NOW)
HEAD = "case_id,occurred_at,lon,lat,category,channel,case_kind,emergency,note,accuracy_m,photos\n"
TWO = [
    "d-1,2026-06-01 10:00,120.001,30.005,乱停车,hotline,投诉,是,两辆车,12.5,p1;p2\n",
    "d-2,2026-06-01 10:05,120.0095,30.005,E1-01,,,,,,\n",
]


@pytest.fixture
def town(store):
    found(store, "city")
    return store


def bring(store: Any, folder: Path, rows: list[str], *, keep: bool = True, by: str | None = "case_id") -> CasesOutcome:
    file = folder / "cases.csv"
    file.write_text(HEAD + "".join(rows), encoding="utf-8")
    seen = GuardedStore(store, OPERATOR, clock=CLOCK, day=NOW.date())
    records = read_records(
        file, kind="cases", settings=SETTINGS, columns={"id": by}, make_ids=lambda frame: ["made"] * len(frame)
    )
    return import_cases(
        seen, Plans(seen), records.batches(), settings=SETTINGS, clock=CLOCK, channel="desk", commit=lambda bad: keep
    )


def held(store: Any) -> dict[str, Any]:
    with store.unit_of_work() as work:
        ids = work.cases.frame(CaseFilter())["case_id"].tolist()
        return {key: work.cases.find(key) for key in ids}


def test_each_row_becomes_a_case_with_owner_unit_and_clock(town, tmp_path):
    done = bring(town, tmp_path, TWO)
    assert (done.added.added, done.added.duplicates, done.bad, done.committed) == (2, 0, 0, True)
    cases = held(town)
    first = cases["d-1"]
    line = first.line
    assert (line.category, line.channel, line.kind, line.emergency) == ("E1-02", "hotline", "complaint", True)
    assert (line.grid_code, line.proposed, line.status, line.version) == ("W", "grid:W", "reported", 1)
    assert (first.note, first.photos, first.accuracy_m, first.rule) == ("两辆车", ("p1", "p2"), 12.5, "grid")
    assert line.stage_due_at == NOW + timedelta(minutes=15)  # urgent: a quarter of an hour, whatever the time of day
    assert line.reported_at == NOW
    second = cases["d-2"].line
    assert (second.category, second.channel, second.kind, second.emergency) == ("E1-01", "desk", "report", False)
    assert second.grid_code == "E"
    assert (done.summary.points, done.summary.inside) == (2, 2)


def test_the_trail_says_it_in_one_line_and_a_rehearsal_says_and_keeps_nothing(town, tmp_path):
    rehearsed = bring(town, tmp_path, TWO, keep=False)
    assert (rehearsed.added.added, rehearsed.committed) == (2, False)
    assert held(town) == {}
    bring(town, tmp_path, TWO)
    with town.unit_of_work() as work:
        acts = [entry.act for entry in work.trail.entries() if entry.act.action == "cases.open"]
    assert [dict(act.detail) for act in acts] == [{"added": 2, "duplicates": 0}]


def test_a_second_time_nothing_is_new_and_other_content_is_a_conflict(town, tmp_path):
    bring(town, tmp_path, TWO)
    before = held(town)
    again = bring(town, tmp_path, [*TWO, TWO[0].replace("乱停车", "E1-03"), TWO[1].replace("120.0095", "120.0094")])
    assert (again.added.added, again.added.duplicates, again.bad) == (0, 2, 2)
    assert [(f.rule, f.fields["line"]) for f in again.report.errors] == [("content_differs", 4), ("content_differs", 5)]
    assert held(town) == before


def test_what_could_be_the_same_is_told_within_the_file_and_with_what_is_open(town, tmp_path):
    bring(town, tmp_path, TWO)
    rows = [
        TWO[0].replace("d-1", "x-1").replace("10:00", "11:00"),
        TWO[1].replace("d-2", "x-2").replace("120.0095", "120.0040"),
        TWO[1].replace("d-2", "x-3").replace("120.0095", "120.0041"),
    ]
    done = bring(town, tmp_path, rows)
    assert done.alike == 3
    notes = {f.fields["line"]: f.codes for f in done.report if f.rule == "case_alike"}
    assert notes == {2: ("d-1",), 3: ("x-3",), 4: ("x-2",)}


def test_rows_that_cannot_be_right_are_told_with_line_and_reason(town, tmp_path):
    rows = [
        TWO[0],
        TWO[1].replace("E1-01", "DMV66"),
        TWO[1].replace("2026-06-01", "2027-06-01"),
        TWO[1].replace("120.0095,30.005", "30.005,120.0095"),
        TWO[1].replace("d-2", "far").replace("120.0095", "121.5"),
    ]
    done = bring(town, tmp_path, rows)
    told = sorted((f.fields["line"], f.rule) for f in done.report.errors)
    # degrees beyond the poles are told by the reader of the file, not here
    assert told == [(3, "category_unknown"), (4, "clock_skew")]
    assert sorted(held(town)) == ["d-1", "far"]
    assert held(town)["far"].line.grid_code is None


def test_a_long_file_is_opened_piece_by_piece(town, tmp_path, monkeypatch):
    monkeypatch.setattr("gridmap.services.cases.importing._AT_ONCE", 3)
    rows = [TWO[1].replace("d-2", f"n-{k}").replace("30.005", f"30.00{k}") for k in range(8)]
    done = bring(town, tmp_path, rows)
    assert done.added.added == 8
    assert sorted(held(town)) == [f"n-{k}" for k in range(8)]
    assert done.alike == 0  # a hundred metres apart

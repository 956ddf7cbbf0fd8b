"""Inspection plans: due on the day, overdue on the next; a draw that anybody can repeat."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap.analysis.inspections import inspections
from gridmap.analysis.patrol_list import patrol_list
from gridmap.domain.inspections import Cycle, CycleUnit, Draw, InspectionPlan, draw, status_on, verify
from gridmap.errors import GridmapError

QUARTER = InspectionPlan("relics", Cycle(CycleUnit.QUARTER), date(2026, 1, 1))
GEOD = pyproj.Geod(ellps="WGS84")


def test_77_relics_once_a_quarter_are_308_inspections_a_year():
    assert QUARTER.required_a_year(77) == 308


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2026, 3, 17), "current"),
        (date(2026, 3, 18), "due"),
        (date(2026, 3, 31), "due"),
        (date(2026, 4, 1), "due"),
        (date(2026, 4, 2), "overdue"),
    ],
)
def test_overdue_after_one_quarter(day: date, status: str):
    assert status_on(QUARTER, None, day) == status
    assert status_on(QUARTER, date(2026, 1, 1), day) == status


@pytest.mark.parametrize(
    ("cycle", "day", "due"),
    [
        (Cycle(CycleUnit.DAY, 10), date(2026, 2, 25), date(2026, 3, 7)),
        (Cycle(CycleUnit.WEEK), date(2026, 12, 28), date(2027, 1, 4)),
        (Cycle(CycleUnit.MONTH), date(2026, 1, 31), date(2026, 2, 28)),
        (Cycle(CycleUnit.MONTH), date(2028, 1, 31), date(2028, 2, 29)),
        (Cycle(CycleUnit.QUARTER), date(2026, 11, 30), date(2027, 2, 28)),
        (Cycle(CycleUnit.YEAR, 2), date(2024, 2, 29), date(2026, 2, 28)),
    ],
)
def test_cycles_follow_the_calendar(cycle: Cycle, day: date, due: date):
    assert cycle.after(day) == due


@given(day=st.dates(date(1990, 1, 1), date(2100, 1, 1)), unit=st.sampled_from(CycleUnit), count=st.integers(1, 30))
def test_a_cycle_always_leads_on_and_an_earlier_visit_is_never_due_later(day: date, unit: CycleUnit, count: int):
    cycle = Cycle(unit, count)
    assert cycle.after(day) > day
    assert cycle.after(day - timedelta(days=1)) <= cycle.after(day)


def objects(count: int = 4) -> gpd.GeoDataFrame:
    lon = 120.0 + 0.01 * np.arange(count)
    ids = [f"o{n}" for n in range(count)]
    return gpd.GeoDataFrame({"object_id": ids}, geometry=gpd.points_from_xy(lon, [36.0] * count), crs=4326)


def checks(*rows: tuple[str, date, tuple[str, ...]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["object_id", "checked_on", "items"])


def fixes(*rows: tuple[float, float, datetime]) -> gpd.GeoDataFrame:
    lon, lat, at = zip(*rows, strict=True)
    held = {"unit_id": ["u"] * len(rows), "fixed_at": pd.to_datetime(list(at), utc=True)}
    return gpd.GeoDataFrame(held, geometry=gpd.points_from_xy(lon, lat), crs=4326)


ITEMS = InspectionPlan("relics", Cycle(CycleUnit.QUARTER), date(2026, 1, 1), ("door", "roof"))


def test_a_check_is_complete_when_it_told_everything():
    found = inspections(
        objects(),
        checks(
            ("o0", date(2026, 5, 1), ("roof", "door", "more")),
            ("o1", date(2026, 5, 1), ("roof",)),
            ("o2", date(2026, 1, 2), ("roof", "door")),
            ("o0", date(2026, 7, 1), ("roof", "door")),
            ("elsewhere", date(2026, 5, 1), ()),
        ),
        ITEMS,
        date(2026, 6, 1),
    )
    assert found["status"].tolist() == ["current", "overdue", "overdue", "overdue"]
    assert found["visited"].tolist() == [True, True, False, False]
    assert found["complete"].tolist() == [True, False, False, False]
    assert found["due_on"].tolist() == [date(2026, 8, 1), date(2026, 4, 1), date(2026, 4, 2), date(2026, 4, 1)]
    assert found["days_over"].tolist() == [0, 61, 60, 61]
    assert found.attrs["summary"] == {
        "objects": 4, "current": 1, "due": 0, "overdue": 3, "visited": 2, "complete": 1, "never": 1,
        "required_a_year": 16,
    }  # fmt: skip


def test_a_patrol_within_30_m_has_been_there_and_completes_what_asks_for_nothing_more():
    when = datetime(2026, 5, 1, 2, tzinfo=UTC)
    near, far = (GEOD.fwd(120.0 + 0.01 * n, 36.0, 70.0, metres)[:2] for n, metres in ((0, 29.9), (1, 30.1)))
    passed = fixes((*near, when), (*far, when))
    found = inspections(objects(2), checks(), QUARTER, date(2026, 6, 1), fixes=passed)
    assert found["visited"].tolist() == [True, False]
    assert found["complete"].tolist() == [True, False]
    found = inspections(objects(2), checks(), ITEMS, date(2026, 6, 1), fixes=passed)
    assert found["visited"].tolist() == [True, False]
    assert found["complete"].tolist() == [False, False]


@pytest.mark.parametrize(
    ("seconds", "visited"), [((0,), False), ((0, 59), False), ((0, 60), True), ((0, 40, 90), True), ((0, 301), False)]
)
def test_who_only_passed_by_has_not_been_there(seconds: tuple[int, ...], visited: bool):
    plan = InspectionPlan("relics", Cycle(CycleUnit.QUARTER), date(2026, 1, 1), dwell_s=60.0)
    when = datetime(2026, 5, 1, 2, tzinfo=UTC)
    passed = fixes(*((120.0, 36.0, when + timedelta(seconds=s)) for s in seconds))
    found = inspections(objects(1), checks(), plan, date(2026, 6, 1), fixes=passed)
    assert found["visited"].tolist() == [visited]
    # two units that pass one after the other are no stay
    two = passed.assign(unit_id=[f"u{n}" for n in range(len(passed))])
    assert inspections(objects(1), checks(), plan, date(2026, 6, 1), fixes=two)["visited"].tolist() == [False]


def test_the_day_of_a_fix_is_that_of_the_district():
    late = fixes((120.0, 36.0, datetime(2026, 5, 1, 17, tzinfo=UTC)))
    found = inspections(objects(1), checks(), QUARTER, date(2026, 6, 1), fixes=late)
    assert found["last_visit_on"].tolist() == [date(2026, 5, 2)]
    assert inspections(objects(1), checks(), QUARTER, date(2026, 5, 1), fixes=late)["visited"].tolist() == [False]


def test_objects_must_be_told_apart():
    with pytest.raises(GridmapError) as raised:
        inspections(pd.concat([objects(), objects()]), checks(), QUARTER, date(2026, 6, 1))
    assert raised.value.code == "code_duplicate"


# --- the draw

IDS = [f"p{n}" for n in range(50)]


def test_a_draw_can_be_repeated_by_its_rule_alone():
    held = draw(IDS, "2026-11-20 no. 7", count=5)
    sealed = hashlib.sha256("".join(f"{i}\n" for i in sorted(IDS)).encode()).hexdigest()
    lots = sorted(IDS, key=lambda i: hashlib.sha256(f"2026-11-20 no. 7\n{sealed}\n{i}".encode()).hexdigest())
    assert held == Draw("2026-11-20 no. 7", sealed, 50, tuple(lots[:5]))
    assert verify(held, IDS[::-1])


def test_another_list_or_another_choice_does_not_pass():
    held = draw(IDS, "s", count=5)
    assert not verify(held, IDS[1:])
    assert not verify(Draw("t", held.list_sha256, 50, held.chosen), IDS)
    assert not verify(Draw("s", held.list_sha256, 50, held.chosen[::-1]), IDS)


@pytest.mark.parametrize(("share", "size"), [(0, 0), (0.1, 5), (0.101, 6), (1, 50)])
def test_a_share_is_rounded_up(share: float, size: int):
    assert len(draw(IDS, "s", share=share).chosen) == size


@pytest.mark.parametrize(
    "wrong",
    [{}, {"count": 1, "share": 0.5}, {"count": -1}, {"share": 1.1}, {"share": float("nan")}],
)
def test_a_draw_that_says_nothing_is_refused(wrong: dict):
    with pytest.raises(GridmapError):
        draw(IDS, "s", **wrong)
    with pytest.raises(GridmapError):
        draw(IDS, "", count=1)
    with pytest.raises(GridmapError):
        draw(["a", "a"], "s", count=1)


@settings(max_examples=40)
@given(ids=st.sets(st.text(max_size=5), max_size=20), seed=st.text(min_size=1, max_size=5), count=st.integers(0, 25))
def test_a_larger_draw_holds_the_smaller_one_and_order_means_nothing(ids: set, seed: str, count: int):
    held = draw(ids, seed, count=count)
    assert len(held.chosen) == min(count, len(ids))
    assert set(held.chosen) <= ids
    assert draw(sorted(ids, reverse=True), seed, count=count + 1).chosen[: len(held.chosen)] == held.chosen
    assert verify(held, ids)


def test_every_object_has_the_same_chance():
    drawn = [one for n in range(2_000) for one in draw(IDS, f"seed {n}", count=5).chosen]
    times = pd.Series(drawn).value_counts().reindex(IDS, fill_value=0)
    # 200 each on average, binomial: five standard deviations are 67
    assert times.between(133, 267).all()


# --- where to go tomorrow


def recency(**grids: tuple[float | None, float | None]) -> pd.DataFrame:
    rows = [(code, *held) for code, held in grids.items()]
    return pd.DataFrame(rows, columns=["code", "days_since", "norm_days"])


def happened(**grids: tuple[int, bool]) -> pd.DataFrame:
    return pd.DataFrame([(c, *held) for c, held in grids.items()], columns=["grid_code", "incidents", "hot"])


@pytest.mark.parametrize(("days", "overdue"), [(6, False), (7, False), (8, True)])
def test_overdue_is_more_than_the_norm(days: int, overdue: bool):
    found = patrol_list(recency(A=(days, 7)), happened())
    assert found["code"].tolist() == (["A"] if overdue else [])


def test_what_a_grid_brings_is_what_nobody_was_there_to_see():
    found = patrol_list(
        recency(A=(10, 7), B=(1, 7), C=(None, 7), D=(2, 7)),
        happened(A=(30, False), B=(60, True), C=(3, False), D=(90, False)),
        window_days=30,
    )
    # per day 1, 2, 0.1 and 3; unseen 10, 2, 3 and 6 of 21; nothing asks for D
    assert found["code"].tolist() == ["A", "C", "B"]
    assert found["unseen"].tolist() == pytest.approx([10, 3, 2])
    assert found["share"].tolist() == pytest.approx([10 / 21, 3 / 21, 2 / 21])
    assert found["share_so_far"].tolist() == pytest.approx([10 / 21, 13 / 21, 15 / 21])
    assert found[["overdue", "hot", "never"]].to_numpy().tolist() == [
        [True, False, False], [False, False, True], [False, True, False]
    ]  # fmt: skip
    assert found["rank"].tolist() == [1, 2, 3]


def test_without_incidents_the_longest_over_comes_first_and_the_list_ends_at_its_count():
    found = patrol_list(recency(A=(9, 7), B=(12, 7), C=(9, 7)), happened(), count=2)
    assert found["code"].tolist() == ["B", "A"]
    assert found["share"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: patrol_list(recency().drop(columns="norm_days"), happened()), "column_missing"),
        (lambda: patrol_list(recency(A=(1, 1)), happened(), count=0), "not_positive"),
        (lambda: patrol_list(pd.concat([recency(A=(1, 1))] * 2), happened()), "code_duplicate"),
    ],
)
def test_lists_that_make_no_sense_are_refused(call, code: str):
    with pytest.raises(GridmapError) as raised:
        call()
    assert raised.value.code == code


@settings(max_examples=40)
@given(
    held=st.lists(
        st.tuples(st.one_of(st.none(), st.integers(0, 60)), st.integers(1, 30), st.integers(0, 50), st.booleans()),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_shares_are_of_one_whole(held: list):
    grids = recency(**{f"g{n}": row[:2] for n, row in enumerate(held)})
    incidents = happened(**{f"g{n}": row[2:] for n, row in enumerate(held)})
    found = patrol_list(grids, incidents, count=100)
    assert found["share"].is_monotonic_decreasing
    assert found["share"].sum() <= 1 + 1e-9
    assert set(found["code"]) == {
        f"g{n}" for n, (since, norm, _, hot) in enumerate(held) if since is None or since > norm or hot
    }

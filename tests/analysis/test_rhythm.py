"""When things happen: planted peaks, chance, gaps in the records, kinds under two names, days without a time."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridmap.analysis.rhythm import (
    month_profile,
    record_gaps,
    renamed_kinds,
    say_profile,
    say_records,
    say_week,
    week_matrix,
)  # fmt: skip
from gridmap.errors import InvalidInput

ZONE = "Asia/Shanghai"
YEAR = {"start": date(2024, 1, 1), "end": date(2026, 1, 1), "time_zone": ZONE}
DAYS = pd.date_range("2024-01-01", "2025-12-31", freq="D", tz=ZONE)


def incidents(per_day: Any, seed: int = 1, days: pd.DatetimeIndex = DAYS) -> pd.Series:
    """So many a day, at any second of it."""
    draw = np.random.default_rng(seed)
    many = draw.poisson(np.broadcast_to(per_day, len(days)))
    second = pd.to_timedelta(draw.integers(1, 86_400, many.sum()), unit="s")
    return pd.Series((days.repeat(many) + second).tz_convert("UTC"))


def of_kinds(**series: pd.Series) -> tuple[pd.Series, pd.Series]:
    at = pd.concat(list(series.values()), ignore_index=True)
    return at, pd.Series(np.repeat(list(series), [len(s) for s in series.values()]))


def test_the_dust_of_april_and_may_is_found_and_nothing_else() -> None:
    spring = np.isin(DAYS.month, [4, 5])
    found = month_profile(*of_kinds(dust=incidents(np.where(spring, 3.0, 1.0)), noise=incidents(1.5, 2)), **YEAR)
    assert found.query("judged == 'high'")[["kind", "month"]].to_numpy().tolist() == [["dust", 4], ["dust", 5]]
    assert (found.query("kind == 'noise'")["judged"] == "usual").all()
    assert found["days"].sum() == 2 * 731
    assert found.query("kind == 'dust' and month == 4")["years"].item() == 2
    said = [one.text("en") for one in say_profile(found)]
    assert said[0].startswith("dust: ")
    assert "4, 5" in said[0]
    assert len(said) == 1
    once = month_profile(*of_kinds(dust=incidents(np.where(spring, 4.0, 1.0))), **{**YEAR, "start": date(2025, 1, 1)})
    assert [one.key for one in say_profile(once)] == ["month_peak", "month_once"]


def test_months_begin_at_local_midnight() -> None:
    at = pd.Series(pd.to_datetime(["2024-03-31T15:59:59Z", "2024-03-31T16:00:00Z"], utc=True))
    found = month_profile(at, pd.Series(["a", "a"]), **YEAR)
    assert found.set_index("month")["count"].loc[[3, 4]].tolist() == [1, 1]


def test_chance_has_no_season_even_in_bursts() -> None:
    """Bursts of ten at a time look like seasons to a plain test; the negative control shows that they do."""
    false = plain = 0
    for seed in range(40):
        at = incidents(0.2, seed)
        bursts = at.repeat(10).reset_index(drop=True)
        found = month_profile(bursts, pd.Series("a", index=bursts.index), **YEAR)
        false += found["judged"].isin(["high", "low"]).any()
        plain += (abs(found["count"] - found["expected"]) > 3 * np.sqrt(found["expected"])).any()
    assert plain > 30
    assert false / 40 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)


def test_a_gap_is_found_and_counts_no_days() -> None:
    whole = incidents(20.0, 4)
    local = whole.dt.tz_convert(ZONE).dt.date
    lost = (local >= date(2025, 2, 3)) & (local <= date(2025, 2, 20))
    at = whole[~lost].reset_index(drop=True)
    gaps = record_gaps(at, **YEAR)
    assert gaps == [(date(2025, 2, 3), date(2025, 2, 20))]
    kind = pd.Series("a", index=at.index)
    blind, told = (month_profile(at, kind, **YEAR, gaps=g).set_index("month") for g in ((), gaps))
    assert blind.loc[2, "ratio"] < 0.75
    assert 0.85 < told.loc[2, "ratio"] < 1.15
    assert blind.loc[2, "days"] - told.loc[2, "days"] == 18

    assert say_records(gaps, [])[0].text("en").startswith("No records from 2025-02-03 to 2025-02-20 (18 days)")
    assert record_gaps(whole, **YEAR) == []


def test_days_off_and_rare_kinds_are_no_gaps() -> None:
    work = incidents(np.where(DAYS.day_of_week < 5, 4.0, 0.0), 5)
    assert record_gaps(work, **YEAR) == []
    assert record_gaps(incidents(0.1, 6), **YEAR) == []
    assert record_gaps(incidents(0.0, 6), **YEAR) == []
    # from the middle of the window on nothing was recorded any more
    half = work[work < pd.Timestamp("2025-01-01", tz=ZONE)].reset_index(drop=True)
    assert record_gaps(half, **YEAR)[-1][1] == date(2025, 12, 31)


def test_a_kind_under_a_new_name_is_suspected() -> None:
    cut = pd.Timestamp("2025-05-01", tz=ZONE)
    dust, noise = incidents(1.0, 7), incidents(1.0, 8)
    at, kind = of_kinds(dust=dust, noise=noise)
    renamed = kind.where(~((kind == "dust") & (at >= cut)), "dust (site)")
    found = renamed_kinds(at, renamed)
    assert [(old, new) for old, new, _ in found] == [("dust", "dust (site)")]
    assert abs((found[0][2] - date(2025, 5, 1)).days) <= 5
    assert "dust (site)" in say_records([], found)[0].text("zh")
    assert renamed_kinds(at, kind) == []
    assert renamed_kinds(at[:0], kind[:0]) == []


def test_the_week_is_counted_by_local_hour() -> None:
    at = pd.Series(pd.to_datetime(["2024-01-01T00:30:00Z", "2024-01-07T16:10:00Z", "2024-01-01T00:59:59Z"], utc=True))
    found = week_matrix(at, **YEAR)
    assert found.counts[0, 8] == 2
    assert found.counts[0, 0] == 1
    assert found.counts.sum() == 3
    assert found.hours.sum() == 731 * 24
    assert found.per_hour[0, 8] == pytest.approx(2 / 105)
    assert say_week(found)[0].text("en").startswith("Busiest: Monday 08:00")


def test_records_without_a_time_are_not_midnight() -> None:
    at = incidents(1.0, 9)
    midnight = pd.Series(DAYS[:200].tz_convert("UTC"))
    found = week_matrix(pd.concat([at, midnight], ignore_index=True), **YEAR)
    assert found.summary["no_time"] == 200
    assert found.counts.sum() == len(at)
    assert say_week(found)[-1].key == "week_no_time"
    assert week_matrix(at, **YEAR).summary["no_time"] == 0


def test_where_nothing_happened_nothing_is_said() -> None:
    none = incidents(0.0)
    assert [one.key for one in say_profile(month_profile(none, pd.Series([], dtype=str), **YEAR))] == [
        "silent_no_incidents"
    ]
    assert [one.key for one in say_week(week_matrix(none, **YEAR))] == ["silent_no_incidents"]
    one = month_profile(incidents(5.0)[:1], pd.Series(["a"]), **YEAR)
    assert set(one["judged"]) == {"not_judged"}
    march = {**YEAR, "start": date(2024, 3, 1), "end": date(2024, 4, 1)}
    at = incidents(5.0)
    assert month_profile(at, pd.Series("a", index=at.index), **march).attrs["summary"]["reason"] == "one_month"
    for given_, code in (
        ({"end": date(2024, 1, 1)}, "window_empty"), ({"rate": 0.0}, "not_a_share"),
        ({"kind": at[:1]}, "lengths_differ"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as raised:
            month_profile(**{"at": at, "kind": pd.Series("a", index=at.index), **YEAR, **given_})
        assert raised.value.code == code

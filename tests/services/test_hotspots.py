"""Gaps in the records of a window, and what tells figures from others."""

from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gridmap.analysis.bandwidths import Bandwidth
from gridmap.services.hotspots import _bounded, digest, record_faults

ZONE = "Asia/Shanghai"
END = datetime(2026, 11, 18, 15, tzinfo=UTC)  # 23:00 there


def records(without: tuple[date, date] | None = None, days: int = 60) -> gpd.GeoDataFrame:
    """Forty incidents a day; none of ``without``."""
    at = pd.Series(pd.date_range(END - timedelta(days=days), END, periods=40 * days, tz="UTC", inclusive="left"))
    if without is not None:
        day = at.dt.tz_convert(ZONE).dt.date
        at = at[(day < without[0]) | (day > without[1])]
    return gpd.GeoDataFrame(
        {"occurred_at": at, "category": "垃圾"}, geometry=gpd.points_from_xy([120.0] * len(at), 36.0)
    )


@pytest.mark.parametrize("hours", [0, 1, 12, 23])
def test_an_hour_of_a_day_at_the_edge_of_the_window_is_no_gap(hours) -> None:
    # the window begins before the first record of its first day, or in the middle of a day
    gaps, _ = record_faults(records(), END - timedelta(days=30, hours=hours), END, ZONE)
    assert gaps == ()


def test_a_week_without_records_is_found_and_a_day_alone_says_nothing() -> None:
    lost = (date(2026, 11, 2), date(2026, 11, 8))
    gaps, _ = record_faults(records(lost), END - timedelta(days=30), END, ZONE)
    assert gaps == (lost,)
    assert record_faults(records(lost), END - timedelta(hours=30), END, ZONE)[0] == ()
    assert record_faults(records().iloc[:0], END - timedelta(days=30), END, ZONE) == ((), [])


def test_a_renamed_kind_is_told() -> None:
    found = records()
    found.loc[found["occurred_at"] > END - timedelta(days=20), "category"] = "生活垃圾"
    renamed = record_faults(found, END - timedelta(days=60), END, ZONE)[1]
    assert [(old, new) for old, new, _ in renamed] == [("垃圾", "生活垃圾")]


def test_other_figures_have_another_digest() -> None:
    one = np.arange(6.0)
    assert digest(one) == digest(one.copy())
    others = [digest(one + 1), digest(one.reshape(2, 3)), digest(one, None), digest(None, one), digest(one, one)]
    assert len({digest(one), *others}) == 6


def test_a_bandwidth_that_a_screen_cannot_show_is_widened_and_says_so() -> None:
    width = Bandwidth(40.0, "likelihood", (), ())
    assert _bounded(width, 30.0) is width
    assert _bounded(width, 90.0).bandwidth_m == 90.0
    assert "90" in _bounded(width, 90.0).said[-1].text("en")

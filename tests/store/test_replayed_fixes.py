"""Fixes that are sent again, in any order and in other batches, are stored once: counts stay exact in every store."""

from datetime import timedelta

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from redrawing import NOW, SETTINGS, found

from gridmap.services.patrols import record_fixes
from gridmap.services.ports import PointFilter
from gridmap.services.responsibility import Plans

EACH = 500
BATCH = 1_000


def sent(count: int) -> gpd.GeoDataFrame:
    """Fixes of so many, over the whole ground of the set."""
    rng = np.random.default_rng(count)
    number = np.arange(count)
    frame = {
        "unit_id": [f"u{n // EACH:04}" for n in number],
        "fixed_at": pd.Timestamp(NOW) - timedelta(days=1) + pd.to_timedelta(number % EACH * 10, unit="s"),
        "accuracy_m": np.nan,
    }
    x, y = rng.uniform(120.0005, 120.0095, count).round(6), rng.uniform(30.0005, 30.0095, count).round(6)
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(x, y), crs=4326)


@pytest.mark.parametrize("count", [1_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_replays_and_shuffles_are_stored_once(store, count: int) -> None:
    found(store, "city")
    plans, fixes = Plans(store), sent(count)
    rng = np.random.default_rng(7)
    # each is sent once, a quarter of them twice more, all in one disorder
    rows = rng.permutation(np.concatenate([np.arange(count), *[rng.choice(count, count // 4, replace=False)] * 2]))
    statuses: dict[str, int] = {}
    for first in range(0, len(rows), BATCH):
        batch = fixes.iloc[rows[first : first + BATCH]].reset_index(drop=True)
        for result in record_fixes(store, plans, batch, settings=SETTINGS, now=NOW):
            statuses[result.status] = statuses.get(result.status, 0) + 1
    assert statuses == {"accepted": count, "duplicate": len(rows) - count}
    with store.unit_of_work() as work:
        assert work.patrols.count(PointFilter()) == count
        counts = work.patrols.counts_by_grid(PointFilter())
        held = work.patrols.frame(PointFilter())
    assert counts["fixes"].sum() == held["grid_code"].notna().sum()
    wanted = fixes["unit_id"].value_counts()
    assert held["unit_id"].value_counts().to_dict() == wanted.to_dict()

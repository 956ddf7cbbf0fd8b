"""Cases of a district-year for benchmarks: grids, categories and times without meaning, in the usual proportions."""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis import frames

TIMES = ("reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at", "due_at")


def many_cases(count: int = 200_000, grids: int = 1_333, seed: int = 6) -> gpd.GeoDataFrame:
    """A district-year."""
    rng = np.random.default_rng(seed)
    statuses = np.array(
        ["closed", "closed", "closed", "closed", "handling", "reported", "rejected", "merged", "suspended"]
    )
    status = statuses[rng.choice(len(statuses), count, p=[0.3, 0.3, 0.2, 0.1, 0.03, 0.02, 0.02, 0.02, 0.01])]
    minute = np.timedelta64(1, "m")
    reported = np.datetime64("2025-12-31T16:00", "us") + rng.integers(0, 365 * 86_400_000_000, count) * np.timedelta64(
        1, "us"
    )
    filed = reported + rng.integers(1, 30, count) * minute
    sent = filed + rng.integers(1, 30, count) * minute
    handled = sent + rng.integers(10, 6000, count) * minute
    never = np.datetime64("NaT", "us")
    early = np.isin(status, ["reported", "rejected"])
    done = status == "closed"
    columns = {
        "case_id": np.array([f"C{n:07d}" for n in range(count)], dtype=object),
        "reported_at": reported,
        "category": np.array([f"E{n % 9 + 1}-{n % 5 + 1:02d}" for n in range(45)], dtype=object)[
            rng.integers(0, 45, count)
        ],
        "channel": np.array(["patrol", "hotline", "app", "video"], dtype=object)[rng.integers(0, 4, count)],
        "kind": "report",
        "emergency": rng.uniform(size=count) < 0.05,
        "status": status.astype(object),
        "grid_code": np.array([f"370200001{n:06d}" for n in range(grids)], dtype=object)[rng.integers(0, grids, count)],
        "unit": np.array([f"dept:{n}" for n in range(30)], dtype=object)[rng.integers(0, 30, count)],
        "filed_at": np.where(early, never, filed),
        "dispatched_at": np.where(early, never, sent),
        "handled_at": np.where(done, handled, never),
        "closed_at": np.where(done, handled + 30 * minute, never),
        "due_at": np.where(early | (status == "suspended"), never, filed + rng.integers(60, 7200, count) * minute),
        "returns": rng.choice(3, count, p=[0.9, 0.08, 0.02]),
        "reworks": rng.choice(4, count, p=[0.92, 0.06, 0.01, 0.01]),
        "deferred": status == "suspended",
        "appealed": rng.uniform(size=count) < 0.01,
        "merged_into": "",
        "component": "",
    }
    table = pd.DataFrame(columns)
    for name in TIMES:
        table[name] = pd.DatetimeIndex(table[name]).tz_localize("UTC")
    xy = rng.uniform([120.0, 36.0], [120.3, 36.3], (count, 2))
    return gpd.GeoDataFrame(table, geometry=shapely.points(xy), crs=frames.WGS84)

"""Frames of cases for tests: from a few words a row, and the two that are published."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis import frames

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TIMES = ("reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at", "due_at")
USUAL: Mapping[str, Any] = {
    "reported_at": START,
    "category": "E1-01",
    "channel": "patrol",
    "kind": "report",
    "emergency": False,
    "status": "reported",
    "grid_code": "G1",
    "unit": None,
    "filed_at": None,
    "dispatched_at": None,
    "handled_at": None,
    "closed_at": None,
    "due_at": None,
    "returns": 0,
    "reworks": 0,
    "deferred": False,
    "appealed": False,
    "merged_into": "",
    "component": "",
    "lon": 120.0,
    "lat": 36.0,
}


def case_frame(rows: Iterable[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """frames.CASES of rows that name what differs from ``USUAL``; each in its own place unless it names one."""
    held = [{**USUAL, "case_id": f"C{n:07d}", "lon": 120 + n * 1e-2 % 1, **row} for n, row in enumerate(rows)]
    table = pd.DataFrame(held, columns=["case_id", *USUAL])
    for name in TIMES:
        table[name] = pd.DatetimeIndex(pd.to_datetime(table[name], utc=True)).as_unit("us")
    points = shapely.points(table.pop("lon").to_numpy(float), table.pop("lat").to_numpy(float))
    return gpd.GeoDataFrame(table, geometry=points, crs=frames.WGS84)


def went(status: str, *, hours: float = 5.0, limit_h: float = 8.0, start: datetime = START) -> dict[str, Any]:
    """Give the times of a case that came as far as a status: handled ``hours`` after it was sent."""
    filed, sent = start + timedelta(minutes=10), start + timedelta(minutes=20)
    done = sent + timedelta(hours=hours)
    row: dict[str, Any] = {"status": status, "reported_at": start}
    if status in ("reported", "rejected"):
        return row
    row |= {"filed_at": filed, "due_at": filed + timedelta(hours=limit_h)}
    if status == "filed":
        return row
    row |= {"dispatched_at": sent, "unit": "dept:park"}
    if status in ("handled", "verified", "closed"):
        row["handled_at"] = done
    return row | ({"closed_at": done + timedelta(minutes=30)} if status == "closed" else {})


def olympics() -> gpd.GeoDataFrame:
    """3,447 filed, 3,350 closed, 97 in handling."""
    return case_frame([*[went("closed")] * 3350, *[went("handling")] * 97])


def tianmen() -> gpd.GeoDataFrame:
    """Accepted 1,054, filed 996, due 972, closed 911, on time 737; the limits of 24 are not up yet."""
    far = 24.0 * 400
    return case_frame(
        [
            *[went("closed")] * 737,
            *[went("closed", hours=30)] * (911 - 737),
            *[went("handling")] * (972 - 911),
            *[went("closed", limit_h=far)] * 9,
            *[went("dispatched", limit_h=far)] * (996 - 972 - 9),
            *[went("reported")] * 40,
            *[went("rejected")] * 18,
        ]
    )


def many_cases(count: int = 200_000, grids: int = 1_333, seed: int = 6) -> gpd.GeoDataFrame:
    """A district-year."""
    rng = np.random.default_rng(seed)
    statuses = np.array(
        ["closed", "closed", "closed", "closed", "handling", "reported", "rejected", "merged", "suspended"]
    )
    status = statuses[rng.choice(len(statuses), count, p=[0.3, 0.3, 0.2, 0.1, 0.03, 0.02, 0.02, 0.02, 0.01])]
    minute = np.timedelta64(1, "m")
    reported = np.datetime64("2025-12-31T16:00", "us") + rng.integers(0, 365 * 24 * 60, count) * minute
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

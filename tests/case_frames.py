"""Frames of cases for tests: from a few words a row, and the two that are published."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas as gpd
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

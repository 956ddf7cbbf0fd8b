"""Small frames to put into a store."""

from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.domain.boundaries import ALWAYS, BoundarySet, BoundaryVersion, Level
from gridmap.services.ports import Added
from gridmap.services.publishing import publish_frame

CITY = BoundarySet("city", (Level("street", 0), Level("grid", 1)), "城市管理")


def at(hour: float) -> datetime:
    """Give an hour of 1 March 2026."""
    return datetime(2026, 3, 1, int(hour), int(hour % 1 * 60), tzinfo=UTC)


def grids(*codes: str) -> gpd.GeoDataFrame:
    """Give a street S over a row of unit squares with these codes, from lon 120 eastwards."""
    codes = codes or ("b", "a", "C", "中")
    n = len(codes)
    return gpd.GeoDataFrame(
        {
            "code": ["S", *codes],
            "name": ["街道", *(f"网格{c}" for c in codes)],
            "level": ["street", *["grid"] * n],
            "parent_code": [None, *["S"] * n],
            "households": pd.array([None, *range(n)], dtype="Int64"),
            "attributes": [{}, *({"n": i, "名": ["x", None, 1.5]} for i in range(n))],
        },
        geometry=[
            shapely.box(120, 30, 120 + n / 100, 30.01),
            *(shapely.box(120 + i / 100, 30, 120 + (i + 1) / 100, 30.01) for i in range(n)),
        ],
        crs=4326,
    )


def incidents(n: int = 6, **changes: Any) -> gpd.GeoDataFrame:
    """Give n incidents, one an hour, on a line going east from (120, 30)."""
    data: dict[str, Any] = {
        "incident_id": [f"i{k:05d}" for k in range(n)],
        "occurred_at": pd.Timestamp(at(0)) + pd.to_timedelta(np.arange(n), unit="h"),
        "category": [("垃圾", "noise")[k % 2] for k in range(n)],
        "channel": ["app" if k % 3 else None for k in range(n)],
        "note": [None] * n,
        "grid_code": [("a", None, "b")[k % 3] for k in range(n)],
        "method": ["inside"] * n,
        "border_m": [k / 3 if k % 2 else None for k in range(n)],
    }
    points = shapely.points(120 + np.arange(n) / 1000, np.full(n, 30.005))
    return gpd.GeoDataFrame({**data, **changes}, geometry=points, crs=4326)


def fixes(n: int = 6, **changes: Any) -> gpd.GeoDataFrame:
    """Give n fixes of two units, one a minute."""
    data: dict[str, Any] = {
        "unit_id": [("u2", "u1")[k % 2] for k in range(n)],
        "fixed_at": pd.Timestamp(at(8)) + pd.to_timedelta(np.arange(n), unit="min"),
        "accuracy_m": [5.0 if k % 2 else None for k in range(n)],
        "grid_code": [("a", "b", None)[k % 3] for k in range(n)],
    }
    points = shapely.points(120 + np.arange(n) / 1000, np.full(n, 30.005))
    return gpd.GeoDataFrame({**data, **changes}, geometry=points, crs=4326)


def with_version(frame: gpd.GeoDataFrame, number: int) -> gpd.GeoDataFrame:
    """Say that a version of the city was asked for the owners."""
    return frame.assign(set_name="city", version_number=pd.array([number] * len(frame), dtype="Int64"))


def publish(work: Any, frame: gpd.GeoDataFrame, *, valid_from: date = ALWAYS, **options: Any) -> BoundaryVersion:
    """Publish a frame as the next version of the city."""
    return publish_frame(work, "city", frame, valid_from=valid_from, published_at=at(0), **options)


def published(store: Any, *codes: str, valid_from: date = ALWAYS, **options: Any) -> BoundaryVersion:
    """Publish the grids of these codes as the next version of the city."""
    with store.unit_of_work() as work:
        if work.boundaries.find_set("city") is None:
            work.boundaries.put_set(CITY)
        version = publish(work, grids(*codes), valid_from=valid_from, **options)
        work.commit()
    return version


def add_incidents(store: Any, frame: gpd.GeoDataFrame) -> Added:
    """Add incidents and commit."""
    with store.unit_of_work() as work:
        added = work.incidents.add(frame)
        work.commit()
    return added


def add_fixes(store: Any, frame: gpd.GeoDataFrame) -> Added:
    """Add fixes and commit."""
    with store.unit_of_work() as work:
        added = work.patrols.add(frame)
        work.commit()
    return added

"""Single points that come as a frame, kept at the same desk as all others."""

from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd

from gridmap.services.clock import FixedClock
from gridmap.services.guarded import GuardedStore
from gridmap.services.intake.desk import Desk
from gridmap.services.intake.items import Batch, ItemResult, Judge
from gridmap.services.points import INCIDENT, PointKind
from gridmap.services.ports import NewFix, NewIncident, NewPoint, Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings


def record_points(
    store: Store,
    plans: Plans,
    kind: PointKind,
    items: gpd.GeoDataFrame,
    judge: Judge,
    *,
    settings: Settings,
    now: datetime,
) -> list[ItemResult]:
    """Take a batch of single items, all in one unit of work; each is judged by itself.

    Parameters
    ----------
    items : GeoDataFrame
        INCIDENTS or FIXES in WGS 84, already of the right types.
    judge : callable
        Says what is wrong with each of them.
    now : datetime
        When they came in, aware.

    Returns
    -------
    list of ItemResult
        One an item, in order.
    """
    raw = store.raw if isinstance(store, GuardedStore) else store
    points = items_of(kind, items)
    batch = Batch(store, plans, kind.name, points, [None] * len(points), judge=judge)
    (outcome,) = Desk(raw, FixedClock(now), settings).keep([batch])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome.results


def items_of(kind: PointKind, frame: gpd.GeoDataFrame) -> list[NewPoint]:
    """Give the rows of a frame as single points."""
    x, y = frame.geometry.x.tolist(), frame.geometry.y.tolist()
    times = [t.to_pydatetime() for t in frame[kind.time_column]]
    if kind is INCIDENT:
        texts = zip(*(_values(frame, n) for n in ("incident_id", "category", "channel", "note")), strict=True)
        return [
            NewIncident(key, at, category, lon, lat, channel, note)
            for (key, category, channel, note), at, lon, lat in zip(texts, times, x, y, strict=True)
        ]
    units = zip(_values(frame, "unit_id"), _values(frame, "accuracy_m"), strict=True)
    return [NewFix(unit, at, lon, lat, metres) for (unit, metres), at, lon, lat in zip(units, times, x, y, strict=True)]


def _values(frame: gpd.GeoDataFrame, name: str) -> list[Any]:
    """Give a column as values; None where one is missing, or the column is."""
    if name not in frame.columns:
        return [None] * len(frame)
    return [None if pd.isna(value) else value for value in frame[name].tolist()]

"""Take in what happened: files in bulk, and batches of single reports."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

import geopandas as gpd

from gridmap.services.points import (
    INCIDENT,
    ItemResult,
    PointsOutcome,
    implausible,
    import_points,
    record_points,
)
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings


def import_incidents(
    store: Store,
    plans: Plans,
    batches: Iterable[gpd.GeoDataFrame],
    *,
    settings: Settings,
    commit: Callable[[], bool] = lambda: False,
) -> PointsOutcome:
    """Join batches of INCIDENTS to the grid of their day and add them, all or none; see ``import_points``."""
    return import_points(store, plans, INCIDENT, batches, settings=settings, commit=commit)


def record_incidents(
    store: Store, plans: Plans, items: gpd.GeoDataFrame, *, settings: Settings, now: datetime
) -> list[ItemResult]:
    """Take a batch of single reports (INCIDENTS in WGS 84); each is judged by itself."""
    faults = implausible(items, items["occurred_at"], now)
    return record_points(store, plans, INCIDENT, items, faults, settings=settings)


class ContentIds:
    """Ids for incidents that come without one, made from time, place and category.

    The same file gives the same ids again, so that a second import adds nothing; equal rows are told apart by counting
    them, over all batches of one file.
    """

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def of(self, frame: gpd.GeoDataFrame) -> list[str]:
        """Give one id a row (24 hexadecimal digits)."""
        ids = []
        times = frame["occurred_at"].astype("str")
        for at, x, y, category in zip(times, frame.geometry.x, frame.geometry.y, frame["category"], strict=True):
            base = f"{at}|{x.hex()}|{y.hex()}|{category}"
            count = self._seen.get(base, 0)
            self._seen[base] = count + 1
            ids.append(hashlib.sha256(f"{base}|{count}".encode()).hexdigest()[:24])
        return ids

"""Take in where the workers passed by."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import geopandas as gpd

from gridmap.services.points import FIX, ItemResult, PointsOutcome, implausible, import_points, record_points
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

#: A fix less certain than this says little about which grid it lies in.
MAX_ACCURACY_M = 200.0
#: Older fixes come from a wrong clock or a wrong file.
MAX_AGE = timedelta(days=5 * 365)


def import_fixes(
    store: Store,
    plans: Plans,
    batches: Iterable[gpd.GeoDataFrame],
    *,
    settings: Settings,
    commit: Callable[[], bool] = lambda: False,
) -> PointsOutcome:
    """Join batches of FIXES to the grid of their day and add them, all or none; see ``import_points``."""
    return import_points(store, plans, FIX, batches, settings=settings, commit=commit)


def record_fixes(
    store: Store, plans: Plans, items: gpd.GeoDataFrame, *, settings: Settings, now: datetime
) -> list[ItemResult]:
    """Take a batch of fixes (FIXES in WGS 84) from the field; each is judged by itself."""
    faults = implausible(items, items["fixed_at"], now)
    accuracy = items["accuracy_m"] if "accuracy_m" in items.columns else [None] * len(items)
    for i, (at, metres) in enumerate(zip(items["fixed_at"], accuracy, strict=True)):
        if faults[i] is None and at < now - MAX_AGE:
            faults[i] = "too_old"
        elif faults[i] is None and metres is not None and metres > MAX_ACCURACY_M:
            faults[i] = "low_accuracy"
    return record_points(store, plans, FIX, items, faults, settings=settings)

"""Take in where the workers passed by."""

from collections.abc import Callable, Iterable
from datetime import datetime

import geopandas as gpd

from gridmap.services.intake import ItemResult, kept_fix
from gridmap.services.intake.frames import items_of, record_points
from gridmap.services.points import FIX, PointsOutcome, import_points
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings


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
    faults = [kept_fix(fix, now) for fix in items_of(FIX, items)]  # type: ignore[arg-type]
    return record_points(store, plans, FIX, items, faults, settings=settings)

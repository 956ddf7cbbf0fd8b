"""Patrol fixes from the field."""

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from fastapi import APIRouter

from api.deps import ReaderLanguage
from api.once import OnceOnly
from api.replies import BatchAnswer
from api.requests import FixBatch, FixIn, NoQuery
from api.rights import needs
from api.routes.batches import record
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.crs import WGS84
from gridmap.domain.access import Permission
from gridmap.services.patrols import record_fixes

router = APIRouter(route_class=StrictRoute, tags=["patrols"])


@router.post("/api/v1/patrols/fixes", response_model=BatchAnswer)
@needs(Permission.PATROLS_WRITE)
def post_fixes(once: OnceOnly, q: Query[NoQuery], language: ReaderLanguage, batch: FixBatch) -> Any:
    """Take a batch of fixes in any order; each is accepted, a duplicate, quarantined or rejected by itself."""
    return once.answer(lambda ctx: record(ctx, language, batch.items, batch.datum, _frame, record_fixes), join=False)


def _frame(items: list[FixIn], lon: np.ndarray, lat: np.ndarray) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "unit_id": [i.unit_id for i in items],
            "fixed_at": pd.to_datetime([i.fixed_at for i in items], utc=True),
            "accuracy_m": pd.array([i.accuracy_m for i in items], dtype="Float64").to_numpy(float, na_value=np.nan),
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs=WGS84,
    )

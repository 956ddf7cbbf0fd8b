"""Incidents: a page of them, a batch of new ones, and their categories."""

from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from fastapi import APIRouter, Response

from api.answers import features, page
from api.deps import Ctx, ReaderLanguage
from api.once import OnceOnly
from api.replies import BatchAnswer, CategoriesAnswer, CategoryOut, FeatureCollection
from api.requests import IncidentBatch, IncidentIn, IncidentsQuery, NoQuery
from api.rights import needs
from api.routes.batches import record
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.crs import WGS84
from gridmap.domain.access import Permission
from gridmap.i18n import catalogue
from gridmap.services.incidents import record_incidents

router = APIRouter(route_class=StrictRoute, tags=["incidents"])

#: Never the note: what people wrote may name people.
_PROPERTIES = ("incident_id", "occurred_at", "category", "channel", "grid_code", "method", "version_number")


def category_out(code: str) -> CategoryOut:
    """Name a category in both languages; one that the catalogue does not know goes by its own name."""
    names = catalogue().get(f"category.{code}", {"zh": code, "en": code})
    return CategoryOut(code=code, zh=names["zh"], en=names["en"])


@router.get("/api/v1/incidents", response_model=FeatureCollection)
@needs(Permission.INCIDENTS_READ)
def list_incidents(ctx: Ctx, q: Query[IncidentsQuery]) -> Response:
    """Give a page of incidents in a window and a box, by time, as GeoJSON."""
    where = ctx.window(q.start, q.end, q.category, q.bbox)
    limit = ctx.limit(q.limit)
    question = ("incidents", where.start, where.end, where.categories, where.bbox)
    key = ctx.cursors.read(question, q.cursor)
    after = None if key is None else (datetime.fromisoformat(key[0]), key[1])
    with ctx.store.unit_of_work() as work:
        frame = work.incidents.page(where, limit=limit + 1, after=after)
    more = len(frame) > limit
    frame = frame.head(limit)
    cursor = None
    if more:
        last = frame.iloc[-1]
        cursor = ctx.cursors.make(question, [last["occurred_at"].isoformat(), last["incident_id"]])
    query = {
        "start": None if where.start is None else where.start.isoformat(),
        "end": None if where.end is None else where.end.isoformat(),
        "category": None if where.categories is None else ",".join(where.categories),
        "bbox": None if where.bbox is None else ",".join(map(repr, where.bbox)),
        "limit": limit,
    }
    return page("/api/v1/incidents", query, features(frame, "incident_id", _PROPERTIES), cursor)


@router.get("/api/v1/incidents/categories")
@needs(Permission.INCIDENTS_READ)
def list_categories(ctx: Ctx, q: Query[NoQuery]) -> CategoriesAnswer:
    """List the categories in use, with their names."""
    with ctx.store.unit_of_work() as work:
        codes = work.incidents.categories()
    return CategoriesAnswer(categories=[category_out(code) for code in codes])


@router.post("/api/v1/incidents", response_model=BatchAnswer)
@needs(Permission.INCIDENTS_WRITE)
def post_incidents(once: OnceOnly, q: Query[NoQuery], language: ReaderLanguage, batch: IncidentBatch) -> Any:
    """Take a batch of incidents; each is accepted, a duplicate, quarantined or rejected by itself."""
    return once.answer(
        lambda ctx: record(ctx, language, batch.items, batch.datum, _frame, record_incidents), join=False
    )


def _frame(items: list[IncidentIn], lon: np.ndarray, lat: np.ndarray) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "incident_id": [i.incident_id for i in items],
            "occurred_at": pd.to_datetime([i.occurred_at for i in items], utc=True),
            "category": [i.category for i in items],
            "channel": [i.channel for i in items],
            "note": [i.note for i in items],
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs=WGS84,
    )

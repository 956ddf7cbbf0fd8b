"""Incidents: a page of them, a batch of new ones, and their categories."""

from datetime import datetime

import numpy as np
import shapely
from fastapi import APIRouter, Response

from api.answers import page, to_json
from api.deps import Ctx, ReaderLanguage
from api.once import OnceOnly
from api.replies import BatchAnswer, CategoriesAnswer, CategoryOut, FeatureCollection
from api.requests import IncidentBatch, IncidentIn, IncidentsQuery, NoQuery
from api.rights import needs
from api.routes.batches import take_in
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.domain.privacy import require_columns
from gridmap.i18n import catalogue
from gridmap.services.intake import kept_incident
from gridmap.services.ports import IncidentRecord, NewIncident

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
        records = work.incidents.records(where, limit=limit + 1, after=after)
    more = len(records) > limit
    del records[limit:]
    cursor = None
    if more:
        last = records[-1]
        cursor = ctx.cursors.make(question, [last.occurred_at.isoformat(), last.incident_id])
    query = {
        "start": None if where.start is None else where.start.isoformat(),
        "end": None if where.end is None else where.end.isoformat(),
        "category": None if where.categories is None else ",".join(where.categories),
        "bbox": None if where.bbox is None else ",".join(map(repr, where.bbox)),
        "limit": limit,
    }
    return page("/api/v1/incidents", query, _features(records), cursor)


def _features(records: list[IncidentRecord]) -> list[str]:
    """Write incidents as GeoJSON features, as ``answers.features`` writes the rows of a frame."""
    require_columns(*_PROPERTIES)
    shapes = shapely.to_geojson(np.array([r.place for r in records], dtype=object))
    values = [[getattr(one, name) for name in _PROPERTIES] for one in records]
    for row in values:
        row[_OCCURRED_AT] = row[_OCCURRED_AT].isoformat().replace("+00:00", "Z")
    return [
        f'{{"type":"Feature","id":{to_json(row[0])},"geometry":{shape},'
        f'"properties":{_MEMBERS % tuple(map(to_json, row))}}}'
        for row, shape in zip(values, shapes, strict=True)
    ]


#: The properties of an incident with room for their values.
_MEMBERS = "{" + ",".join(f'"{name}":%s' for name in _PROPERTIES) + "}"
_OCCURRED_AT = _PROPERTIES.index("occurred_at")


@router.get("/api/v1/incidents/categories")
@needs(Permission.INCIDENTS_READ)
def list_categories(ctx: Ctx, q: Query[NoQuery]) -> CategoriesAnswer:
    """List the categories in use, with their names."""
    with ctx.store.unit_of_work() as work:
        codes = work.incidents.categories()
    return CategoriesAnswer(categories=[category_out(code) for code in codes])


@router.post("/api/v1/incidents", response_model=BatchAnswer)
@needs(Permission.INCIDENTS_WRITE)
async def post_incidents(once: OnceOnly, q: Query[NoQuery], language: ReaderLanguage, batch: IncidentBatch) -> Response:
    """Take a batch of incidents; each is accepted, a duplicate, quarantined or rejected by itself."""
    return await take_in(once, language, "incidents", batch.items, batch.datum, _incident, kept_incident)


def _incident(item: IncidentIn, lon: float, lat: float) -> NewIncident:
    return NewIncident(item.incident_id, item.occurred_at, item.category, lon, lat, item.channel, item.note)

"""Best places for new facilities."""

from datetime import date

from fastapi import APIRouter, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.replies_services import BestPlaceOut, BestPlacesAnswer
from api.requests_services import PlacesQuery
from api.rights import needs
from api.routes.common import Query
from api.routes.services import CSV_FILE, csv_file, known
from api.strict import StrictRoute
from gridmap.analysis.service_tables import Reach, place_reason, place_table
from gridmap.domain.access import Permission
from gridmap.services.responsibility import Plan
from gridmap.services.siting import PlacesAsked, PlacesReport, best_places

router = APIRouter(route_class=StrictRoute, tags=["services"])

BASE = "/api/v1/services/places"


def places_asked(q: PlacesQuery) -> PlacesAsked:
    """Give the question of a query."""
    return PlacesAsked(
        q.layer, q.model, q.count, q.radius_m, q.minutes, q.m_per_min, q.roads, q.planned == "true", q.capacity, q.area,
        q.dwellings,
    )  # fmt: skip


def reach_of(asked: PlacesAsked) -> Reach:
    """Give how far posts reach, as a question was understood."""
    return Reach(asked.radius_m, asked.minutes, asked.m_per_min)


def _minutes(metres: float, asked: PlacesAsked) -> float | None:
    return None if asked.m_per_min is None else known(metres / asked.m_per_min)


def kept_places(ctx: Context, plan: Plan, asked: PlacesAsked, day: date) -> PlacesReport:
    """Give what was found for a question, once for all who ask it of the same store."""
    key = (plan.key, asked, day, ctx.store.revision())
    return ctx.places.get(key, lambda: best_places(ctx.store, plan, asked, day=day, settings=ctx.settings))


@router.get(BASE)
@needs(Permission.LAYERS_READ)
def get_places(ctx: Ctx, q: Query[PlacesQuery], language: ReaderLanguage) -> BestPlacesAnswer:
    """Find where new facilities bring most, with the reasons; those that are there count."""
    plan, day, told = ctx.plan(q.set, q.at), ctx.day(q.at), q.lang or language
    found = kept_places(ctx, plan, places_asked(q), day)
    reach = reach_of(found.asked)
    return BestPlacesAnswer(
        set=plan.boundary_set.name,
        version=plan.version.number,
        at=day,
        layer=found.asked.layer,
        model=found.asked.model,
        count=found.asked.count,
        radius_m=found.asked.radius_m,
        minutes=found.asked.minutes,
        m_per_min=found.asked.m_per_min,
        capacity=found.asked.capacity,
        area=found.asked.area,
        candidates=found.candidates,
        existing=found.existing,
        households=found.households,
        households_unknown=found.unknown,
        households_off_road=found.off_road,
        served_before=found.served_before,
        served=found.served,
        mean_before_m=known(found.mean_before_m),
        mean_m=known(found.mean_m),
        mean_before_minutes=_minutes(found.mean_before_m, found.asked),
        mean_minutes=_minutes(found.mean_m, found.asked),
        proven=found.proven,
        places=[
            BestPlaceOut(
                rank=row.rank,
                code=row.code,
                name=row.name,
                grid_code=row.grid_code,
                lon=row.geometry.x,
                lat=row.geometry.y,
                serves=row.serves,
                newly=row.newly,
                only_here=row.only_here,
                mean_m=known(row.mean_m),
                mean_minutes=_minutes(row.mean_m, found.asked),
                reason=place_reason(row, found.households, reach, told),
            )
            for row in found.chosen.itertuples(index=False)
        ],
    )


@router.get(f"{BASE}.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.LAYERS_READ)
def get_places_csv(ctx: Ctx, q: Query[PlacesQuery], language: ReaderLanguage) -> Response:
    """Give the places as CSV, with the reasons."""
    plan, day, told = ctx.plan(q.set, q.at), ctx.day(q.at), q.lang or language
    found = kept_places(ctx, plan, places_asked(q), day)
    table = place_table(found.chosen, found.households, reach_of(found.asked), found.title, told)
    return csv_file(table, "places.csv", told)

"""The maps as pages: folium's HTML, with our assets and a policy that lets nothing else run."""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import Context, Ctx, Moment, ReaderLanguage
from api.mapped import map_page
from api.requests import MapQuery, ServiceMapQuery
from api.requests_maps import (
    CompareMapQuery,
    DensityMapQuery,
    FileQuery,
    ForecastMapQuery,
    SignificantMapQuery,
    weeks_of,
)
from api.rights import needs
from api.routes.common import Query
from api.routes.siting import kept_places, reach_of
from api.strict import StrictRoute
from gridmap.analysis.service_tables import place_reason
from gridmap.atlas import hotspots
from gridmap.atlas.asked import MapAsked
from gridmap.atlas.grounds import blind_map, coverage_map, effort_map, grids_map, recency_map, staff_map
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput
from gridmap.i18n import text
from gridmap.services.case_books import provision_at
from gridmap.services.provisioning import OPEN, ServiceAsked, measure_service
from gridmap.services.siting import USUAL, PlacesAsked

if TYPE_CHECKING:
    import folium

router = APIRouter(route_class=StrictRoute, tags=["maps"], default_response_class=HTMLResponse)


@router.get("/maps/grids")
@needs(Permission.GRIDS_READ)
def map_of_grids(ctx: Ctx, request: Request, q: Query[FileQuery], language: ReaderLanguage) -> Response:
    """Draw the grids; a click says who is responsible."""
    return map_page(ctx, request, q, language, "grids", grids_map)


@router.get("/maps/hotspots")
@needs(Permission.INCIDENTS_READ)
def map_of_hotspots(ctx: Ctx, request: Request, q: Query[DensityMapQuery], language: ReaderLanguage) -> Response:
    """Draw where incidents are dense in the window, hatched where nobody passed."""
    draw = partial(hotspots.density_map, by=q.by, bandwidth_m=q.bandwidth_m)
    return map_page(ctx, request, q, language, "hotspots", draw, (q.by, q.bandwidth_m))


@router.get("/maps/significant")
@needs(Permission.INCIDENTS_READ)
def map_of_significant(ctx: Ctx, request: Request, q: Query[SignificantMapQuery], language: ReaderLanguage) -> Response:
    """Draw which grids are hot or cold, more than chance explains (Gi*, false discoveries controlled)."""
    draw = partial(hotspots.significant_map, by=q.by, side=q.side)
    return map_page(ctx, request, q, language, "significant", draw, (q.by, q.side))


@router.get("/maps/moran")
@needs(Permission.INCIDENTS_READ)
def map_of_gathering(ctx: Ctx, request: Request, q: Query[FileQuery], language: ReaderLanguage) -> Response:
    """Draw which grids are high or low like those around them, and which stand out (local Moran)."""
    return map_page(ctx, request, q, language, "moran", hotspots.gathering_map)


@router.get("/maps/emerging")
@needs(Permission.INCIDENTS_READ)
def map_of_changes(ctx: Ctx, request: Request, q: Query[FileQuery], language: ReaderLanguage) -> Response:
    """Draw what became of each grid over the periods of the window, with a slider through them."""
    return map_page(ctx, request, q, language, "emerging", hotspots.changes_map)


@router.get("/maps/forecast")
@needs(Permission.INCIDENTS_READ)
def map_of_next_weeks(ctx: Ctx, request: Request, q: Query[ForecastMapQuery], language: ReaderLanguage) -> Response:
    """Draw where incidents are expected in the weeks after the window, with the score of such forecasts."""
    weeks = weeks_of(q)
    return map_page(ctx, request, q, language, "forecast", partial(hotspots.next_weeks_map, weeks=weeks), weeks)


@router.get("/maps/compare")
@needs(Permission.INCIDENTS_READ)
def map_of_sides(ctx: Ctx, request: Request, q: Query[CompareMapQuery], language: ReaderLanguage) -> Response:
    """Draw the hotspots of two windows side by side."""
    before = _earlier(ctx, q.before_start, q.before_end)
    draw = partial(hotspots.sides_map, before=before, side=q.side)
    return map_page(ctx, request, q, language, "compare", draw, (before, q.side))


@router.get("/maps/coverage")
@needs(Permission.PATROLS_READ)
def map_of_coverage(ctx: Ctx, request: Request, q: Query[FileQuery], language: ReaderLanguage) -> Response:
    """Draw which grids nobody looked at in the window, against their incidents."""
    return map_page(ctx, request, q, language, "coverage", coverage_map)


@router.get("/maps/effort")
@needs(Permission.PATROLS_READ)
def map_of_effort(ctx: Ctx, request: Request, q: Query[FileQuery], language: ReaderLanguage) -> Response:
    """Draw how many hours patrols spent in each grid in the window."""
    return map_page(ctx, request, q, language, "effort", effort_map)


@router.get("/maps/recency")
@needs(Permission.PATROLS_READ)
def map_of_recency(ctx: Ctx, request: Request, q: Query[FileQuery], language: ReaderLanguage) -> Response:
    """Draw how long ago somebody stayed in each grid, against the norm of its class."""
    return map_page(ctx, request, q, language, "recency", recency_map)


@router.get("/maps/blind")
@needs(Permission.PATROLS_READ)
def map_of_blind_spots(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw which grids neither a patrol nor a camera looked at in the window."""
    return map_page(ctx, request, q, language, "blind", blind_map)


@router.get("/maps/services")
@needs(Permission.LAYERS_READ)
def map_of_services(ctx: Ctx, request: Request, q: Query[ServiceMapQuery], language: ReaderLanguage) -> Response:
    """Draw how much of each grid has a facility within reach."""
    states = OPEN if q.state is None else tuple(q.state)
    asked = ServiceAsked(q.layer or "", q.radius_m, q.minutes, states=states)
    count, planned = q.count or USUAL, q.planned == "true"
    new = (
        None
        if q.model is None
        else PlacesAsked(asked.layer, q.model, count, q.radius_m, q.minutes, planned_only=planned)
    )
    draw = partial(_services, ctx, asked, new)
    return map_page(ctx, request, q, language, "services", draw, (asked, new))


@router.get("/maps/staffing")
@needs(Permission.LAYERS_READ)
def map_of_staffing(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw which grids are short of people."""
    return map_page(ctx, request, q, language, "staffing", staff_map)


def _earlier(ctx: Context, start: Moment | None, end: Moment | None) -> tuple[datetime, datetime] | None:
    """Give the window on the left, where it is named.

    Raises
    ------
    InvalidInput
        ``window_reversed``; ``window_half``: only one of its ends.
    """
    if start is None and end is None:
        return None
    if start is None or end is None:
        raise InvalidInput("window_half")
    asked = ctx.window(start, end)
    assert asked.start is not None
    assert asked.end is not None
    return asked.start, asked.end


def _services(ctx: Context, service: ServiceAsked, new: PlacesAsked | None, asked: MapAsked) -> "folium.Map":
    from gridmap.maps import service_pages  # folium: only where a map is drawn
    from gridmap.maps.features import Overlay

    day, language = asked.day, asked.language
    wanted = replace(service, layer=service.layer or _first_layer(asked))
    report = measure_service(asked.store, asked.plan, wanted, day=day)
    how = report.asked
    places = None
    if new is not None:
        found = kept_places(ctx, asked.plan, replace(new, layer=how.layer), day)
        far, homes = reach_of(found.asked), found.households
        reasons = [place_reason(row, homes, far, language) for row in found.chosen.itertuples()]
        places = service_pages.place_overlay(found.chosen, reasons, language)
    if how.minutes is None:
        reach = text("map.reach_radius", language, metres=f"{how.radius_m:,.0f}")
    else:
        reach = text("map.reach_minutes", language, minutes=f"{how.minutes:g}", speed=f"{how.m_per_min:g}")
    return service_pages.service_map(
        report.base.grids,
        report.found.grids,
        layer=Overlay(report.title, report.facilities),
        reach=reach,
        gaps=report.found.gaps,
        places=places,
        **asked.around(report.base, looked=False),
    )


def _first_layer(asked: MapAsked) -> str:
    """Give the layer that a map shows where none was named: the first one of the book that is there, else the first."""
    with asked.store.unit_of_work() as work:
        known = [layer.name for layer in work.features.list_layers()]
        named = [layer for kind in provision_at(work, asked.day).services for layer in kind.layers]
    return next((layer for layer in named if layer in known), known[0] if known else "")

"""The maps as pages: folium's HTML, with our assets and a policy that lets nothing else run."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import Context, Ctx, ReaderLanguage
from api.requests import MapQuery, ServiceMapQuery
from api.rights import needs
from api.routes.common import Query
from api.routes.incidents import category_out
from api.routes.patrolled import patrols_of
from api.routes.siting import kept_places
from api.strict import StrictRoute
from api.web import with_banner
from gridmap.analysis.service_tables import place_reason
from gridmap.domain.access import Permission
from gridmap.i18n import Language, text
from gridmap.maps.localise import localise, secure
from gridmap.services.case_books import provision_at
from gridmap.services.patrol_parts import FromSums
from gridmap.services.ports import FeatureFilter, PointFilter
from gridmap.services.provisioning import OPEN, ServiceAsked, measure_service, staffing_on
from gridmap.services.reports import PlanReport, coverage, coverage_by_part, hotspots, plan_report
from gridmap.services.responsibility import Plan
from gridmap.services.siting import USUAL, PlacesAsked

if TYPE_CHECKING:
    import folium

    from gridmap.maps.assembly import Around
    from gridmap.maps.features import Overlay

router = APIRouter(route_class=StrictRoute, tags=["maps"], default_response_class=HTMLResponse)

#: Radius of the kernel of the hotspot map.
_BANDWIDTH_M = 250.0

Draw = Callable[[Context, Plan, date, PointFilter, Language], "folium.Map"]


@router.get("/maps/grids")
@needs(Permission.GRIDS_READ)
def map_of_grids(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw the grids; a click says who is responsible."""
    return _page(ctx, request, q, language, "grids", _grids)


@router.get("/maps/hotspots")
@needs(Permission.INCIDENTS_READ)
def map_of_hotspots(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw where incidents are dense in the window."""
    return _page(ctx, request, q, language, "hotspots", _hotspots)


@router.get("/maps/coverage")
@needs(Permission.PATROLS_READ)
def map_of_coverage(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw which grids nobody looked at in the window, against their incidents."""
    return _page(ctx, request, q, language, "coverage", _coverage)


@router.get("/maps/effort")
@needs(Permission.PATROLS_READ)
def map_of_effort(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw how many hours patrols spent in each grid in the window."""
    return _page(ctx, request, q, language, "effort", _effort)


@router.get("/maps/recency")
@needs(Permission.PATROLS_READ)
def map_of_recency(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw how long ago somebody stayed in each grid, against the norm of its class."""
    return _page(ctx, request, q, language, "recency", _recency)


@router.get("/maps/services")
@needs(Permission.LAYERS_READ)
def map_of_services(ctx: Ctx, request: Request, q: Query[ServiceMapQuery], language: ReaderLanguage) -> Response:
    """Draw how much of each grid has a facility within reach."""
    states = OPEN if q.state is None else tuple(q.state)
    asked = ServiceAsked(q.layer or "", q.radius_m, q.minutes, states=states)
    count, planned = q.count or USUAL, q.planned == "true"
    # best places go by straight lines; a time on foot leaves the radius to the book
    new = None if q.model is None else PlacesAsked(asked.layer, q.model, count, q.radius_m, planned)
    return _page(ctx, request, q, language, "services", partial(_services, asked=asked, new=new), (asked, new))


@router.get("/maps/staffing")
@needs(Permission.LAYERS_READ)
def map_of_staffing(ctx: Ctx, request: Request, q: Query[MapQuery], language: ReaderLanguage) -> Response:
    """Draw which grids are short of people."""
    return _page(ctx, request, q, language, "staffing", _staffing)


def _page(
    ctx: Context,
    request: Request,
    q: MapQuery,
    reader: Language,
    kind: str,
    draw: Draw,
    asked: Hashable = None,
) -> Response:
    language = q.lang or reader
    plan = ctx.plan(q.set, q.at)
    day = ctx.day(q.at)
    where = ctx.closed_window(ctx.window(q.start, q.end, q.category))
    key = (kind, plan.boundary_set.name, plan.version.number, day, where, language, asked, ctx.store.revision())
    html, tag = ctx.pages.get(key, lambda: _made(ctx, draw(ctx, plan, day, where, language), language))
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Language": language, "Vary": "Accept-Language"}
    if tag in (known.strip() for known in request.headers.get("If-None-Match", "").split(",")):
        return Response(status_code=304, headers=headers)
    # the nonce is new each time, so it is not part of what is kept, and the tag is a weak one
    page, policy = secure(html)
    return HTMLResponse(page, headers={**headers, "Content-Security-Policy": policy})


def _made(ctx: Context, drawn: "folium.Map", language: Language) -> tuple[str, str]:
    html = localise(drawn.get_root().render())
    if ctx.settings.access == "open":
        html = with_banner(html, language, hidden=True)  # in a frame the page around it says so
    return html, f'W/"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'


def _ends(where: PointFilter) -> tuple[datetime, datetime]:
    assert where.start is not None
    assert where.end is not None
    return where.start, where.end


def _locate_url(plan: Plan, day: date) -> str:
    return "/api/v1/locate?" + urlencode({"set": plan.boundary_set.name, "at": day.isoformat()})


def _grid_url(plan: Plan, day: date, where: PointFilter) -> str:
    start, end = _ends(where)
    window = {"start": start.isoformat(), "end": end.isoformat()}
    return "/api/v1/grids/{code}?" + urlencode({"set": plan.boundary_set.name, "at": day.isoformat(), **window})


def _around(
    ctx: Context, base: PlanReport, day: date, where: PointFilter, language: Language, sums: FromSums | None = None
) -> "Around":
    """Give what every map takes beside its subject."""
    return {
        "remark": None if sums is None else _remark(sums, language, ctx.settings.time_zone),
        "upper": base.upper,
        "context": base.context,
        "language": language,
        "locate_url": _locate_url(base.plan, day),
        "grid_url": _grid_url(base.plan, day, where),
        "time_zone": ctx.settings.time_zone,
        "ground": ctx.ground(base),
    }


def _remark(sums: FromSums, language: Language, time_zone: str) -> str:
    from gridmap.maps.legend import sums_note

    cut_hours = sums.left_out.total_seconds() / 3600
    return sums_note(sums.until, sums.days, sums.other_borders, cut_hours, language, time_zone)


def _category(where: PointFilter, language: Language) -> str | None:
    if where.categories is None:
        return None
    names = (category_out(code) for code in where.categories)
    return ", ".join(name.zh if language == "zh" else name.en for name in names)


def _grids(ctx: Context, plan: Plan, day: date, where: PointFilter, language: Language) -> "folium.Map":
    from gridmap.maps import pages  # folium: only where a map is drawn

    base = plan_report(ctx.store, plan)
    return pages.grid_map(
        base.grids,
        overlays=_overlays(ctx, plan, day),
        **_around(ctx, base, day, where, language),
    )


def _overlays(ctx: Context, plan: Plan, day: date) -> "list[Overlay]":
    """Give the layers that have something on the ground of a plan on a day."""
    from gridmap.maps.features import Overlay

    x0, y0, x1, y1 = plan.frame.total_bounds.tolist()
    with ctx.store.unit_of_work() as work:
        layers = work.features.list_layers()
        found = [work.features.frame(FeatureFilter(layer.name, day, bbox=(x0, y0, x1, y1))) for layer in layers]
    shown = zip(layers, found, strict=True)
    return [Overlay(layer.title or layer.name, frame) for layer, frame in shown if len(frame)]


def _hotspots(ctx: Context, plan: Plan, day: date, where: PointFilter, language: Language) -> "folium.Map":
    from gridmap.maps import pages  # folium: only where a map is drawn

    report = hotspots(ctx.store, plan, where, settings=ctx.settings, bandwidth_m=_BANDWIDTH_M)
    return pages.hotspot_map(
        report.base.grids,
        report.density,
        incidents_shown=report.incidents,
        window=_ends(where),
        bandwidth_m=report.bandwidth_m,
        category=_category(where, language),
        **_around(ctx, report.base, day, where, language),
    )


def _coverage(ctx: Context, plan: Plan, day: date, where: PointFilter, language: Language) -> "folium.Map":
    from gridmap.maps import pages  # folium: only where a map is drawn
    from gridmap.maps.steps import CoverageStep

    report = coverage(ctx.store, plan, where, settings=ctx.settings)
    steps = coverage_by_part(ctx.store, report.base, where, settings=ctx.settings)
    return pages.coverage_map(
        report.base.grids,
        report.coverage,
        window=_ends(where),
        steps=[CoverageStep(*_ends(part), found) for part, found in steps],
        category=_category(where, language),
        **_around(ctx, report.base, day, where, language, report.from_sums),
    )


def _effort(ctx: Context, plan: Plan, day: date, where: PointFilter, language: Language) -> "folium.Map":
    from gridmap.maps import patrol_pages  # folium: only where a map is drawn

    report = patrols_of(ctx, plan, day, where, shares=True)
    return patrol_pages.effort_map(
        report.base.grids,
        report.figures,
        window=_ends(where),
        rules=report.rules,
        category=_category(where, language),
        **_around(ctx, report.base, day, where, language, report.from_sums),
    )


def _recency(ctx: Context, plan: Plan, day: date, where: PointFilter, language: Language) -> "folium.Map":
    from gridmap.maps import patrol_pages  # folium: only where a map is drawn

    report = patrols_of(ctx, plan, day, where, shares=False)
    return patrol_pages.recency_map(
        report.base.grids,
        report.figures,
        window=_ends(where),
        rules=report.rules,
        category=_category(where, language),
        **_around(ctx, report.base, day, where, language, report.from_sums),
    )


def _services(
    ctx: Context,
    plan: Plan,
    day: date,
    where: PointFilter,
    language: Language,
    *,
    asked: ServiceAsked,
    new: PlacesAsked | None,
) -> "folium.Map":
    from gridmap.maps import service_pages  # folium: only where a map is drawn
    from gridmap.maps.features import Overlay

    report = measure_service(ctx.store, plan, replace(asked, layer=asked.layer or _first_layer(ctx, day)), day=day)
    how = report.asked
    places = None
    if new is not None:
        found = kept_places(ctx, plan, replace(new, layer=how.layer), day)
        reach_m, homes = found.asked.radius_m, found.households
        reasons = [place_reason(row, homes, reach_m, language) for row in found.chosen.itertuples()]
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
        **_around(ctx, report.base, day, where, language),
    )


def _first_layer(ctx: Context, day: date) -> str:
    """Give the layer that a map shows where none was named: the first one of the book that is there, else the first."""
    with ctx.store.unit_of_work() as work:
        known = [layer.name for layer in work.features.list_layers()]
        named = [layer for kind in provision_at(work, day).services for layer in kind.layers]
    return next((layer for layer in named if layer in known), known[0] if known else "")


def _staffing(ctx: Context, plan: Plan, day: date, where: PointFilter, language: Language) -> "folium.Map":
    from gridmap.maps import service_pages  # folium: only where a map is drawn

    base, found = staffing_on(ctx.store, plan, day=day, settings=ctx.settings)
    return service_pages.staffing_map(
        base.grids,
        found,
        **_around(ctx, base, day, where, language),
    )

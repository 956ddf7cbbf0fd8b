"""The three maps as pages: folium's HTML, with our assets and a policy that lets nothing else run."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import folium
from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from api.deps import Context, Ctx, ReaderLanguage
from api.routes.common import Query
from api.routes.incidents import category_out
from api.schemas import MapQuery
from api.strict import StrictRoute
from gridmap.i18n import Language
from gridmap.maps import pages
from gridmap.maps.localise import localise, secure
from gridmap.services.ports import PointFilter
from gridmap.services.reports import coverage, hotspots, last_days, plan_report
from gridmap.services.responsibility import Plan

router = APIRouter(route_class=StrictRoute, tags=["maps"], default_response_class=HTMLResponse)

#: Days shown when the reader names no window.
_DAYS = 30
#: Radius of the kernel of the hotspot map.
_BANDWIDTH_M = 250.0

Draw = Callable[[Context, Plan, PointFilter, Language], folium.Map]


@router.get("/maps/grids")
def map_of_grids(ctx: Ctx, q: Query[MapQuery], language: ReaderLanguage) -> HTMLResponse:
    """Draw the grids; a click says who is responsible."""
    return _page(ctx, q, language, "grids", _grids)


@router.get("/maps/hotspots")
def map_of_hotspots(ctx: Ctx, q: Query[MapQuery], language: ReaderLanguage) -> HTMLResponse:
    """Draw where incidents are dense in the window."""
    return _page(ctx, q, language, "hotspots", _hotspots)


@router.get("/maps/coverage")
def map_of_coverage(ctx: Ctx, q: Query[MapQuery], language: ReaderLanguage) -> HTMLResponse:
    """Draw which grids nobody looked at in the window, against their incidents."""
    return _page(ctx, q, language, "coverage", _coverage)


def _page(ctx: Context, q: MapQuery, reader: Language, kind: str, draw: Draw) -> HTMLResponse:
    language = q.lang or reader
    plan = ctx.plan(q.set, q.at)
    where = _window(ctx, ctx.window(q.start, q.end, q.category))
    key = (kind, plan.boundary_set.name, plan.version.number, where, language, _revision(ctx))
    html = ctx.rendered.get(key, lambda: localise(draw(ctx, plan, where, language).get_root().render()))
    # the nonce is new each time, so it is not part of what is kept
    page, policy = secure(html)
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache", "Content-Language": language}
    return HTMLResponse(page, headers=headers)


def _revision(ctx: Context) -> tuple[int, int]:
    # stored points are only ever added, so their number tells one state of the data from another
    with ctx.store.unit_of_work() as work:
        return work.incidents.count(PointFilter()), work.patrols.count(PointFilter())


def _window(ctx: Context, asked: PointFilter) -> PointFilter:
    """Close a window that is open on a side: it ends with the newest record, and is a month long."""
    with ctx.store.unit_of_work() as work:
        spans = (work.incidents.time_span(), work.patrols.time_span())
    newest = max((span[1] for span in spans if span is not None), default=ctx.clock.now())
    end = asked.end or last_days(newest, _DAYS).end
    assert end is not None
    if asked.start is not None and asked.end is None:
        end = max(end, asked.start + timedelta(days=1))
    return PointFilter(asked.start or end - timedelta(days=_DAYS), end, asked.categories, asked.bbox)


def _ends(where: PointFilter) -> pages.Window:
    assert where.start is not None
    assert where.end is not None
    return where.start, where.end


def _locate_url(plan: Plan) -> str:
    at = max(plan.version.valid_from.isoformat(), "1900-01-01")
    return "/api/v1/locate?" + urlencode({"set": plan.boundary_set.name, "at": at})


def _grid_url(plan: Plan, where: PointFilter) -> str:
    start, end = _ends(where)
    at = max(plan.version.valid_from.isoformat(), "1900-01-01")
    window = {"start": start.isoformat(), "end": end.isoformat()}
    return "/api/v1/grids/{code}?" + urlencode({"set": plan.boundary_set.name, "at": at, **window})


def _category(where: PointFilter, language: Language) -> str | None:
    if where.categories is None:
        return None
    names = (category_out(code) for code in where.categories)
    return ", ".join(name.zh if language == "zh" else name.en for name in names)


def _grids(ctx: Context, plan: Plan, where: PointFilter, language: Language) -> folium.Map:
    base = plan_report(ctx.store, plan)
    return pages.grid_map(
        base.grids,
        upper=base.upper,
        context=base.context,
        language=language,
        locate_url=_locate_url(plan),
        grid_url=_grid_url(plan, where),
        time_zone=ctx.settings.time_zone,
    )


def _hotspots(ctx: Context, plan: Plan, where: PointFilter, language: Language) -> folium.Map:
    report = hotspots(ctx.store, plan, where, bandwidth_m=_BANDWIDTH_M)
    return pages.hotspot_map(
        report.base.grids,
        report.density,
        incidents_shown=report.incidents,
        window=_ends(where),
        bandwidth_m=report.bandwidth_m,
        context=report.base.context,
        language=language,
        upper=report.base.upper,
        locate_url=_locate_url(plan),
        grid_url=_grid_url(plan, where),
        time_zone=ctx.settings.time_zone,
        category=_category(where, language),
    )


def _coverage(ctx: Context, plan: Plan, where: PointFilter, language: Language) -> folium.Map:
    report = coverage(ctx.store, plan, where)
    return pages.coverage_map(
        report.base.grids,
        report.coverage,
        window=_ends(where),
        context=report.base.context,
        language=language,
        upper=report.base.upper,
        locate_url=_locate_url(plan),
        grid_url=_grid_url(plan, where),
        time_zone=ctx.settings.time_zone,
        category=_category(where, language),
    )

"""Maps as pages and as files: what every route of a map shares."""

import hashlib
from collections.abc import Callable, Hashable
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from api.deps import Context
from api.requests import MapQuery
from api.web import with_banner
from gridmap.atlas.asked import MapAsked, Urls
from gridmap.files.exports import safe_name
from gridmap.i18n import Language
from gridmap.maps.localise import localise, secure, standalone
from gridmap.services.ports import PointFilter
from gridmap.services.responsibility import Plan

if TYPE_CHECKING:
    import folium

Draw = Callable[[MapAsked], "folium.Map"]


def asked_of(
    ctx: Context, plan: Plan, day: date, where: PointFilter, language: Language, urls: Urls | None = None
) -> MapAsked:
    """Give what a map is asked for, with what this service keeps."""
    return MapAsked(
        ctx.store, plan, day, where, language, ctx.settings, ctx.clock.now(), ctx.patrol_parts, urls=urls or Urls(),
        keep=ctx.hotspots, ways=ctx.patrol_ways, swaths=ctx.patrol_swaths, ground=ctx.ground,
    )  # fmt: skip


def map_page(
    ctx: Context, request: Request, q: MapQuery, reader: Language, kind: str, draw: Draw, asked: Hashable = None
) -> Response:
    """Give the page of a map, or the map as one file where the query asks for that.

    Parameters
    ----------
    kind, asked
        Which map, and whatever else than plan, day, window and language makes it another one.
    """
    language = q.lang or reader
    plan = ctx.plan(q.set, q.at)
    day = ctx.day(q.at)
    where = ctx.closed_window(ctx.window(q.start, q.end, q.category))
    if getattr(q, "file", "false") == "true":
        return file_of(draw(asked_of(ctx, plan, day, where, language)), (plan.boundary_set.name, kind), language)
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != "file"]
    save = f"{request.url.path}?{urlencode([*rest, ('file', 'true')])}"
    urls = Urls(_locate_url(plan, day), _grid_url(plan, day, where), save if hasattr(q, "file") else None)
    key = (kind, plan.boundary_set.name, plan.version.number, day, where, language, asked, ctx.store.revision(), save)
    made = ctx.pages.get(key, lambda: page_of(ctx, draw(asked_of(ctx, plan, day, where, language, urls)), language))
    return with_tag(request, *made, language)


def with_tag(request: Request, html: str, tag: str, language: Language) -> Response:
    """Give a page of ``page_of``, or say that the reader has it."""
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Language": language, "Vary": "Accept-Language"}
    if tag in (known.strip() for known in request.headers.get("If-None-Match", "").split(",")):
        return Response(status_code=304, headers=headers)
    # the nonce is new each time, so it is not part of what is kept, and the tag is a weak one
    page, policy = secure(html, request.app.state.settings.image_origins)
    return HTMLResponse(page, headers={**headers, "Content-Security-Policy": policy})


def page_of(ctx: Context, drawn: "folium.Map", language: Language) -> tuple[str, str]:
    """Give a map as a page of this service, and its tag."""
    html = localise(drawn.get_root().render())
    if ctx.settings.access == "open":
        html = with_banner(html, language, hidden=True)  # in a frame the page around it says so
    return html, f'W/"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'


def file_of(drawn: "folium.Map", named: tuple[str, ...], language: Language) -> Response:
    """Give a map as one file to be kept."""
    headers = {
        "Content-Disposition": f'attachment; filename="{safe_name(*named)}.html"',
        "Cache-Control": "no-store",
        "Content-Language": language,
        "Vary": "Accept-Language",
        # whoever opens it here all the same gets no script of this origin
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return HTMLResponse(standalone(drawn), headers=headers)


def _locate_url(plan: Plan, day: date) -> str:
    return "/api/v1/locate?" + urlencode({"set": plan.boundary_set.name, "at": day.isoformat()})


def _grid_url(plan: Plan, day: date, where: PointFilter) -> str:
    assert where.start is not None
    assert where.end is not None
    window = {"start": where.start.isoformat(), "end": where.end.isoformat()}
    return "/api/v1/grids/{code}?" + urlencode({"set": plan.boundary_set.name, "at": day.isoformat(), **window})

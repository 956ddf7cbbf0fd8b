"""What everybody may see: months that were released, as data and as a map."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import shapely
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import Context, Ctx, ReaderLanguage
from api.errors import NotSignedIn
from api.mapped import file_of, page_of, with_tag
from api.replies_hotspots import PublicCellOut, PublicHeatAnswer, PublicKindOut
from api.requests_maps import PublicMapQuery, PublicQuery
from api.rights import is_member, open_to_all
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap import crs, i18n
from gridmap.analysis.saying import texts
from gridmap.atlas.asked import category_name
from gridmap.i18n import Language
from gridmap.services.clock import day_in
from gridmap.services.public_heat import Published, read_month

if TYPE_CHECKING:
    import folium

router = APIRouter(route_class=StrictRoute, tags=["hotspots"])


def _require_reader(ctx: Context, request: Request) -> None:
    """Check that the house lets whoever asks see what was released.

    Raises
    ------
    NotSignedIn
        ``not_signed_in``.
    """
    if ctx.settings.public_heat != "everybody" and not is_member(request.scope):
        raise NotSignedIn("not_signed_in")


def _published(ctx: Context, q: PublicQuery) -> Published:
    return ctx.releases.one(None if q.month is None else read_month(q.month))


@router.get("/api/v1/public-heat")
@open_to_all
def get_public_heat(ctx: Ctx, request: Request, q: Query[PublicQuery], language: ReaderLanguage) -> PublicHeatAnswer:
    """Give a month that was released: counts by fixed cells and by kind, none below ten; the same to everybody."""
    _require_reader(ctx, request)
    one = _published(ctx, q)
    told, found = q.lang or language, one.release
    corners = shapely.bounds(np.asarray(crs.frame_to_wgs84(found.cells).geometry.array)).round(6).tolist()
    return PublicHeatAnswer(
        month=one.month,
        months=[f"{first:%Y-%m}" for first in ctx.releases.months()],
        made_at=one.made_at,
        place=one.place,
        least=found.least,
        cell_m=found.cell_m,
        total=found.total,
        said=texts(one.said(), told),
        cells=[
            PublicCellOut(cell=cell, box=box, incidents=_shown(count))
            for cell, box, count in zip(found.cells["cell"], corners, found.cells["incidents"], strict=True)
        ],
        kinds=[
            PublicKindOut(category=kind, title=_title(kind, told), sensitive=bool(hushed), incidents=_shown(count))
            for kind, hushed, count in zip(
                found.kinds["kind"], found.kinds["sensitive"], found.kinds["incidents"], strict=True
            )
        ],
    )


@router.get("/maps/public", response_class=HTMLResponse)
@open_to_all
def map_of_public_heat(ctx: Ctx, request: Request, q: Query[PublicMapQuery], language: ReaderLanguage) -> Response:
    """Draw a month that was released: incidents by fixed cells, what is hidden hatched."""
    _require_reader(ctx, request)
    one, told = _published(ctx, q), q.lang or language
    if q.file == "true":
        return file_of(_drawn(ctx, one, told, None), ("public", one.month), told)
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != "file"]
    save = f"{request.url.path}?{urlencode([*rest, ('file', 'true')])}"
    key = ("public", one.month, one.made_at, told, save)
    return with_tag(request, *ctx.pages.get(key, lambda: page_of(ctx, _drawn(ctx, one, told, save), told)), told)


def _drawn(ctx: Context, one: Published, language: Language, save: str | None) -> "folium.Map":
    from gridmap.maps.cards import About
    from gridmap.maps.public_pages import public_map  # folium: only where a map is drawn

    zone = ctx.settings.time_zone
    readers = "readers_public" if ctx.settings.public_heat == "everybody" else "readers_members"
    about: About = {
        "source": i18n.text(
            "mapcard.source_release",
            language,
            month=one.month,
            made=day_in(one.made_at, zone).isoformat(),
            place=one.place,
        ),
        "readers": i18n.text(f"mapcard.{readers}", language, least=f"{one.release.least:,}"),
        "made_at": one.made_at,
        "records": one.records(),
    }
    if save is not None:
        about["save_url"] = save
    return public_map(one.ground, one.release, window=one.window(zone), about=about, language=language, time_zone=zone)


def _shown(count: object) -> int | None:
    return None if pd.isna(count) else int(count)  # type: ignore[call-overload]


def _title(kind: str, language: Language) -> str:
    return category_name(kind, language) if kind else i18n.text("map.public_other", language)

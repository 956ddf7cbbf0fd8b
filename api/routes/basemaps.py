"""The base map that pages draw beneath the grids: which one there is, and its archive, in parts."""

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from api.deps import Ctx
from api.replies_basemaps import BasemapAnswer, PicturesAnswer
from api.requests import NoQuery
from api.requests_tiles import ArchiveQuery
from api.rights import needs
from api.routes.common import BasemapName, Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.files.basemaps import SUFFIX, find_archive, list_archives
from gridmap.i18n import LANGUAGES, text
from gridmap.settings import Settings

router = APIRouter(route_class=StrictRoute, tags=["maps"])

MEDIA_TYPE = "application/vnd.pmtiles"


@router.get("/api/v1/basemap")
@needs(Permission.GRIDS_READ)
def get_basemap(ctx: Ctx, q: Query[NoQuery]) -> BasemapAnswer:
    """Say which base map is drawn; null: none."""
    if pictures := _pictures(ctx.settings):
        return BasemapAnswer(url=None, max_zoom=None, bounds=None, tiles=pictures)
    wanted, found = ctx.settings.basemap, list_archives(ctx.settings.basemap_dir)
    for archive in found:
        if not wanted or archive.name == wanted:
            url = f"/basemaps/{archive.name}{SUFFIX}?v={archive.version}"
            return BasemapAnswer(url=url, max_zoom=archive.last, bounds=list(archive.box), tiles=None)
    return BasemapAnswer(url=None, max_zoom=None, bounds=None, tiles=None)


def _pictures(settings: Settings) -> PicturesAnswer | None:
    if not settings.basemap_datum or not settings.basemap_url.split():
        return None
    return PicturesAnswer(
        urls=settings.basemap_url.split(),
        datum=settings.basemap_datum,
        matrix_set=settings.basemap_matrix_set,
        last=settings.basemap_last,
        attribution=settings.basemap_attribution,
        away={language: text("basemap.away", language) for language in LANGUAGES},
    )


@router.get("/basemaps/{basemap}.pmtiles", response_class=Response)
@needs(Permission.GRIDS_READ)
def get_archive(ctx: Ctx, q: Query[ArchiveQuery], basemap: BasemapName) -> Response:
    """Give an archive, or with ``Range`` parts of it."""
    archive = find_archive(ctx.settings.basemap_dir, basemap)
    kept = "private, max-age=31536000, immutable" if q.v == archive.version else "private, no-cache"
    headers = {"Cache-Control": kept, "Vary": "Authorization, Cookie"}
    return FileResponse(archive.path, media_type=MEDIA_TYPE, headers=headers)

"""What the pages start from: an overview of the store, and the texts."""

from fastapi import APIRouter

from api.deps import Ctx, ReaderLanguage
from api.replies import IncidentSpanOut, OverviewAnswer, SpanOut
from api.requests import NoQuery, TextsQuery
from api.rights import needs, open_to_all
from api.routes.common import Query
from api.routes.incidents import category_out
from api.routes.sets import set_out
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.i18n import subset

router = APIRouter(route_class=StrictRoute, tags=["overview"])

#: Subjects of the catalogue that pages show.
_SUBJECTS = ("page", "legend", "map", "lineage", "action", "category")


@router.get("/api/v1/overview")
@needs(Permission.GRIDS_READ)
def get_overview(ctx: Ctx, q: Query[NoQuery]) -> OverviewAnswer:
    """Say what is in the store: sets, spans of incidents and fixes, and where the district lies."""
    found = ctx.overview()
    boxes = [s.bounds for s in found.sets if s.bounds is not None]
    bounds = None
    if boxes:
        west, south, east, north = zip(*boxes, strict=True)
        bounds = (min(west), min(south), max(east), max(north))
    incidents, fixes = found.incidents, found.fixes
    return OverviewAnswer(
        sets=[set_out(s) for s in found.sets],
        incidents=IncidentSpanOut(
            first=incidents.first_at,
            last=incidents.last_at,
            count=incidents.count,
            categories=[category_out(code) for code in found.categories],
        ),
        fixes=SpanOut(first=fixes.first_at, last=fixes.last_at, count=fixes.count),
        time_zone=ctx.settings.time_zone,
        default_set=ctx.settings.default_set,
        center=None if bounds is None else ((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2),
        bounds=bounds,
    )


@router.get("/api/v1/texts")
@open_to_all
def get_texts(q: Query[TextsQuery], language: ReaderLanguage) -> dict[str, str]:
    """Give the texts of the pages, legends and maps in a language."""
    chosen = q.lang or language
    return {f"{s}.{key}": value for s in _SUBJECTS for key, value in subset(s, chosen).items()}

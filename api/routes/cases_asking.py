"""Before there is a case: who would be responsible, what is like it, and who is near."""

from contextlib import suppress

from fastapi import APIRouter

from api.cased import proposed_out, similar_out
from api.deps import Context, Ctx, ReaderLanguage
from api.located import locate_answer
from api.replies import GridOut
from api.replies_cases import PatrolOut, PatrolsNearAnswer, ResponsibleAnswer, SimilarAnswer
from api.requests_cases import ResponsibleQuery, SimilarQuery, SpotQuery
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.analysis.duplicates import Sighting
from gridmap.crs import to_wgs84
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput, NotFound
from gridmap.i18n import text
from gridmap.services.cases.asking import patrols_near, responsible, similar
from gridmap.services.grids import require_plausible
from gridmap.services.responsibility import MOST_UNCERTAIN_M

router = APIRouter(route_class=StrictRoute, tags=["cases"])


def _spot(ctx: Context, q: SpotQuery) -> tuple[float, float]:
    """Give a place in WGS 84, after a look whether somebody mixed up its two numbers."""
    with suppress(NotFound):  # no boundaries yet: nothing says where the district lies
        require_plausible(ctx.plan(None, None), [q.lon], [q.lat], ctx.island_deg)
    lon, lat = to_wgs84([q.lon], [q.lat], q.datum)
    return float(lon[0]), float(lat[0])


@router.get("/api/v1/cases/responsible")
@needs(Permission.GRIDS_READ)
def get_responsible(ctx: Ctx, q: Query[ResponsibleQuery], language: ReaderLanguage) -> ResponsibleAnswer:
    """Say who would be responsible for a case at a place, by which rule, and on which sides of a border it may lie."""
    accuracy = q.accuracy_m or 0.0
    if not 0.0 <= accuracy <= MOST_UNCERTAIN_M:
        raise InvalidInput("limit_out_of_range", limit=int(MOST_UNCERTAIN_M))
    plan, (lon, lat) = ctx.plan(None, None), _spot(ctx, q)
    found = responsible(ctx.store, plan, ctx.settings, lon, lat, ctx.clock.now(), q.category or "", accuracy)
    return ResponsibleAnswer(
        owner=locate_answer(plan, found.owner),
        proposed=proposed_out(found.proposed, language),
        sides=[GridOut.of(ref) for ref in found.sides],
        confirm=found.confirm,
    )


@router.get("/api/v1/cases/similar")
@needs(Permission.CASES_READ)
def get_similar(ctx: Ctx, q: Query[SimilarQuery], language: ReaderLanguage) -> SimilarAnswer:
    """Give the open cases that could be the same as a report, likeliest first."""
    lon, lat = _spot(ctx, q)
    now = ctx.clock.now()
    found = similar(ctx.store, Sighting("", lon, lat, q.category, ctx.moment(q.at) or now, q.component))
    return SimilarAnswer(cases=[similar_out(ctx, line, one, now, language) for line, one in found])


@router.get("/api/v1/patrols/near")
@needs(Permission.PATROLS_LIVE)
def get_patrols_near(ctx: Ctx, q: Query[SpotQuery], language: ReaderLanguage) -> PatrolsNearAnswer:
    """Give the patrols seen in the last half hour near a place, the best placed first, and why."""
    lon, lat = _spot(ctx, q)
    now = ctx.clock.now()
    try:
        owner = ctx.plan(None, None).locator.locate(lon, lat).code
    except NotFound:
        owner = None
    units = []
    for one in patrols_near(ctx.store, lon, lat, now, grid_code=owner):
        age = max(0, int((now - one.fixed_at).total_seconds()))
        reasons = [text("near.own_grid", language)] if one.same_grid else []
        far = one.distance_m >= 999.5
        reasons.append(
            text("near.kilometres", language, km=one.distance_m / 1_000)
            if far
            else text("near.metres", language, metres=one.distance_m)
        )
        reasons.append(text("near.load", language, count=one.load))
        units.append(
            PatrolOut(
                unit_id=one.unit_id, fixed_at=one.fixed_at, age_s=age, lon=one.lon, lat=one.lat,
                distance_m=round(one.distance_m, 1), grid_code=one.grid_code, load=one.load, reasons=reasons,
            )
        )  # fmt: skip
    return PatrolsNearAnswer(units=units)

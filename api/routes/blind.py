"""Blind spots: grids that neither a patrol nor a camera looks at."""

from fastapi import APIRouter, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.replies_blind import BlindAnswer, GridWatchedOut
from api.requests_patrols import OverdueFileQuery, PatrolsQuery
from api.rights import needs
from api.routes.common import Query
from api.routes.patrolled import from_sums_out, patrols_of
from api.routes.services import CSV_FILE, csv_file
from api.strict import StrictRoute
from gridmap.analysis.patrol_tables import blind_table
from gridmap.domain.access import Permission
from gridmap.services.blind import BlindReport, blind_on
from gridmap.services.ports import PointFilter

router = APIRouter(route_class=StrictRoute, tags=["patrols"])

BASE = "/api/v1/patrols/blind"
_ROW = tuple(GridWatchedOut.model_fields)


def _asked(ctx: Context, q: PatrolsQuery) -> tuple[PointFilter, BlindReport]:
    where = ctx.closed_window(ctx.window(q.start, q.end, q.category))
    day = ctx.day(q.at)
    report = patrols_of(ctx, ctx.plan(q.set, q.at), day, where, shares=False)
    return where, blind_on(ctx.store, report, day=day, kept=ctx.patrol_swaths)


@router.get(BASE)
@needs(Permission.PATROLS_READ)
def get_blind(ctx: Ctx, q: Query[PatrolsQuery]) -> BlindAnswer:
    """Tell of every grid who looks at it: patrols that stayed in the window, else cameras, else nobody."""
    where, report = _asked(ctx, q)
    plan, rules = report.patrols.base.plan, report.patrols.rules
    return BlindAnswer(
        set=plan.boundary_set.name,
        version=plan.version.number,
        at=report.patrols.at,
        start=where.start,
        end=where.end,
        from_sums=from_sums_out(report.patrols.from_sums),
        layers=list(report.layers),
        cameras=report.cameras,
        camera_reach_m=rules.camera_reach_m,
        camera_share=rules.camera_share,
        watched=report.found.attrs["summary"],
        grids=[GridWatchedOut.model_validate(row) for row in report.found[list(_ROW)].to_dict("records")],
    )


@router.get(f"{BASE}.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.PATROLS_READ)
def get_blind_csv(ctx: Ctx, q: Query[OverdueFileQuery], language: ReaderLanguage) -> Response:
    """Give the same as CSV."""
    told = q.lang or language
    return csv_file(blind_table(_asked(ctx, q)[1].found, told), "blind.csv", told)

"""Where patrols shall go tomorrow."""

import pandas as pd
from fastapi import APIRouter, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.replies_patrol_list import PatrolListAnswer, PatrolListOut
from api.requests_patrol_list import PatrolListQuery
from api.rights import needs
from api.routes.common import Query
from api.routes.patrolled import from_sums_out, patrols_of
from api.routes.services import CSV_FILE, csv_file, known
from api.strict import StrictRoute
from gridmap.analysis.patrol_list_table import patrol_list_table, patrol_reason
from gridmap.domain.access import Permission
from gridmap.services.patrol_plan import tomorrow
from gridmap.services.patrolling import PatrolReport
from gridmap.services.ports import PointFilter

router = APIRouter(route_class=StrictRoute, tags=["patrols"])

BASE = "/api/v1/patrols/list"
_ROW = tuple(name for name in PatrolListOut.model_fields if name != "reason")


def _asked(ctx: Context, q: PatrolListQuery) -> tuple[PointFilter, PatrolReport, pd.DataFrame]:
    where = ctx.closed_window(ctx.window(q.start, q.end, q.category))
    assert where.start is not None
    assert where.end is not None
    report = patrols_of(ctx, ctx.plan(q.set, q.at), ctx.day(q.at), where, shares=False)
    found = tomorrow(report.base.grids, report.figures, (where.start, where.end), count=q.count)
    return where, report, found


@router.get(BASE)
@needs(Permission.PATROLS_READ)
def get_patrol_list(ctx: Ctx, q: Query[PatrolListQuery], language: ReaderLanguage) -> PatrolListAnswer:
    """Suggest where to go tomorrow: grids that are overdue, hot or never seen, and the share that each brings."""
    where, report, found = _asked(ctx, q)
    told, plan = q.lang or language, report.base.plan
    return PatrolListAnswer(
        set=plan.boundary_set.name,
        version=plan.version.number,
        at=report.at,
        start=where.start,
        end=where.end,
        from_sums=from_sums_out(report.from_sums),
        **found.attrs["summary"],
        grids=[
            PatrolListOut.model_validate(
                {name: known(getattr(row, name)) for name in _ROW} | {"reason": patrol_reason(row, told)}
            )
            for row in found.itertuples(index=False)
        ],
    )


@router.get(f"{BASE}.csv", response_class=Response, responses=CSV_FILE)
@needs(Permission.PATROLS_READ)
def get_patrol_list_csv(ctx: Ctx, q: Query[PatrolListQuery], language: ReaderLanguage) -> Response:
    """Give the same as CSV."""
    told = q.lang or language
    return csv_file(patrol_list_table(_asked(ctx, q)[2], told), "patrol-list.csv", told)

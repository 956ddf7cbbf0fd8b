"""The card of one grid."""

from fastapi import APIRouter

from api.deps import Ctx
from api.replies import ActivityOut, FromSumsOut, GridCardAnswer, GridOut, StaffingOut
from api.requests import GridQuery
from api.rights import needs
from api.routes.common import GridCode, Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.services.grids import grid_card
from gridmap.services.history import missing_grid

router = APIRouter(route_class=StrictRoute, tags=["grids"])


@router.get("/api/v1/grids/{code}")
@needs(Permission.GRIDS_READ)
def get_grid(ctx: Ctx, q: Query[GridQuery], code: GridCode) -> GridCardAnswer:
    """Give the facts of one grid: chain, households, area, staff needed and present, and what happened in a window."""
    day, card = ctx.day(q.at), None
    with ctx.store.unit_of_work() as work:
        plan = ctx.plan(q.set, q.at, work)
        if code in plan.refs:
            window = ctx.window(q.start, q.end)
            card = grid_card(work, plan, code, day=day, window=window, settings=ctx.settings)
    if card is None:
        raise missing_grid(ctx.store, ctx.plans, plan, code, day)
    activity = None
    if card.activity is not None:
        seen = card.activity
        activity = ActivityOut(
            start=window.start,
            end=window.end,
            incidents=seen.incidents,
            fixes=seen.fixes,
            units=seen.units,
            last_fix_at=seen.last_fix_at,
            from_sums=FromSumsOut.of(seen.from_sums, ("units",)),
        )
    facts, staffing = card.facts, card.staffing
    return GridCardAnswer(
        grid=GridOut.of(card.grid),
        chain=[GridOut.of(ref) for ref in card.chain],
        households=facts.households,
        floating_residents=facts.floating_residents,
        area_m2=facts.area_m2,
        department=facts.department,
        phone=facts.phone,
        staffing=StaffingOut(
            heads_needed=staffing.heads_needed,
            workers_needed=staffing.workers_needed,
            heads=staffing.heads,
            workers=staffing.workers,
            station_needed=staffing.station_needed,
        ),
        activity=activity,
        set=plan.boundary_set.name,
        version=plan.version.number,
    )

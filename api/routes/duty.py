"""Shifts of a set, and clocks of devices that are wrong."""

from datetime import datetime, timedelta

from fastapi import APIRouter

from api.deps import Context, Ctx, Moment
from api.replies_duty import ShiftOut, ShiftsAnswer, ShiftsPutAnswer, UnitClockOut, UnitClocksAnswer
from api.requests import NoQuery
from api.requests_duty import ShiftsIn, ShiftsQuery
from api.rights import needs
from api.routes.common import Query, SetName
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.domain.duty import Shift
from gridmap.errors import InvalidInput
from gridmap.services.shifts import replace_shifts

router = APIRouter(route_class=StrictRoute, tags=["patrols"])

#: Shifts of so long are read at once.
_LONGEST = timedelta(days=92)


@router.get("/api/v1/sets/{set}/shifts")
@needs(Permission.PEOPLE_READ)
def list_shifts(ctx: Ctx, q: Query[ShiftsQuery], set_name: SetName) -> ShiftsAnswer:
    """List the shifts that hold at any moment of a window, by start and unit; those whose duty area one may see."""
    boundary_set = ctx.plans.resolve_set(set_name)
    start, end = _window(ctx, q.start, q.end)
    if end - start > _LONGEST:
        raise InvalidInput("window_too_long", days=_LONGEST.days)
    with ctx.store.unit_of_work() as work:
        found = work.duty.shifts(boundary_set.name, start, end, None if q.unit is None else [q.unit])
    return ShiftsAnswer(set=boundary_set.name, start=start, end=end, shifts=[ShiftOut.of(shift) for shift in found])


@router.put("/api/v1/sets/{set}/shifts")
@needs(Permission.DATA_IMPORT)
def put_shifts(ctx: Ctx, q: Query[NoQuery], set_name: SetName, body: ShiftsIn) -> ShiftsPutAnswer:
    """Let these be the shifts of the set that begin in a window; all others stay."""
    boundary_set = ctx.plans.resolve_set(set_name)
    start, end = _window(ctx, body.start, body.end)
    shifts = [Shift(one.unit_id, one.start, one.end, tuple(sorted(set(one.areas)))) for one in body.shifts]
    done = replace_shifts(ctx.store, ctx.plans, boundary_set, shifts, start=start, end=end, zone=ctx.settings.time_zone)
    return ShiftsPutAnswer(
        set=boundary_set.name, start=start, end=end, shifts=done.shifts, units=done.units, before=done.before
    )


@router.get("/api/v1/patrols/clocks")
@needs(Permission.PATROLS_LIVE)
def list_clocks(ctx: Ctx, q: Query[NoQuery]) -> UnitClocksAnswer:
    """List the clocks of devices that are wrong, and by how much, where that is known."""
    with ctx.store.unit_of_work() as work:
        # what is only late may have waited for a network
        found = [c for c in work.duty.clocks() if c.offset_s is not None or any(said > at for said, at in c.seen)]
    clocks = [UnitClockOut(unit_id=c.unit_id, clock_s=c.offset_s, fixes=len(c.seen)) for c in found]
    return UnitClocksAnswer(clocks=clocks)


def _window(ctx: Context, start: Moment, end: Moment) -> tuple[datetime, datetime]:
    first, last = ctx.moment(start), ctx.moment(end)
    assert first is not None
    assert last is not None
    if first >= last:
        raise InvalidInput("window_reversed")
    return first, last

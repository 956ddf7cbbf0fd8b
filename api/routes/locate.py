"""Who is responsible for this point."""

import numpy as np
from fastapi import APIRouter, Response

from api.answers import json_response
from api.deps import Ctx
from api.replies import GridOut, LocateAnswer, LocateBatchAnswer, LocatedGrid, StaffOut
from api.requests import LocateBatch, LocateQuery, NoQuery
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.crs import to_wgs84
from gridmap.errors import TooLarge
from gridmap.services.grids import grid_facts, require_plausible
from gridmap.services.responsibility import locate, locate_many

router = APIRouter(route_class=StrictRoute, tags=["locate"])


@router.get("/api/v1/locate")
def locate_point(ctx: Ctx, q: Query[LocateQuery]) -> LocateAnswer:
    """Say who is responsible for one point: the grid, the chain above it, and the people."""
    plan = ctx.plan(q.set, q.at)
    require_plausible(plan, [q.lon], [q.lat])
    lon, lat = to_wgs84([q.lon], [q.lat], q.datum)
    found = locate(
        ctx.store,
        plan,
        float(lon[0]),
        float(lat[0]),
        day=ctx.day(q.at),
        nearest_within_m=ctx.settings.nearest_within_m,
    )
    grid = None
    if found.grid is not None:
        ref = found.grid
        facts = grid_facts(plan, ref.code, found.profile)
        grid = LocatedGrid(
            code=ref.code,
            name=ref.name,
            level=ref.level,
            households=facts.households,
            area_m2=facts.area_m2,
            department=facts.department,
            phone=facts.phone,
        )
    return LocateAnswer(
        grid=grid,
        chain=[GridOut.of(ref) for ref in found.chain],
        method=found.method,
        border_m=found.border_m,
        candidates=[GridOut.of(ref) for ref in found.candidates],
        desk=None if found.desk is None else GridOut.of(found.desk),
        staff=[StaffOut(role=s.role, name=s.name, phone=s.phone, department=s.department) for s in found.staff],
        set=found.set_name,
        version=found.version_number,
    )


@router.post("/api/v1/locate", response_model=LocateBatchAnswer)
def locate_points(ctx: Ctx, q: Query[NoQuery], batch: LocateBatch) -> Response:
    """Say who is responsible for each of many points, as columns in the order of the points."""
    limit = ctx.settings.max_batch_points
    if len(batch.points) > limit:
        raise TooLarge("too_many_points", limit=limit)
    plan = ctx.plan(batch.set, batch.at)
    points = np.array(batch.points, dtype=np.float64)
    require_plausible(plan, points[:, 0], points[:, 1])
    lon, lat = to_wgs84(points[:, 0], points[:, 1], batch.datum)
    codes, answers = locate_many(plan, lon, lat, nearest_within_m=ctx.settings.nearest_within_m)
    border = [] if answers.border_m is None else np.round(answers.border_m, 2).tolist()
    return json_response(
        {
            "grid_code": codes.tolist(),
            "method": answers.methods().tolist(),
            "border_m": [None if metres != metres else metres for metres in border],
            "set": plan.boundary_set.name,
            "version": plan.version.number,
        }
    )

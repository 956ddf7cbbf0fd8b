"""Who is responsible for this point."""

import numpy as np
from fastapi import APIRouter, Response

from api.answers import json_response
from api.deps import Ctx
from api.located import locate_answer
from api.replies import LocateAnswer, LocateBatchAnswer
from api.requests import LocateBatch, LocateQuery, NoQuery
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.crs import to_wgs84
from gridmap.errors import TooLarge
from gridmap.services.grids import require_plausible
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
    return locate_answer(plan, found)


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

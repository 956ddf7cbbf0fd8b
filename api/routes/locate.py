"""Who is responsible for this point."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from api import arrow
from api.batch import Points, columns, read_points
from api.deps import Ctx, context
from api.located import locate_answer
from api.replies import LocateAnswer, LocateBatchAnswer
from api.requests import LocateArrowQuery, LocateBatch, LocateQuery, NoQuery
from api.rights import needs, permission_of, principal_of
from api.routes.common import Query
from api.strict import StrictRoute, require_json_type
from gridmap.crs import to_wgs84
from gridmap.domain.access import Permission
from gridmap.services.grids import require_plausible
from gridmap.services.responsibility import locate


class BatchRoute(StrictRoute):
    """A route whose plain bodies are answered without reading them point by point; ``StrictRoute`` judges the rest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the quick reading before the strict one."""
        judge = super().get_route_handler()
        if self.body_field is None:
            return judge

        def answer(request: Request, body: bytes) -> Response | None:
            ctx = context(request)
            points = read_points(body, max_depth=ctx.settings.max_json_depth)
            return None if points is None else Response(columns(ctx, points), media_type="application/json")

        permission = permission_of(self.endpoint)
        assert permission is not None

        async def quick(request: Request) -> Response:
            reach = principal_of(request.scope).reach(permission, context(request).day(None))
            if request.scope["query_string"] or reach.nowhere:
                return await judge(request)
            require_json_type(request.headers.get("content-type"))
            body = await request.body()
            return await run_in_threadpool(answer, request, body) or await judge(request)

        return quick


router = APIRouter(route_class=BatchRoute, tags=["locate"])


@router.get("/api/v1/locate")
@needs(Permission.GRIDS_READ)
def locate_point(ctx: Ctx, q: Query[LocateQuery]) -> LocateAnswer:
    """Say who is responsible for one point: the grid, the chain above it, and the people."""
    plan = ctx.plan(q.set, q.at)
    require_plausible(plan, [q.lon], [q.lat], ctx.island_deg)
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
@needs(Permission.GRIDS_READ)
def locate_points(ctx: Ctx, q: Query[NoQuery], batch: LocateBatch) -> Response:
    """Say who is responsible for each of many points, as columns in the order of the points."""
    points = Points(np.array(batch.points, dtype=np.float64), batch.set, batch.at, batch.datum, batch.border)
    return Response(columns(ctx, points), media_type="application/json")


async def _arrow_body(request: Request) -> bytes:
    arrow.require_arrow_type(request.headers.get("content-type"))
    return await request.body()


_STREAM = {"schema": {"type": "string", "format": "binary"}}
_DESCRIBED = {"requestBody": {"required": True, "content": {arrow.MEDIA_TYPE: _STREAM}}}


@router.post(
    "/api/v1/locate/arrow",
    openapi_extra=_DESCRIBED,
    response_class=Response,
    responses={
        200: {"description": "grid_code, method and, if asked for, border_m", "content": {arrow.MEDIA_TYPE: _STREAM}}
    },
)
@needs(Permission.GRIDS_READ)
def locate_stream(ctx: Ctx, q: Query[LocateArrowQuery], body: Annotated[bytes, Depends(_arrow_body)]) -> Response:
    """Say who is responsible for each point of an Arrow stream, as a stream in the same order."""
    with ctx.reading:
        parts = arrow.read_points(body, most=ctx.settings.max_arrow_points)
        plan = ctx.plan(q.set, q.at)
        found = []
        for part in parts:
            require_plausible(plan, part.lon, part.lat, ctx.island_deg)
            lon, lat = to_wgs84(part.lon, part.lat, q.datum)
            within_m = ctx.settings.nearest_within_m
            found.append(plan.locator.locate_many(lon, lat, nearest_within_m=within_m, border=q.border == "true"))
        codes = ctx.code_arrays.get(plan.key, lambda: pa.array(plan.locator.codes, type=pa.string()))
        written = arrow.write_answers(plan, codes, found, border=q.border == "true")
    return Response(written, media_type=arrow.MEDIA_TYPE)

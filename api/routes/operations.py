"""For those who run the service: whether the process lives, whether it can work, and what it counts."""

from fastapi import APIRouter, Request, Response

from api import telemetry
from api.replies import HealthAnswer, ReadyAnswer
from api.requests import NoQuery
from api.rights import needs, open_to_all
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.services.ports import Store

router = APIRouter(route_class=StrictRoute, tags=["operations"])


@router.get("/healthz")
@open_to_all
async def get_health(request: Request, q: Query[NoQuery]) -> HealthAnswer:
    """Answer 200 as long as the process answers at all; it asks nobody else, so it waits for nobody."""
    return HealthAnswer(status="ok", version=request.app.version)


@router.get("/readyz")
@open_to_all
def get_readiness(request: Request, q: Query[NoQuery]) -> ReadyAnswer:
    """Answer 200 when the store answers and has this program's tables; say whether it takes writes."""
    store: Store = request.app.state.context.store
    store.ping()
    return ReadyAnswer(status="ready", store=store.mode())


@router.get("/metrics", include_in_schema=False)
@needs(Permission.OPERATIONS_READ)
def get_metrics(request: Request, q: Query[NoQuery]) -> Response:
    """Give the figures of this process, or of all workers together, for Prometheus."""
    found: telemetry.Telemetry = request.app.state.telemetry
    return Response(found.text(request.app.state.context.store), media_type=telemetry.MEDIA_TYPE)

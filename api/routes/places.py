"""Standard places: what an address text may mean."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import Field

from api.deps import Ctx
from api.fields import Name, QueryInteger
from api.replies_places import PlaceOut, PlacesAnswer
from api.requests import Strict
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput
from gridmap.services.places import gazetteer_of, places_token

router = APIRouter(route_class=StrictRoute, tags=["cases"])

_MOST = 50


class PlacesQuery(Strict):
    """An address as somebody says it."""

    q: Name = Field(description="address text; what lies before and behind the place does no harm")
    limit: QueryInteger = Field(10, description=f"places at most; {_MOST} or fewer")


@router.get("/api/v1/places")
@needs(Permission.GRIDS_READ)
def find_places(ctx: Ctx, q: Query[PlacesQuery]) -> PlacesAnswer:
    """Find the imported places that an address text may mean, the likeliest first."""
    if not 1 <= q.limit <= _MOST:
        raise InvalidInput("limit_out_of_range", limit=_MOST)
    with ctx.store.unit_of_work() as work:
        known = ctx.gazetteers.get(places_token(work), lambda: gazetteer_of(work))
    return PlacesAnswer(places=[PlaceOut(**asdict(found)) for found in known.search(q.q, limit=q.limit)])

"""Incidents by grid: by the grids of any day, or by the owners of the days they happened."""

from fastapi import APIRouter

from api.deps import Ctx
from api.replies_versions import CountOut, CountsAnswer
from api.requests import CountsQuery
from api.rights import needs
from api.routes.common import Query
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput
from gridmap.services.counts import incident_counts, owners_then

router = APIRouter(route_class=StrictRoute, tags=["counts"])


@router.get("/api/v1/counts")
@needs(Permission.INCIDENTS_READ)
def get_counts(ctx: Ctx, q: Query[CountsQuery]) -> CountsAnswer:
    """Count the incidents of a window by grid: by those of a day (owner now), or of the day each happened (then)."""
    where = ctx.window(q.start, q.end, q.category)
    if q.owner == "then":
        if q.at is not None:
            raise InvalidInput("at_not_with_then")
        name = ctx.plans.resolve_set(q.set, ctx.settings.default_set).name
        with ctx.store.unit_of_work() as work:
            total = work.incidents.count(where)
            found = owners_then(work, where)
        owned = found[(found["set_name"] == name) & found["grid_code"].notna()]
        rows = owned[["version_number", "grid_code", "incidents"]].to_numpy(dtype=object).tolist()
        counts = [CountOut(version=number, grid_code=code, incidents=count) for number, code, count in rows]
        version = None
    else:
        plan = ctx.plan(q.set, q.at)
        name, version = plan.boundary_set.name, plan.version.number
        with ctx.store.unit_of_work() as work:
            total = work.incidents.count(where)
            found = incident_counts(work, plan, where, settings=ctx.settings)
        counts = [
            CountOut(version=version, grid_code=row.grid_code, incidents=row.incidents) for row in found.itertuples()
        ]
    return CountsAnswer(
        set=name,
        owner=q.owner,
        version=version,
        incidents=total,
        without_owner=total - sum(c.incidents for c in counts),
        counts=counts,
    )

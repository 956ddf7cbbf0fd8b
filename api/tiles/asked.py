"""From the name of a collection and a day to the layer that its tiles hold, as the reader sees it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic_core import PydanticCustomError

from api.deps import Context
from api.errors import Fault, InvalidRequest
from api.fields import parse_day_or_time
from api.routes.patrolled import patrols_of
from api.tiles.layers import Areas, Layer, incidents_layer
from gridmap.domain.access import Permission
from gridmap.domain.boundaries import BoundarySet
from gridmap.errors import NotFound
from gridmap.services.guarded import GuardedStore
from gridmap.services.ports import PointFilter, UnitOfWork
from gridmap.services.responsibility import Plan

INCIDENTS, EFFORT = "incidents", "patrol-effort"
_NEEDS = {INCIDENTS: Permission.INCIDENTS_READ, EFFORT: Permission.PATROLS_READ}

#: Days of a window whose ends nobody names.
_DAYS = 30

Moment = date | datetime


@dataclass(frozen=True, slots=True)
class When:
    """A closed span of moments; None: open. An instant has two equal ends."""

    start: Moment | None = None
    end: Moment | None = None


def read_when(said: str | None) -> When:
    """Read ``datetime`` as OGC API has it: an instant, or two joined by a slash, each of which may be open.

    Raises
    ------
    InvalidRequest
        ``bad_time``.
    """
    if said is None:
        return When()
    parts = said.split("/")
    try:
        ends = [None if part in ("", "..") and len(parts) == 2 else parse_day_or_time(part) for part in parts]
    except PydanticCustomError:
        ends = []
    if len(ends) not in (1, 2):
        raise InvalidRequest([Fault("bad_time", parameter="datetime")])
    return When(ends[0], ends[-1])


def collections_of(ctx: Context) -> list[str]:
    """Give the collections with tiles that the reader has."""
    with ctx.store.unit_of_work() as work:
        found = [f"{s.name}.{level.name}" for s in _sets(ctx, work) for level in reversed(s.levels)]
    return found + [name for name, permission in _NEEDS.items() if _may(ctx, permission)]


def layer_of(ctx: Context, collection: str, said: str | None) -> Layer:
    """Give the layer of a collection on a day or in a window.

    Areas are those in force on the day, or at the end of the window; incidents and effort those of the window, a day
    being a window as well. Without any, it is today, and the last days that have records.

    Raises
    ------
    NotFound
        ``tiles_unknown``; ``no_version_at``.
    InvalidRequest
        ``bad_time``.
    """
    # all that the answer hangs on: asked again within one state of the store, it is the same object
    key = ("layer", collection, said, ctx.day(None), ctx.store.revision())
    return ctx.tile_layers.get(key, lambda: _layer_of(ctx, collection, read_when(said)))


def _layer_of(ctx: Context, collection: str, when: When) -> Layer:
    if collection in _NEEDS:
        if not _may(ctx, _NEEDS[collection]):
            raise NotFound("tiles_unknown")
        return _incidents(ctx, when) if collection == INCIDENTS else _effort(ctx, when)
    with ctx.store.unit_of_work() as work:
        for found in _sets(ctx, work):
            level = collection.removeprefix(found.name + ".")
            if level != collection and any(level == known.name for known in found.levels):
                plan = ctx.plan(found.name, when.end, work)
                areas = _areas(ctx, plan)
                if level not in areas.frames:
                    raise NotFound("no_version_at", day=ctx.day(when.end).isoformat())
                return areas.layer(collection, level)
    raise NotFound("tiles_unknown")


def _areas(ctx: Context, plan: Plan) -> Areas:
    return ctx.tile_areas.get(plan.key, lambda: Areas(plan))


def _incidents(ctx: Context, when: When) -> Layer:
    where = _window(ctx, when)

    def read() -> Layer:
        with ctx.store.unit_of_work() as work:
            return incidents_layer(INCIDENTS, work.incidents.frame(where))

    with ctx.store.unit_of_work() as work:
        count = work.incidents.count(where)
    # incidents are only ever added, and change hands with versions: patrols that come in meanwhile change none of them
    return ctx.tile_layers.get((INCIDENTS, where, count, ctx.store.revision("answers")), read)


def _effort(ctx: Context, when: When) -> Layer:
    plan = ctx.plan(None, when.end)
    report = patrols_of(ctx, plan, ctx.day(when.end), _window(ctx, when), shares=False)
    areas = _areas(ctx, plan)
    said = report.figures.set_index("code", drop=False).reindex(areas.frames[areas.leaves]["code"])
    return areas.layer(EFFORT, areas.leaves, said)


def _window(ctx: Context, when: When) -> PointFilter:
    """Give the half-open window of a closed span; a day ends with its last moment."""
    end: Moment | None = when.end
    if end is not None:
        end = end + (timedelta(microseconds=1) if isinstance(end, datetime) else timedelta(days=1))
    asked = ctx.window(when.start, end)
    closed = ctx.closed_window(asked)
    if asked.end is None and closed.end is not None:
        # with the day of the newest record, so that the window, and all that hangs on it, stays for that day
        closed_end = ctx.moment(ctx.day(closed.end) + timedelta(days=1))
        assert closed_end is not None
        start = asked.start or closed_end - timedelta(days=_DAYS)
        return PointFilter(start, closed_end)
    return closed


def _sets(ctx: Context, work: UnitOfWork) -> list[BoundarySet]:
    return work.boundaries.list_sets()


def _may(ctx: Context, permission: Permission) -> bool:
    assert isinstance(ctx.store, GuardedStore)
    return not ctx.store.rights[permission].nowhere

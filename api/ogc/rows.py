"""The features of a collection as columns, as the reader sees them on a day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from api.deps import Context
from api.ogc.asking import GEOMETRY, Asked, days_of, told_since, window_of
from api.ogc.collections import PROPERTIES, Collection, Sort
from gridmap.analysis.collected import Key, Table, column_of
from gridmap.analysis.cql2 import Column, Kind, judge
from gridmap.crs import area_m2
from gridmap.domain.boundaries import BoundaryVersion, in_time_order
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.features import with_owners
from gridmap.services.grids import areas_m2
from gridmap.services.ports import FeatureFilter, PointFilter, UnitOfWork
from gridmap.services.provisioning import ServiceAsked, measure_service
from gridmap.services.responsibility import Plan

#: Incidents read at a time; those looked at for one page, and for telling how many match.
BATCH, LOOKED_AT, COUNTED = 5_000, 200_000, 50_000
#: Incidents that are sorted otherwise than by time.
MOST_SORTED = 100_000
#: Days on which a layer changed that one interval may have.
_CHANGES = 400


@dataclass(frozen=True, slots=True)
class Page:
    """Some features of a collection.

    ``matched``: how many there are in all, ``exact`` or by a sample. ``following``: what a cursor holds that goes on.
    """

    table: Table
    matched: int
    exact: bool
    following: tuple[str | None, ...] | None
    #: The table of which ``table`` is a part, and which rows: what was written of it may be kept there.
    whole: Table | None = None
    rows: Any = None


def page_of(ctx: Context, collection: Collection, asked: Asked, after: Sequence[str | None] | None) -> Page:
    """Give a page of what is asked, from the beginning or from where a cursor leads on."""
    anchor = None if after is None else after[0]
    place: Key | None = None if after is None else tuple(after[1:])
    if collection.sort is Sort.INCIDENTS:
        return _page_of_incidents(ctx, collection, asked, place)
    anchor, table = whole(ctx, collection, asked, anchor)
    return _page(table, asked, place, anchor, ctx.settings.time_zone)


def _page(table: Table, asked: Asked, place: Key | None, anchor: str, time_zone: str) -> Page:
    rows = chosen(table, asked, time_zone)
    matched = len(rows)
    if place is not None:
        if len(place) != len(asked.by) + 1 or place[-1] is None:
            raise InvalidInput("bad_cursor")
        rows = rows[table.later(place, asked.by)[rows]]
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    following = (anchor, *table.key(int(rows[-1]), asked.by)) if more else None
    return Page(table.take(rows), matched, True, following, table, rows)


def chosen(table: Table, asked: Asked, time_zone: str) -> Any:
    """Give the rows that are asked for, in the order that is asked for."""
    fits = matching(table, asked, time_zone)
    if not asked.by:
        return np.flatnonzero(fits)
    order = table.order(asked.by)
    return order[fits[order]]


def matching(table: Table, asked: Asked, time_zone: str) -> Any:
    """Tell which features of a table are asked for; when they are valid was looked at before."""
    fits = np.ones(len(table), dtype=bool)
    if asked.ground is not None and len(table):
        shapely.prepare(asked.ground)
        fits &= shapely.intersects(asked.ground, table.shapes)
    if asked.filter is not None:
        columns = {**table.columns, GEOMETRY: Column(Kind.SHAPE, table.shapes)}
        fits &= judge(asked.filter, columns, len(table), time_zone)
    return fits


def whole(ctx: Context, collection: Collection, asked: Asked, anchor: str | None = None) -> tuple[str, Table]:
    """Give all features that are valid then, of a collection that is held as a whole; and what a walk is bound to."""
    match collection.sort:
        case Sort.AREAS:
            return _areas(ctx, collection, asked, anchor)
        case Sort.DRAFT:
            return "", _draft(ctx, collection)
        case Sort.LAYER:
            return _layer(ctx, collection, asked, anchor)
    return _gaps(ctx, collection, anchor)


def _day(ctx: Context, anchor: str | None) -> date:
    try:
        return ctx.day(None) if anchor is None else date.fromisoformat(anchor)
    except ValueError:
        raise InvalidInput("bad_cursor") from None


# --- areas


def _areas(ctx: Context, collection: Collection, asked: Asked, anchor: str | None) -> tuple[str, Table]:
    assert collection.set_name is not None
    boundary_set = ctx.plans.resolve_set(collection.set_name)
    with ctx.store.unit_of_work() as work:
        lived = in_time_order(work.boundaries.list_versions(boundary_set.name))
        if anchor is not None:
            numbers = anchor.split(",")
            editions = [v for v in lived if str(v.number) in numbers]
        else:
            start, end = (ctx.day(None),) * 2 if asked.when is None else days_of(ctx, asked.when)
            editions = [v for v in lived if _valid(v, start, end)]
        plans: list[tuple[BoundaryVersion, Plan]] = []
        for edition in reversed(editions):
            try:
                plans.append((edition, ctx.plans.of(boundary_set, edition, work)))
            except NotFound:
                continue  # nothing of it is within reach
    key = ("areas", collection.id, tuple((plan.key, v.valid_from, v.valid_to) for v, plan in plans))
    table = ctx.served.get(key, lambda: _areas_table(plans, str(collection.level)))
    return ",".join(str(v.number) for v in editions), table


def _valid(version: BoundaryVersion, start: date | None, end: date | None) -> bool:
    began = end is None or version.valid_from <= end
    return began and (start is None or version.valid_to is None or version.valid_to > start)


def _areas_table(plans: list[tuple[BoundaryVersion, Plan]], level: str) -> Table:
    """Put areas together, each as the latest of these versions (they come first) has it."""
    frames, seen = [], set[str]()
    for version, plan in plans:
        mine = plan.frame[plan.frame["level"] == level]
        mine = mine[~mine["code"].isin(seen)]
        seen |= set(mine["code"])
        areas = areas_m2(plan, mine.geometry.array).round(2)
        frames.append(
            mine.assign(
                area_m2=areas,
                version_number=version.number,
                valid_from=told_since(version.valid_from),
                valid_to=version.valid_to,
            )
        )
    if not frames:
        return _empty(Sort.AREAS)
    whole_frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    return _table(whole_frame, Sort.AREAS, "code")


def _table(frame: gpd.GeoDataFrame, sort: Sort, key: str) -> Table:
    absent = pd.Series([None] * len(frame), dtype=object)
    columns = {
        name: column_of(kind, (frame[name] if name in frame.columns else absent).reset_index(drop=True))
        for name, kind in PROPERTIES[sort].items()
    }
    ids = [str(code) for code in frame[key].tolist()]
    shapes = np.asarray(frame.geometry.array, dtype=object)
    # the outer ring goes round to the left, as GeoJSON has it
    return Table.of(ids, columns, shapely.orient_polygons(shapes, exterior_cw=False))


def _empty(sort: Sort) -> Table:
    columns = {name: column_of(kind, pd.Series([], dtype=object)) for name, kind in PROPERTIES[sort].items()}
    return Table.of([], columns, np.empty(0, dtype=object))


def _draft(ctx: Context, collection: Collection) -> Table:
    assert collection.set_name is not None
    assert collection.draft is not None
    with ctx.store.unit_of_work() as work:
        draft = work.boundaries.find_version(collection.set_name, collection.draft)
        if draft is None:
            raise NotFound("collection_unknown")
        frame = work.boundaries.grids(draft, collection.level)
    frame = frame.assign(area_m2=area_m2(frame.geometry.array).round(2) if len(frame) else [])
    return _table(frame, Sort.DRAFT, "code")


# --- layers, and what is missing


def _layer(ctx: Context, collection: Collection, asked: Asked, anchor: str | None) -> tuple[str, Table]:
    assert collection.layer is not None
    if asked.when is None:
        first = last = _day(ctx, anchor)
    else:
        start, end = days_of(ctx, asked.when)
        first, last = start or date.min, end or date.max
    key = ("layer", collection.id, ctx.store.revision(), first, last, ctx.day(None))
    table = ctx.served.get(key, lambda: _layer_table(ctx, str(collection.layer), first, last))
    return first.isoformat() if asked.when is None else "", table


def _layer_table(ctx: Context, layer: str, first: date, last: date) -> Table:
    """Give each feature as it was at the end of some days, with its grid of then."""
    with ctx.store.unit_of_work() as work:
        frames = [work.features.frame(FeatureFilter(layer, day)) for day in reversed(_days(work, layer, first, last))]
    kept, seen = [], set[str]()
    for frame in frames:
        fresh = frame[~frame["code"].isin(seen)]
        seen |= set(fresh["code"])
        kept.append(fresh)
    found = kept[0] if len(kept) == 1 else pd.concat(kept, ignore_index=True)
    owned = with_owners(found, _plan_or_none(ctx, last), ctx.settings)
    owned = owned.assign(valid_from=[told_since(day) for day in owned["valid_from"]])
    return _table(owned, Sort.LAYER, "code")


def _days(work: UnitOfWork, layer: str, first: date, last: date) -> list[date]:
    """Give the first of some days, and those of them on which a layer changed."""
    days = [first]
    while (following := work.features.next_change(layer, days[-1])) is not None and following <= last:
        days.append(following)
        if len(days) > _CHANGES:
            raise InvalidInput("interval_too_long", limit=_CHANGES)
    return days


def _plan_or_none(ctx: Context, day: date) -> Plan | None:
    try:
        return ctx.plan(None, ctx.day(None) if day == date.max else day)
    except (NotFound, InvalidInput):
        return None


def _gaps(ctx: Context, collection: Collection, anchor: str | None) -> tuple[str, Table]:
    day = _day(ctx, anchor)
    plan = _plan_or_none(ctx, day)
    if plan is None:
        return day.isoformat(), _empty(Sort.GAPS)

    def made() -> Table:
        asked = ServiceAsked(str(collection.layer))
        gaps = measure_service(ctx.store, plan, asked, day=day).found.gaps
        frame = gaps.assign(grids=[",".join(codes) for codes in gaps["grids"]])
        return _table(frame, Sort.GAPS, "gap")

    return day.isoformat(), ctx.served.get(("gaps", collection.id, ctx.store.revision(), day), made)


# --- incidents


def incidents_filter(ctx: Context, asked: Asked) -> PointFilter:
    """Give what the store itself can look at of what is asked."""
    start, end = (None, None) if asked.when is None else window_of(ctx, asked.when)
    box = None
    if asked.ground is not None:
        west, south, east, north = asked.ground.bounds
        box = (float(west), float(south), float(east), float(north))
    return PointFilter(start, end, None, box)


def batches(
    ctx: Context, asked: Asked, after: tuple[datetime, str] | None = None, *, size: int = BATCH
) -> Iterator[tuple[Table, tuple[datetime, str]]]:
    """Give incidents by time, some at a time, with the place behind them; what the store cannot look at is in it."""
    where = incidents_filter(ctx, asked)
    while True:
        # each batch by itself: a slow reader holds no transaction
        with ctx.store.unit_of_work() as work:
            records = work.incidents.records(where, limit=size, after=after)
        if not records:
            return
        frame = pd.DataFrame.from_records(records, columns=records[0]._fields)
        after = (records[-1].occurred_at, records[-1].incident_id)
        columns = {name: column_of(kind, frame[name]) for name, kind in PROPERTIES[Sort.INCIDENTS].items()}
        places = np.empty(len(records), dtype=object)
        places[:] = [r.place for r in records]
        ids = np.array([r.incident_id for r in records], dtype=object)
        yield Table(ids, columns, places), after
        if len(records) < size:
            return


def joined(tables: Sequence[Table], sort: Sort) -> Table:
    """Put tables of a sort together in the order in which they come."""
    if not tables:
        return _empty(sort)
    if len(tables) == 1:
        return tables[0]
    columns = {
        name: Column(column.kind, np.concatenate([t.columns[name].values for t in tables]))
        for name, column in tables[0].columns.items()
    }
    return Table(np.concatenate([t.ids for t in tables]), columns, np.concatenate([t.shapes for t in tables]))


def _page_of_incidents(ctx: Context, collection: Collection, asked: Asked, place: Key | None) -> Page:
    if not by_time(asked):
        every = incidents_held(ctx, asked)
        return _page(every, replace(asked, ground=None, filter=None), place, "", ctx.settings.time_zone)
    after = None if place is None else _at(place)
    found: list[Table] = []
    have = looked = 0
    end: tuple[datetime, str] | None = None
    size = min(BATCH, asked.limit + 1) if asked.filter is None else BATCH
    more = False
    for table, behind in batches(ctx, asked, after, size=size):
        fits = np.flatnonzero(matching(table, asked, ctx.settings.time_zone))
        looked += len(table)
        if have + len(fits) > asked.limit:
            fits = fits[: asked.limit - have]
            more = True
        found.append(table.take(fits))
        have += len(fits)
        end = behind
        if more:
            break
        if looked >= LOOKED_AT:
            more = len(table) == size
            break
    page = joined(found, Sort.INCIDENTS)
    following = None
    if more and end is not None:
        following = ("", *(_place(page, -1) if have == asked.limit else (end[0].isoformat(), end[1])))
    matched, exact = matched_incidents(ctx, asked)
    return Page(page, matched, exact, following)


def _place(table: Table, row: int) -> tuple[str, str]:
    at = table.columns["occurred_at"].values[row]
    return f"{at.astype(datetime).isoformat()}+00:00", str(table.ids[row])


def _at(place: Key) -> tuple[datetime, str]:
    try:
        at, incident_id = place
        return datetime.fromisoformat(str(at)), str(incident_id)
    except ValueError:
        raise InvalidInput("bad_cursor") from None


def matched_incidents(ctx: Context, asked: Asked) -> tuple[int, bool]:
    """Count the incidents that are asked for; where that would take long, judge by the first ones.

    Exactly, where the store can count them or there are few; else by the share of the first ``COUNTED``.
    """
    where = incidents_filter(ctx, asked)
    key = ("matched", where, asked.filter, None if asked.ground is None else asked.ground.wkb, ctx.store.revision())
    found: tuple[int, bool] = ctx.served.get(key, lambda: _matched(ctx, asked, where))
    return found


def _matched(ctx: Context, asked: Asked, where: PointFilter) -> tuple[int, bool]:
    with ctx.store.unit_of_work() as work:
        most = work.incidents.count(where)
    if asked.filter is None and (asked.ground is None or _is_box(asked.ground)):
        return most, True
    looked = fit = 0
    for table, _ in batches(ctx, asked):
        looked += len(table)
        fit += int(matching(table, asked, ctx.settings.time_zone).sum())
        if looked >= COUNTED:
            break
    return (fit, True) if looked >= most else (round(fit * most / looked), False)


def _is_box(ground: Any) -> bool:
    return bool(shapely.equals(ground, shapely.box(*ground.bounds)))


def by_time(asked: Asked) -> bool:
    """Tell whether incidents are asked for in the order in which the store has them."""
    return asked.by in ((), (("occurred_at", False),))


def incidents_held(ctx: Context, asked: Asked) -> Table:
    """Give all incidents that match at once, to be sorted otherwise than by time; so they must be few.

    Raises
    ------
    InvalidInput
        ``too_many_to_sort``.
    """
    found: list[Table] = []
    have = 0
    for table, _ in batches(ctx, asked):
        found.append(table.take(matching(table, asked, ctx.settings.time_zone)))
        have += len(found[-1])
        if have > MOST_SORTED:
            raise InvalidInput("too_many_to_sort", limit=MOST_SORTED)
    every = joined(found, Sort.INCIDENTS)
    return every.take(np.argsort(every.ids, kind="stable"))


def find(ctx: Context, collection: Collection, name: str, asked: Asked) -> Table:
    """Give one feature.

    Raises
    ------
    NotFound
        ``item_unknown``.
    """
    if collection.sort is Sort.INCIDENTS:
        with ctx.store.unit_of_work() as work:
            record = work.incidents.find(name)
        if record is None:
            raise NotFound("item_unknown")
        frame = pd.DataFrame.from_records([record], columns=record._fields)
        columns = {name: column_of(kind, frame[name]) for name, kind in PROPERTIES[Sort.INCIDENTS].items()}
        places = np.empty(1, dtype=object)
        places[0] = record.place
        return Table(np.array([record.incident_id], dtype=object), columns, places)
    _, table = whole(ctx, collection, asked)
    rows = np.flatnonzero(table.ids == name)
    if not len(rows):
        raise NotFound("item_unknown")
    return table.take(rows[:1])

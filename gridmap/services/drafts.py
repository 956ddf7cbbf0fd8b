"""Drafts: made of a version, changed, and checked as publishing would."""

from datetime import date, datetime

import geopandas as gpd
import pandas as pd

from gridmap.analysis.content import content_hash
from gridmap.analysis.frames import GRIDS
from gridmap.analysis.redraw.tiling import grids_of
from gridmap.crs import WGS84
from gridmap.domain.access import OPERATOR, Principal
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, VersionState, in_time_order
from gridmap.domain.redraw import VERBS, Change, Entry, Replace
from gridmap.errors import Conflict, InvalidInput, NotFound, StaleVersion
from gridmap.services.clock import day_in
from gridmap.services.gate import Judgement, judge
from gridmap.services.ports import Store, UnitOfWork
from gridmap.settings import Settings


def make_draft(
    store: Store,
    set_name: str,
    *,
    based_on: int | None,
    valid_from: date | None,
    now: datetime,
    settings: Settings,
    note: str = "",
) -> BoundaryVersion:
    """Make a draft with the grids of a version (None: of the one in force; an empty one in a set without versions).

    Raises
    ------
    NotFound
        ``set_not_found``, ``version_unknown``, ``no_version_at``.
    """
    today = day_in(now, settings.time_zone)
    with store.unit_of_work() as work:
        require_set(work, set_name)
        if based_on is None:
            source = work.boundaries.version_at(set_name, today)
            if source is None and in_time_order(work.boundaries.list_versions(set_name)):
                raise NotFound("no_version_at", day=today.isoformat())
        else:
            source = require_version(work, set_name, based_on)
        frame = _nothing() if source is None else work.boundaries.grids(source)
        draft = work.boundaries.add_draft(
            set_name,
            frame,
            valid_from=valid_from or today,
            content_hash=content_hash(frame) if source is None else source.content_hash,
            note=note,
            based_on=None if source is None else source.number,
        )
        work.commit()
    return draft


def _nothing() -> gpd.GeoDataFrame:
    columns = (*GRIDS.required, *GRIDS.optional)
    return gpd.GeoDataFrame({c: [] for c in columns if c != "geometry"}, geometry=[], crs=WGS84)


def put_draft(
    store: Store,
    set_name: str,
    number: int,
    frame: gpd.GeoDataFrame,
    *,
    level: str | None,
    expected_hash: str,
    by: Principal = OPERATOR,
    now: datetime | None = None,
) -> BoundaryVersion:
    """Put a frame into a draft: all levels, or with ``level`` that one beside the others as they are.

    In a draft that is being redrawn it is one edit of ``by`` at ``now``, which can be taken back.

    Raises
    ------
    NotFound, Conflict, StaleVersion
        As ``BoundaryRepository.replace_draft``; ``set_not_found``.
    InvalidInput
        ``level_not_in_set``.
    """
    with store.unit_of_work() as work:
        boundary_set = require_set(work, set_name)
        known = [x.name for x in boundary_set.levels]
        if level is not None and level not in known:
            raise InvalidInput("level_not_in_set", known=", ".join(known))
        draft = require_version(work, set_name, number)
        whole = frame
        if level is not None:
            others = work.boundaries.grids(draft)
            parts = [others[others["level"] != level], frame.assign(level=level)]
            whole = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=others.crs)
        head = work.redraw.head(set_name, number) if draft.state is VersionState.DRAFT else 0
        if head and now is not None:
            if draft.content_hash != expected_hash:
                raise StaleVersion("draft_stale")
            changed = _redrawn(work, draft, whole, head, by, now)
        else:
            changed = work.boundaries.replace_draft(
                set_name, number, whole, content_hash=content_hash(whole), expected_hash=expected_hash
            )
        work.commit()
    return changed


def _redrawn(
    work: UnitOfWork, draft: BoundaryVersion, whole: gpd.GeoDataFrame, head: int, by: Principal, now: datetime
) -> BoundaryVersion:
    """Put all areas into a draft as an entry of its log."""
    before = {g.code: g for g in grids_of(work.boundaries.grids(draft))}
    after = {g.code: g for g in grids_of(whole)}
    if len(after) < len(whole):
        raise Conflict("code_not_unique")
    same = {code for code, grid in before.items() if after.get(code) == grid}
    change = Change(
        {c: g for c, g in before.items() if c not in same}, {c: g for c, g in after.items() if c not in same}
    )
    edit = Replace(tuple(change.after.values()), change.gone)
    entry = Entry(head + 1, by.name, now, VERBS[Replace], edit, change, None, head)
    return work.redraw.append(draft.set_name, draft.number, entry, author_id=by.account_id)


def check_version(store: Store, set_name: str, number: int, *, settings: Settings) -> Judgement:
    """Ask the gate of a draft for the day it is planned for, or again of a version for its first day."""
    with store.unit_of_work() as work:
        return check_in(work, set_name, number, settings=settings)


def check_in(work: UnitOfWork, set_name: str, number: int, *, settings: Settings) -> Judgement:
    """Ask the gate of a draft or version in an open unit of work; as ``check_version``."""
    boundary_set = require_set(work, set_name)
    version = require_version(work, set_name, number)
    frame = work.boundaries.grids(version)
    again = version.state is not VersionState.DRAFT
    return judge(work, boundary_set, frame, day=version.valid_from, settings=settings, number=number, again=again)


def require_set(work: UnitOfWork, name: str) -> BoundarySet:
    """Give the set of this name, or raise NotFound ``set_not_found``."""
    found = work.boundaries.find_set(name)
    if found is None:
        raise NotFound("set_not_found")
    return found


def require_version(work: UnitOfWork, set_name: str, number: int) -> BoundaryVersion:
    """Give the version or draft of this number, or raise NotFound ``version_unknown``."""
    found = work.boundaries.find_version(set_name, number)
    if found is None:
        raise NotFound("version_unknown")
    return found

"""The life of a version: drafted, published, withdrawn, returned to.

Everything that takes long (rules, overlay) is asked before the write lock is taken; the compare-and-swap on the set's
revision then makes sure that it was asked of what still holds.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd

from gridmap.analysis.content import content_hash
from gridmap.analysis.frames import GRIDS
from gridmap.analysis.lineage import infer_lineage
from gridmap.crs import WGS84
from gridmap.domain.boundaries import ALWAYS, BoundarySet, BoundaryVersion, VersionState, in_time_order
from gridmap.domain.lineage import LineageKind
from gridmap.errors import Conflict, InvalidInput, NotFound, StaleVersion
from gridmap.services.clock import day_in
from gridmap.services.gate import Judgement, judge
from gridmap.services.points import FIX, INCIDENT, PointKind, add_owners, primary_of
from gridmap.services.ports import PointFilter, Store, UnitOfWork
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

#: Codes that a loser of a race is told by name; of more he is told the number.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing a version did, or would do.

    Attributes
    ----------
    version : BoundaryVersion or None
        The published one; None in a rehearsal, or where findings stand in the way.
    judgement : Judgement
    edges : DataFrame
        LINEAGE from the version before it in time; empty for the first one.
    incidents, fixes : int
        How many stored ones have another owner now.
    """

    version: BoundaryVersion | None
    judgement: Judgement
    edges: pd.DataFrame
    incidents: int = 0
    fixes: int = 0


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A version that was taken back, and how many stored incidents and fixes have another owner now."""

    version: BoundaryVersion
    incidents: int
    fixes: int


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a version is published.

    Attributes
    ----------
    valid_from : date
        First day in force.
    expected : int or None
        Revision of the set that the caller built upon; None: the one that is read when the gate is asked.
    accepted : str
        Why findings that may be accepted are accepted; empty: they stand in the way.
    rewrite : str
        Why days that have passed, or versions that are scheduled, get another version; empty: they do not.
    note : str
    """

    valid_from: date
    expected: int | None = None
    accepted: str = ""
    rewrite: str = ""
    note: str = ""

    def words(self) -> str:
        """Give what is kept with the version."""
        return "; ".join(dict.fromkeys(w for w in (self.note, self.accepted, self.rewrite) if w))


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
        _require_set(work, set_name)
        if based_on is None:
            source = work.boundaries.version_at(set_name, today)
            if source is None and in_time_order(work.boundaries.list_versions(set_name)):
                raise NotFound("no_version_at", day=today.isoformat())
        else:
            source = _require_version(work, set_name, based_on)
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
    store: Store, set_name: str, number: int, frame: gpd.GeoDataFrame, *, level: str | None, expected_hash: str
) -> BoundaryVersion:
    """Put a frame into a draft: all levels, or with ``level`` that one beside the others as they are.

    Raises
    ------
    NotFound, Conflict, StaleVersion
        As ``BoundaryRepository.replace_draft``; ``set_not_found``.
    InvalidInput
        ``level_not_in_set``.
    """
    with store.unit_of_work() as work:
        boundary_set = _require_set(work, set_name)
        known = [x.name for x in boundary_set.levels]
        if level is not None and level not in known:
            raise InvalidInput("level_not_in_set", known=", ".join(known))
        draft = _require_version(work, set_name, number)
        whole = frame
        if level is not None:
            others = work.boundaries.grids(draft)
            parts = [others[others["level"] != level], frame.assign(level=level)]
            whole = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=others.crs)
        changed = work.boundaries.replace_draft(
            set_name, number, whole, content_hash=content_hash(whole), expected_hash=expected_hash
        )
        work.commit()
    return changed


def check_version(store: Store, set_name: str, number: int, *, settings: Settings) -> Judgement:
    """Ask the gate of a draft for the day it is planned for, or again of a version for its first day."""
    with store.unit_of_work() as work:
        boundary_set = _require_set(work, set_name)
        version = _require_version(work, set_name, number)
        frame = work.boundaries.grids(version)
        return judge(work, boundary_set, frame, day=version.valid_from, settings=settings)


def publish_draft(
    store: Store,
    plans: Plans,
    set_name: str,
    number: int,
    terms: Terms,
    *,
    now: datetime,
    settings: Settings,
    commit: bool = True,
) -> Publication:
    """Publish a draft if the gate lets it pass.

    Raises
    ------
    NotFound
        ``set_not_found``, ``version_unknown``.
    Conflict
        ``not_a_draft``; ``content_known``: it says the same as the version before it; ``history_rewritten``,
        ``scheduled_ahead``: without ``terms.rewrite``.
    StaleVersion
        ``version_stale``, with what changed meanwhile.
    InvalidInput
        ``no_grids``: the draft is empty.
    """
    with store.unit_of_work() as work:
        boundary_set = _require_set(work, set_name)
        draft = _require_version(work, set_name, number)
        if draft.state is not VersionState.DRAFT:
            raise Conflict("not_a_draft")
        _require_revision(work, set_name, terms.expected)
        frame = work.boundaries.grids(draft)
        if not len(frame):
            raise InvalidInput("no_grids")
        judgement = judge(
            work, boundary_set, frame, day=terms.valid_from, settings=settings, accept=bool(terms.accepted)
        )
        return put_in_force(
            work,
            plans,
            boundary_set,
            draft,
            frame,
            judgement,
            terms,
            now=now,
            settings=settings,
            commit=commit,
        )


def put_in_force(
    work: UnitOfWork,
    plans: Plans,
    boundary_set: BoundarySet,
    draft: BoundaryVersion | None,
    frame: gpd.GeoDataFrame,
    judgement: Judgement,
    terms: Terms,
    *,
    now: datetime,
    settings: Settings,
    commit: bool,
) -> Publication:
    """Publish what the gate let pass, with its lineage, and give the points of its days their new owners.

    ``draft`` None: the frame becomes a draft and is published at once; the set is put as it is given.
    """
    name, former = boundary_set.name, judgement.former
    require_timely(work, name, terms, today=day_in(now, settings.time_zone))
    content = content_hash(frame)
    if former is not None and former.content_hash == content and former.valid_to is None:
        raise Conflict("content_known", number=former.number)
    edges = _edges(judgement, boundary_set, frame)
    if not commit or judgement.blocking:
        return Publication(None, judgement, edges)
    try:
        if draft is None:
            work.boundaries.put_set(boundary_set)
            draft = work.boundaries.add_draft(
                name,
                frame,
                valid_from=terms.valid_from,
                content_hash=content,
                based_on=None if former is None else former.number,
            )
        work.boundaries.add_lineage(name, draft.number, edges)
        version = work.boundaries.publish(
            name,
            draft.number,
            valid_from=terms.valid_from,
            published_at=now,
            expected=terms.expected,
            note=terms.words() or draft.note,
            rewrite=bool(terms.rewrite),
        )
    except StaleVersion as stale:
        raise _with_changes(work, name, stale) from None
    changed = [_reown(work, plans, boundary_set, kind, version.valid_from, settings) for kind in (INCIDENT, FIX)]
    work.commit()
    return Publication(version, judgement, edges, *changed)


def _edges(judgement: Judgement, boundary_set: BoundarySet, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tell which grid came from which; nothing of a first version, and of one with doubled codes or broken shapes."""
    before, after = judgement.former_grids, frame
    if before is None or judgement.blocking:
        before, after = frame.iloc[:0], frame.iloc[:0]
    ordered = sorted(boundary_set.levels, key=lambda level: level.order)
    return infer_lineage(before, after, levels=[level.name for level in ordered])


def require_timely(work: UnitOfWork, set_name: str, terms: Terms, *, today: date) -> None:
    """Check that a version changes no day that has passed and no version that is scheduled, unless on purpose.

    Raises
    ------
    Conflict
        ``history_rewritten``, ``scheduled_ahead``.
    """
    timeline = in_time_order(work.boundaries.list_versions(set_name))
    if terms.rewrite or not timeline:
        return
    later = [v for v in timeline if v.valid_from > terms.valid_from]
    if terms.valid_from < today and timeline[0].valid_from < today:
        raise Conflict("history_rewritten", start=max(today, later[-1].valid_from if later else today).isoformat())
    if later:
        raise Conflict("scheduled_ahead", number=later[-1].number, day=later[-1].valid_from.isoformat())


def withdraw_version(
    store: Store,
    plans: Plans,
    set_name: str,
    number: int,
    *,
    expected: int | None,
    now: datetime,
    settings: Settings,
    rewrite: str = "",
) -> Withdrawal:
    """Take back a version that is scheduled, or with a reason one that is in force; the one before it goes on.

    Raises
    ------
    NotFound, Conflict, StaleVersion
        As ``BoundaryRepository.withdraw``; ``history_rewritten``: it has been in force, and no reason is given.
    """
    today = day_in(now, settings.time_zone)
    with store.unit_of_work() as work:
        boundary_set = _require_set(work, set_name)
        version = _require_version(work, set_name, number)
        _require_revision(work, set_name, expected)
        if version.ever_in_force and version.valid_from < today and not rewrite:
            raise Conflict("history_rewritten", start=today.isoformat())
        try:
            gone = work.boundaries.withdraw(set_name, number, expected=expected)
        except StaleVersion as stale:
            raise _with_changes(work, set_name, stale) from None
        kinds = (INCIDENT, FIX)
        changed = [_reown(work, plans, boundary_set, kind, version.valid_from, settings) for kind in kinds]
        work.commit()
    return Withdrawal(gone, *changed)


def return_to(
    store: Store,
    plans: Plans,
    set_name: str,
    number: int,
    terms: Terms,
    *,
    now: datetime,
    settings: Settings,
    commit: bool = True,
) -> Publication:
    """Publish what a former version says as a new version. Its rules were asked when it was published.

    Raises
    ------
    NotFound, Conflict, StaleVersion
        As ``publish_draft``; ``not_published``: the version was never published.
    """
    with store.unit_of_work() as work:
        boundary_set = _require_set(work, set_name)
        source = _require_version(work, set_name, number)
        if source.state is VersionState.DRAFT:
            raise Conflict("not_published")
        _require_revision(work, set_name, terms.expected)
        frame = work.boundaries.grids(source)
        judgement = judge(work, boundary_set, frame, day=terms.valid_from, settings=settings, accept=True)
        return put_in_force(
            work,
            plans,
            boundary_set,
            None,
            frame,
            judgement,
            terms,
            now=now,
            settings=settings,
            commit=commit,
        )


def publish_frame(
    work: UnitOfWork,
    set_name: str,
    frame: gpd.GeoDataFrame,
    *,
    valid_from: date,
    published_at: datetime,
    note: str = "",
    based_on: int | None = None,
    expected: int | None = None,
) -> BoundaryVersion:
    """Draft a frame of all levels and publish it in one unit of work, without gate and lineage.

    For plans that are right by their making: the demonstration district, and tests.
    """
    draft = work.boundaries.add_draft(
        set_name, frame, valid_from=valid_from, content_hash=content_hash(frame), note=note, based_on=based_on
    )
    return work.boundaries.publish(
        set_name, draft.number, valid_from=valid_from, published_at=published_at, expected=expected
    )


def _require_set(work: UnitOfWork, name: str) -> BoundarySet:
    found = work.boundaries.find_set(name)
    if found is None:
        raise NotFound("set_not_found")
    return found


def _require_version(work: UnitOfWork, set_name: str, number: int) -> BoundaryVersion:
    found = work.boundaries.find_version(set_name, number)
    if found is None:
        raise NotFound("version_unknown")
    return found


def _require_revision(work: UnitOfWork, set_name: str, expected: int | None) -> None:
    """Tell who comes late so before anything else: what else is wrong may be so because of what changed meanwhile."""
    if expected is None:
        return
    try:
        work.boundaries.require_revision(set_name, expected)
    except StaleVersion as stale:
        raise _with_changes(work, set_name, stale) from None


def _reown(
    work: UnitOfWork, plans: Plans, boundary_set: BoundarySet, kind: PointKind, day: date, settings: Settings
) -> int:
    """Give the stored points from a day on the owners of their days; points belong to the primary set alone."""
    try:
        home = primary_of(work.boundaries.list_sets(), settings)
    except InvalidInput:  # several sets and none is the default: nobody owns points
        return 0
    if home is None or home.name != boundary_set.name:
        return 0
    start = None
    if day != ALWAYS:
        start = datetime.combine(day, time.min, ZoneInfo(settings.time_zone)).astimezone(UTC)

    def owners(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return add_owners(work, plans, points, kind.time_column, settings=settings, boundary_set=home)[0]

    return kind.repository(work).reown(PointFilter(start=start), owners)


def _with_changes(work: UnitOfWork, set_name: str, stale: StaleVersion) -> StaleVersion:
    """Tell the loser of a race which codes changed meanwhile."""
    if stale.code != "version_stale":
        return stale
    changed: set[str] = set()
    for number in filter(None, str(stale.fields["meanwhile"]).split(", ")):
        edges = work.boundaries.lineage(set_name, int(number))
        moved = edges[edges["kind"] != LineageKind.UNCHANGED.value]
        changed |= {*moved["old_code"].dropna(), *moved["new_code"].dropna()}
    codes = sorted(changed)
    return StaleVersion(stale.code, **stale.fields, changed=codes[:_NAMED], changes=len(codes))

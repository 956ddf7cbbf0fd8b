"""Putting a version in force: gate passed, lineage inferred, compare-and-swap, owners of its days.

Everything that takes long (rules, overlay) is asked before the write lock is taken; the compare-and-swap on the set's
revision then makes sure that it was asked of what still holds.
"""

from dataclasses import dataclass
from datetime import date, datetime

import geopandas as gpd
import pandas as pd

from gridmap.analysis.content import content_hash
from gridmap.analysis.lineage import infer_lineage
from gridmap.domain.boundaries import ALWAYS, BoundarySet, BoundaryVersion, in_time_order
from gridmap.domain.lineage import LineageKind
from gridmap.errors import Conflict, InvalidInput, StaleVersion
from gridmap.services.clock import day_in, start_of
from gridmap.services.gate import Judgement
from gridmap.services.points import FIX, INCIDENT, PointKind, add_owners, primary_of
from gridmap.services.ports import PointFilter, UnitOfWork
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
    revision: int | None = None,
) -> Publication:
    """Publish what the gate let pass, with its lineage, and give the points of its days their new owners.

    ``draft`` None: the frame becomes a draft and is published at once; the set is put as it is given. ``revision``: how
    many edits of the draft are in the frame (StaleVersion ``redraw_stale``: there are more by now).
    """
    name, former = boundary_set.name, judgement.former
    require_timely(work, name, terms, today=day_in(now, settings.time_zone))
    # that of a draft that is redrawn only stands for what it says
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
            content_hash=content,
        )
    except StaleVersion as stale:
        raise with_changes(work, name, stale) from None
    # nobody writes the draft any more: what was judged is what is published
    if revision is not None and work.redraw.head(name, version.number) != revision:
        raise StaleVersion("redraw_stale")
    changed = reown_points(work, plans, boundary_set, version.valid_from, settings)
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


def require_revision(work: UnitOfWork, set_name: str, expected: int | None) -> None:
    """Tell who comes late so before anything else: what else is wrong may be so because of what changed meanwhile."""
    if expected is None:
        return
    try:
        work.boundaries.require_revision(set_name, expected)
    except StaleVersion as stale:
        raise with_changes(work, set_name, stale) from None


def reown_points(
    work: UnitOfWork, plans: Plans, boundary_set: BoundarySet, day: date, settings: Settings
) -> tuple[int, int]:
    """Give the stored points from a day on the owners of their days; points belong to the primary set alone.

    Returns
    -------
    int, int
        How many incidents and how many fixes changed hands.
    """
    try:
        home = primary_of(work, settings)
    except InvalidInput:  # several sets and none is the default: nobody owns points
        return 0, 0
    if home is None or home.name != boundary_set.name:
        return 0, 0
    where = PointFilter(start=None if day == ALWAYS else start_of(day, settings.time_zone))

    def reown(kind: PointKind) -> int:
        def owners(points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
            return add_owners(work, plans, points, kind.time_column, settings=settings, boundary_set=home)[0]

        return kind.repository(work).reown(where, owners)

    return reown(INCIDENT), reown(FIX)


def with_changes(work: UnitOfWork, set_name: str, stale: StaleVersion) -> StaleVersion:
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

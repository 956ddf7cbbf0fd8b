"""Load an edition of a level: rehearse it, show every finding, and publish it only when asked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.content import content_hash
from gridmap.analysis.locator import Locator
from gridmap.crs import WGS84
from gridmap.domain.boundaries import ALWAYS, BoundarySet, BoundaryVersion, Level, in_time_order
from gridmap.domain.codes import scheme
from gridmap.domain.rules import Finding, Report
from gridmap.errors import InvalidInput
from gridmap.services.clock import day_in
from gridmap.services.gate import judge
from gridmap.services.ports import Store, UnitOfWork
from gridmap.services.publishing import Publication, Terms, put_in_force
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

_COLUMNS = ["code", "name", "level", "kind", "parent_code", "households", "attributes"]


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import did, or would do.

    ``version`` is the published one, or the draft; None in a rehearsal, or where ``blocking`` findings stand in the
    way. ``unchanged``: the very same content is already the latest version, so there is nothing to publish. ``carried``
    counts the areas of other levels taken over from it. ``publication`` says what publishing changed.
    """

    report: Report
    boundary_set: BoundarySet
    level: str
    grids: int
    carried: int
    valid_from: date
    replaces: BoundaryVersion | None
    version: BoundaryVersion | None
    unchanged: bool
    blocking: tuple[Finding, ...]
    publication: Publication | None = None


def import_boundaries(
    store: Store,
    frame: gpd.GeoDataFrame,
    *,
    set_name: str,
    level: str,
    now: datetime,
    settings: Settings,
    valid_from: date | None = None,
    file_report: Report | None = None,
    note: str = "",
    accept_findings: bool = False,
    rewrite: str = "",
    as_draft: bool = False,
    points: bool = False,
    commit: bool = False,
    plans: Plans | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> ImportOutcome:
    """Bring one level of a boundary set into force, together with the other levels as they are.

    Parameters
    ----------
    frame : GeoDataFrame
        GRIDS of one level in WGS 84, as a file gave them.
    valid_from : date, optional
        First day in force. Without it: from the beginning for a new set, today for a further version.
    file_report : Report, optional
        Findings from reading the file; they count like those of the rules.
    accept_findings : bool
        Publish in spite of findings that may be accepted (``gate.ACCEPTABLE``).
    rewrite : str
        Why days that have passed get another version.
    as_draft : bool
        Leave it as a draft, whatever the findings.
    points : bool
        Where the level is new: points may stand in for its areas, and it does not tile the level above.
    commit : bool
        Without it nothing is written.
    plans : Plans, optional
        Where plans are kept; own ones without it.

    Raises
    ------
    Conflict
        ``history_rewritten``, ``scheduled_ahead``; ``content_known``: the version before says the same.
    StaleVersion
        ``version_stale``.
    InvalidInput
        ``no_grids``, ``bad_name``.
    """
    _require_name(set_name, settings)
    _require_name(level, settings)
    if not len(frame):
        raise InvalidInput("no_grids")
    with store.unit_of_work() as work:
        former_set, former, carried = _former(work, set_name, level)
        boundary_set = _with_level(former_set, set_name, level, points=points)
        rows = _with_parents(frame, level, boundary_set, carried)
        complete = gpd.GeoDataFrame(pd.concat([carried, rows], ignore_index=True), geometry="geometry", crs=WGS84)
        day = valid_from or (ALWAYS if former is None else day_in(now, settings.time_zone))
        unchanged = former is not None and former.content_hash == content_hash(complete)
        on_step("rules")
        judgement = judge(
            work,
            boundary_set,
            complete,
            day=day,
            settings=settings,
            beside=file_report,
            known=_untouched(boundary_set, level),
            accept=accept_findings,
        )
        version, publication = None, None
        if as_draft and commit:
            version = _draft(work, boundary_set, complete, day, former, note)
        elif not as_draft and not unchanged and (commit or former is not None):
            on_step("publish")
            terms = Terms(day, accepted=note if accept_findings else "", rewrite=rewrite, note=note)
            publication = put_in_force(
                work,
                plans or Plans(store),
                boundary_set,
                None,
                complete,
                judgement,
                terms,
                now=now,
                settings=settings,
                commit=commit,
            )
            version = publication.version
    return ImportOutcome(
        judgement.report,
        boundary_set,
        level,
        len(rows),
        len(carried),
        day,
        former,
        version,
        unchanged,
        judgement.blocking,
        publication,
    )


def _draft(
    work: UnitOfWork,
    boundary_set: BoundarySet,
    frame: gpd.GeoDataFrame,
    day: date,
    former: BoundaryVersion | None,
    note: str,
) -> BoundaryVersion:
    work.boundaries.put_set(boundary_set)
    draft = work.boundaries.add_draft(
        boundary_set.name,
        frame,
        valid_from=day,
        content_hash=content_hash(frame),
        note=note,
        based_on=None if former is None else former.number,
    )
    work.commit()
    return draft


def _untouched(boundary_set: BoundarySet, level: str) -> frozenset[str]:
    """Name the levels whose faults do not depend on a level that is loaded: all but itself and the one below it."""
    ordered = [x.name for x in sorted(boundary_set.levels, key=lambda x: x.order)]
    at = ordered.index(level)
    return frozenset(ordered) - set(ordered[at : at + 2])


def _require_name(name: str, settings: Settings) -> None:
    # names become parts of addresses and of file names
    if not name or len(name) > settings.max_text or not all(c.isalnum() or c in "-_." for c in name):
        raise InvalidInput("bad_name")


def _former(
    work: UnitOfWork, set_name: str, level: str
) -> tuple[BoundarySet | None, BoundaryVersion | None, gpd.GeoDataFrame]:
    former_set = work.boundaries.find_set(set_name)
    versions = in_time_order(work.boundaries.list_versions(set_name)) if former_set else []
    if not versions:
        return former_set, None, gpd.GeoDataFrame({c: [] for c in _COLUMNS}, geometry=[], crs=WGS84)
    frame = work.boundaries.grids(versions[-1])
    return former_set, versions[-1], frame[frame["level"] != level][[*_COLUMNS, "geometry"]]


def _with_level(former: BoundarySet | None, set_name: str, level: str, *, points: bool) -> BoundarySet:
    if former is None:
        former = BoundarySet(set_name, ())
    if any(x.name == level for x in former.levels):
        return former
    order = max((x.order for x in former.levels), default=-1) + 1
    added = Level(level, order, tiles_parent=not points, shapes="any" if points else "area")
    return replace(former, levels=(*former.levels, added))


def _with_parents(
    frame: gpd.GeoDataFrame, level: str, boundary_set: BoundarySet, carried: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Complete the columns; where the file names no parent, find it by place."""
    rows = frame.copy()
    for column in _COLUMNS:
        if column not in rows.columns:
            rows[column] = None
    rows["level"] = level
    rows = rows[[*_COLUMNS, "geometry"]]
    order = next(x.order for x in boundary_set.levels if x.name == level)
    above = [x.name for x in sorted(boundary_set.levels, key=lambda x: x.order) if x.order < order]
    held = [name for name in above if (carried["level"] == name).any()]
    if not held:
        return rows
    parent = carried[carried["level"] == held[-1]]
    if rows["parent_code"].isna().all() and rows.geometry.is_valid.all():
        inside = shapely.point_on_surface(np.asarray(rows.geometry.array))
        locator = Locator.from_frame(parent)
        answers = locator.locate_many(shapely.get_x(inside), shapely.get_y(inside), border=False)
        rows["parent_code"] = [locator.codes[i] if i >= 0 else None for i in answers.owner]
    return rows


def put_set(store: Store, boundary_set: BoundarySet, *, settings: Settings, commit: bool = True) -> BoundarySet:
    """Add a set, or change title, levels and code scheme of the one with this name.

    Raises
    ------
    InvalidInput
        ``bad_name``, ``code_scheme_unknown``.
    Conflict
        ``level_in_use``.
    """
    for name in (boundary_set.name, *(level.name for level in boundary_set.levels)):
        _require_name(name, settings)
    if boundary_set.code_scheme is not None:
        scheme(boundary_set.code_scheme)
    with store.unit_of_work() as work:
        work.boundaries.put_set(boundary_set)
        found = work.boundaries.find_set(boundary_set.name)
        if commit:
            work.commit()
    assert found is not None
    return found

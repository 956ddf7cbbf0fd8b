"""The life of a version: published, withdrawn, returned to."""

from dataclasses import dataclass
from datetime import datetime

from gridmap.domain.boundaries import BoundaryVersion, VersionState
from gridmap.errors import Conflict, InvalidInput, StaleVersion
from gridmap.services.clock import day_in
from gridmap.services.drafts import require_set, require_version
from gridmap.services.gate import judge
from gridmap.services.guarded import require_publisher
from gridmap.services.ports import Store
from gridmap.services.publishing import Publication, Terms, put_in_force, reown_points, require_revision, with_changes
from gridmap.services.redraw.review_steps import require_approved
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A version that was taken back, and how many stored incidents and fixes have another owner now."""

    version: BoundaryVersion
    incidents: int
    fixes: int


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
        ``scheduled_ahead``: without ``terms.rewrite``; ``redraw_not_approved``: it was redrawn, there are accounts,
        and no second person approved it as it is. A rehearsal does not ask for that.
    StaleVersion
        ``version_stale``, with what changed meanwhile; ``redraw_stale``: it was edited meanwhile.
    InvalidInput
        ``no_grids``: the draft is empty.
    """
    with store.unit_of_work() as work:
        boundary_set = require_set(work, set_name)
        require_publisher(work, set_name)
        draft = require_version(work, set_name, number)
        if draft.state is not VersionState.DRAFT:
            raise Conflict("not_a_draft")
        require_revision(work, set_name, terms.expected)
        revision = work.redraw.head(set_name, number)
        if commit:
            require_approved(work, set_name, number, revision, settings)
        frame = work.boundaries.grids(draft)
        if not len(frame):
            raise InvalidInput("no_grids")
        judgement = judge(
            work,
            boundary_set,
            frame,
            day=terms.valid_from,
            settings=settings,
            accept=bool(terms.accepted),
            number=number,
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
            revision=revision,
        )


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
        boundary_set = require_set(work, set_name)
        require_publisher(work, set_name)
        version = require_version(work, set_name, number)
        require_revision(work, set_name, expected)
        if version.ever_in_force and version.valid_from < today and not rewrite:
            raise Conflict("history_rewritten", start=today.isoformat())
        try:
            gone = work.boundaries.withdraw(set_name, number, expected=expected)
        except StaleVersion as stale:
            raise with_changes(work, set_name, stale) from None
        changed = reown_points(work, plans, boundary_set, version.valid_from, settings)
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
        boundary_set = require_set(work, set_name)
        require_publisher(work, set_name)
        source = require_version(work, set_name, number)
        if source.state is VersionState.DRAFT:
            raise Conflict("not_published")
        require_revision(work, set_name, terms.expected)
        frame = work.boundaries.grids(source)
        judgement = judge(
            work,
            boundary_set,
            frame,
            day=terms.valid_from,
            settings=settings,
            accept=True,
            number=number,
            again=True,
        )
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

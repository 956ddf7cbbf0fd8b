"""The way of a draft to being published: open, submitted, approved by a second person, or sent back with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gridmap.domain.access import Kind, Principal
from gridmap.errors import Conflict, IllegalTransition, InvalidInput, NotAllowed, StaleVersion
from gridmap.services.ports import Review, Step, Store, UnitOfWork
from gridmap.services.redraw.drawings import Drawing
from gridmap.settings import Settings

#: Where a draft may go from where it stands.
_WAYS: dict[Review, tuple[Review, ...]] = {
    "open": ("submitted",),
    "submitted": ("approved", "open"),
    "approved": ("open",),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a draft stands at a revision, and how it came there. ``second_person``: one who did not submit approves."""

    state: Review
    revision: int
    steps: tuple[Step, ...]
    second_person: bool


def state_of(steps: Sequence[Step], revision: int) -> Review:
    """Say where a draft stands: an edit after the last step opens it again."""
    return steps[-1].to if steps and steps[-1].revision == revision else "open"


def standing(store: Store, drawing: Drawing, settings: Settings) -> Standing:
    """Say where a draft stands."""
    with store.unit_of_work() as work:
        return _standing(work, drawing.boundary_set.name, drawing.draft.number, settings)


def _standing(work: UnitOfWork, set_name: str, number: int, settings: Settings) -> Standing:
    steps = tuple(work.redraw.steps(set_name, number))
    head = work.redraw.head(set_name, number)
    return Standing(state_of(steps, head), head, steps, settings.access == "accounts")


def take_step(
    store: Store,
    drawing: Drawing,
    to: Review,
    *,
    seen: int,
    reason: str = "",
    by: Principal,
    now: datetime,
    settings: Settings,
) -> Standing:
    """Move a draft on its way.

    Parameters
    ----------
    seen : int
        The revision that was looked at: nobody approves what he did not see.

    Raises
    ------
    StaleVersion
        ``redraw_stale``: the draft was edited, or moved on its way, meanwhile.
    IllegalTransition
        ``redraw_no_such_step``.
    InvalidInput
        ``redraw_reason_needed``: it goes back without one.
    NotAllowed
        ``redraw_own_submission``: who submitted approves; ``redraw_person_needed``: a key or device does. Both only
        where there are accounts: else all are one.
    """
    set_name, number = drawing.boundary_set.name, drawing.draft.number
    with store.unit_of_work() as work:
        before = _standing(work, set_name, number, settings)
    if before.revision != seen:
        raise StaleVersion("redraw_stale")
    if to not in _WAYS[before.state]:
        raise IllegalTransition("redraw_no_such_step")
    if to == "open" and not reason.strip():
        raise InvalidInput("redraw_reason_needed")
    if to == "approved" and before.second_person:
        if by.kind is not Kind.PERSON:
            raise NotAllowed("redraw_person_needed")
        if by.account_id is None or by.account_id == before.steps[-1].author_id:
            raise NotAllowed("redraw_own_submission")
    with store.unit_of_work() as work:
        # the step is written first: from here on nobody else writes the draft
        work.redraw.add_step(set_name, number, Step(to, by.account_id, by.name, now, seen, reason))
        after = _standing(work, set_name, number, settings)
        if len(after.steps) != len(before.steps) + 1:
            raise StaleVersion("redraw_stale")
        work.commit()
    return after


def require_approved(work: UnitOfWork, set_name: str, number: int, revision: int, settings: Settings) -> None:
    """Check that a second person approved exactly what is to be published of a draft that was redrawn.

    Parameters
    ----------
    revision : int
        Entries of its log; 0: it was not redrawn, and the gate alone decides.

    Raises
    ------
    Conflict
        ``redraw_not_approved``.
    """
    if not revision or settings.access != "accounts":
        return
    steps = work.redraw.steps(set_name, number)
    if state_of(steps, revision) == "approved" and len(steps) > 1:
        submitted, approved = steps[-2:]
        if submitted.to == "submitted" and approved.author_id not in (None, submitted.author_id):
            return
    raise Conflict("redraw_not_approved")

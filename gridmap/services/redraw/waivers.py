"""Waivers: a planner signs for a warning of a draft, or takes a signature back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shapely.geometry.base import BaseGeometry

from gridmap.domain.access import Kind, Principal
from gridmap.domain.rules import Finding, Severity
from gridmap.domain.waivers import Waiver, seal_of, settled
from gridmap.errors import Conflict, InvalidInput, NotAllowed, NotFound
from gridmap.services.gate import waivers_of
from gridmap.services.ports import Store, UnitOfWork
from gridmap.services.redraw.drawings import Drawing
from gridmap.services.redraw.review_steps import state_of
from gridmap.settings import Settings

#: So many waivers one draft may have, those taken back included.
MOST_WAIVERS = 5_000


@dataclass(frozen=True, slots=True)
class Held:
    """A waiver, and whether what it was signed for is still so."""

    waiver: Waiver
    holds: bool


def with_waivers(store: Store, drawing: Drawing, findings: Sequence[Finding]) -> list[Finding]:
    """Put the waivers that hold in a draft under its findings."""
    with store.unit_of_work() as work:
        held = waivers_of(work, drawing.boundary_set.name, drawing.draft.number)
    return settled(findings, held, lambda code: _shape(drawing, code))


def list_waivers(store: Store, drawing: Drawing) -> list[Held]:
    """Give the waivers of a draft and of the versions it was made of that nobody took back, oldest first."""
    with store.unit_of_work() as work:
        held = waivers_of(work, drawing.boundary_set.name, drawing.draft.number)
    found = settled(drawing.findings, held, lambda code: _shape(drawing, code))
    alive = {f.waiver.seal for f in found if f.waiver is not None}
    return [Held(w, w.seal in alive) for w in sorted(held.values(), key=lambda w: w.number)]


def sign(
    store: Store,
    drawing: Drawing,
    rule: str,
    codes: Sequence[str],
    reason: str,
    *,
    by: Principal,
    now: datetime,
    settings: Settings,
    seen: Collection[str] | None = None,
) -> Waiver:
    """Sign for a warning of a draft as it is now.

    Parameters
    ----------
    rule : str
    codes : sequence of str
        The areas that the finding names.
    seen : collection of str, optional
        Codes that the planner may see; None: all.

    Raises
    ------
    InvalidInput
        ``redraw_waiver_reason_needed``; ``redraw_not_waivable``: it is an error, or a mere note;
        ``redraw_nothing_to_waive``: there is no such finding.
    NotAllowed
        ``redraw_waiver_person_needed``: a key or device signs, where there are accounts.
    Conflict
        ``redraw_waivers_full``; ``redraw_waiver_approved``: the draft is approved; who approved it did not see this.
    """
    if not reason.strip():
        raise InvalidInput("redraw_waiver_reason_needed")
    if settings.access == "accounts" and by.kind is not Kind.PERSON:
        raise NotAllowed("redraw_waiver_person_needed")
    named = sorted(codes)
    found = [f for f in drawing.findings if f.rule == rule and sorted(f.codes) == named]
    if not found or (seen is not None and not set(named) <= set(seen)):
        raise InvalidInput("redraw_nothing_to_waive")
    finding = found[0]
    if finding.severity is not Severity.WARNING:
        raise InvalidInput("redraw_not_waivable")
    seal = seal_of(finding, lambda code: _shape(drawing, code))
    waiver = Waiver(0, rule, finding.codes, seal, by.account_id, by.name, now, reason.strip())
    return _add(store, drawing, waiver)


def revoke(
    store: Store, drawing: Drawing, number: int, *, by: Principal, now: datetime, seen: Collection[str] | None = None
) -> Waiver:
    """Take a waiver back, whoever signed it; both stay in the record.

    Raises
    ------
    NotFound
        ``redraw_waiver_unknown``.
    """
    with store.unit_of_work() as work:
        held = waivers_of(work, drawing.boundary_set.name, drawing.draft.number).values()
    found = next((w for w in held if w.number == number), None)
    if found is None or (seen is not None and not set(found.codes) <= set(seen)):
        raise NotFound("redraw_waiver_unknown")
    return _add(store, drawing, replace(found, author_id=by.account_id, author=by.name, at=now, signed=False))


def _add(store: Store, drawing: Drawing, waiver: Waiver) -> Waiver:
    set_name, number = drawing.boundary_set.name, drawing.draft.number
    with store.unit_of_work() as work:
        # it is written first: from here on nobody else writes the draft
        made = work.redraw.add_waiver(set_name, number, waiver)
        if waiver.signed:
            _require_open(work, set_name, number)
        work.commit()
    return made


def _require_open(work: UnitOfWork, set_name: str, number: int) -> None:
    if len(work.redraw.waivers(set_name, number)) > MOST_WAIVERS:
        raise Conflict("redraw_waivers_full", limit=MOST_WAIVERS)
    if state_of(work.redraw.steps(set_name, number), work.redraw.head(set_name, number)) == "approved":
        raise Conflict("redraw_waiver_approved")


def _shape(drawing: Drawing, code: str) -> BaseGeometry | None:
    return drawing.tiling[code].geometry if code in drawing.tiling else None

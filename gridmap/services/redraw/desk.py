"""The desk where a draft is redrawn: every edit is judged, written down, and can be taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gridmap.analysis.redraw.ancestors import with_ancestors
from gridmap.analysis.redraw.faults import Effect, require_sound
from gridmap.analysis.redraw.ground import edges_changed
from gridmap.analysis.redraw.verbs import apply
from gridmap.domain.access import Principal
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import (
    VERBS,
    Change,
    Edit,
    Entry,
    InsertVertex,
    MoveVertex,
    RemoveVertex,
    SetAttributes,
    Stacks,
    TakeBack,
    stacks_of,
)
from gridmap.errors import InvalidInput, RedrawConflict, StaleVersion
from gridmap.services.ports import Store, UnitOfWork
from gridmap.services.redraw.drawings import Drawing, Drawings
from gridmap.services.redraw.locks import require_unlocked
from gridmap.services.redraw.numbering import numberer

#: So often an edit is tried again when somebody else was faster, before the planner is told.
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Done:
    """An edit that was made: its entry, the draft after it, and what it did to the ground as a whole."""

    entry: Entry
    drawing: Drawing
    effect: Effect
    stacks: Stacks


class Desk:
    """Edits of drafts.

    Parameters
    ----------
    drawings : Drawings
        Shared by all requests of a process.
    """

    def __init__(self, drawings: Drawings) -> None:
        self.drawings = drawings

    def open(self, store: Store, set_name: str, number: int) -> Drawing:
        """Give a draft as it is now (errors as ``Drawings.at_head``)."""
        with store.unit_of_work() as work:
            return self.drawings.at_head(work, set_name, number)

    def edit(
        self, store: Store, set_name: str, number: int, edit: Edit, *, seen: int, by: Principal, now: datetime
    ) -> Done:
        """Make an edit, unless it would harm the plan or undo what somebody else did meanwhile.

        Parameters
        ----------
        seen : int
            The revision that the planner looked at.

        Raises
        ------
        InvalidInput, GeometryError
            ``redraw_...``: the edit cannot be made.
        RedrawConflict
            ``redraw_conflict``.
        Conflict
            ``redraw_locked``, ``not_a_draft``; StaleVersion ``redraw_stale``: the revision is none of this draft.
        """

        def make(work: UnitOfWork, drawing: Drawing) -> tuple[Edit, Change, Effect, int | None]:
            try:
                leaf = apply(drawing.tiling, edit, numberer(work, set_name, number, drawing.tiling))
            except InvalidInput:
                if drawing.revision > seen:
                    self._refuse(work, drawing, seen, None)
                raise
            effect = require_sound(drawing.tiling, leaf)
            if drawing.revision > seen:
                self._require_unharmed(work, drawing, seen, edit, leaf)
            return edit, with_ancestors(drawing.tiling, leaf), effect, None

        return self._write(store, set_name, number, make, seen=seen, by=by, now=now)

    def take_back(self, store: Store, set_name: str, number: int, *, again: bool, by: Principal, now: datetime) -> Done:
        """Take the planner's last edit back, or with ``again`` make the one that was taken back last again.

        Raises
        ------
        InvalidInput
            ``redraw_nothing_to_undo``, ``redraw_nothing_to_redo``.
        RedrawConflict
            ``redraw_conflict``: somebody else built upon it.
        """

        def make(work: UnitOfWork, drawing: Drawing) -> tuple[Edit, Change, Effect, int | None]:
            stacks = self._stacks(work, set_name, number, by)
            pile = stacks.redo if again else stacks.undo
            if not pile:
                raise InvalidInput("redraw_nothing_to_redo" if again else "redraw_nothing_to_undo")
            entry = next(iter(work.redraw.entries(set_name, number, after=pile[-1] - 1)))
            change, exact = self._inverse(work, drawing, entry)
            since = None
            if exact:
                later = work.redraw.lines(set_name, number, after=entry.number)
                since = {code for line in later for code in line.codes} - {*change.before, *change.after}
            effect = require_sound(drawing.tiling, _of_level(change, drawing.tiling.level.name) or change, since=since)
            return TakeBack(entry.number), change, effect, entry.number

        return self._write(store, set_name, number, make, seen=None, by=by, now=now)

    def _stacks(self, work: UnitOfWork, set_name: str, number: int, by: Principal) -> Stacks:
        lines = work.redraw.lines(set_name, number)
        return stacks_of([(line.number, line.author_id or "", line.undoes) for line in lines], by.account_id or "")

    def stacks(self, store: Store, set_name: str, number: int, by: Principal) -> Stacks:
        """Say what a planner can take back, and make again."""
        with store.unit_of_work() as work:
            return self._stacks(work, set_name, number, by)

    def _write(
        self,
        store: Store,
        set_name: str,
        number: int,
        make: Callable[[UnitOfWork, Drawing], tuple[Edit, Change, Effect, int | None]],
        *,
        seen: int | None,
        by: Principal,
        now: datetime,
    ) -> Done:
        for left in reversed(range(_TRIES)):
            with store.unit_of_work() as work:
                drawing = self.drawings.at_head(work, set_name, number)
                if seen is not None and seen > drawing.revision:
                    raise StaleVersion("redraw_stale")
                edit, change, effect, undoes = make(work, drawing)
                require_unlocked(work.redraw.locks(set_name, number), drawing.tiling, change)
            built_on = drawing.revision if seen is None else seen
            entry = Entry(drawing.revision + 1, by.name, now, VERBS[type(edit)], edit, change, undoes, built_on)
            try:
                # a transaction of its own: what was read above must not keep the writer waiting
                with store.unit_of_work() as work:
                    work.redraw.append(set_name, number, entry, author_id=by.account_id)
                    work.commit()
            except StaleVersion:
                if not left:
                    raise
                continue
            # not kept, as the transaction may be a part of a larger one; what was kept is looked at, and hands it on
            return Done(
                entry, drawing.looked_at().then(entry.number, change), effect, self.stacks(store, set_name, number, by)
            )
        raise AssertionError("the last try raises")

    def _require_unharmed(self, work: UnitOfWork, drawing: Drawing, seen: int, edit: Edit, leaf: Change) -> None:
        """Check that an edit takes nothing away that was drawn since the planner looked."""
        level = drawing.tiling.level.name
        removed, _ = edges_changed(leaf, level)
        for number, theirs in work.redraw.changes(drawing.boundary_set.name, drawing.draft.number, after=seen):
            _, made = edges_changed(theirs, level)
            written = isinstance(edit, SetAttributes) and _written(theirs, edit.code)
            if removed & made or written or set(leaf.before) & set(theirs.gone):
                self._refuse(work, drawing, seen, number)

    def _refuse(self, work: UnitOfWork, drawing: Drawing, seen: int, first: int | None) -> None:
        set_name, number = drawing.boundary_set.name, drawing.draft.number
        after = seen if first is None else first - 1
        theirs = work.redraw.lines(set_name, number, after=after)
        if theirs:
            codes = sorted({code for line in theirs for code in line.codes})
            raise RedrawConflict("redraw_conflict", numbers=[line.number for line in theirs], codes=codes)

    def _inverse(self, work: UnitOfWork, drawing: Drawing, entry: Entry) -> tuple[Change, bool]:
        """Find what takes an entry back as the plan is now, and whether it puts back exactly what was there."""
        tiling = drawing.tiling
        whole = entry.change.inverted()
        if _stands(tiling.areas, whole):
            return whole, True
        leaf = _of_level(whole, tiling.level.name)
        if leaf and _stands(tiling.areas, leaf):
            return with_ancestors(tiling, leaf), True
        turned = _turned(entry)
        if turned is not None:
            try:
                leaf = apply(tiling, turned, lambda parent, shape: "")
                require_sound(tiling, leaf)
                return with_ancestors(tiling, leaf), False
            except InvalidInput:
                pass
        later = [
            line.number
            for line in work.redraw.lines(drawing.boundary_set.name, drawing.draft.number, after=entry.number)
            if set(line.codes) & set(entry.change.codes)
        ]
        raise RedrawConflict("redraw_conflict", numbers=later, codes=list(entry.change.codes))


def _stands(areas: Mapping[str, Grid], whole: Change) -> bool:
    """Tell whether areas are as a change expects them."""
    known = areas.get
    return all(known(code) == grid for code, grid in whole.before.items()) and not any(
        known(code) is not None for code in whole.after if code not in whole.before
    )


def _of_level(change: Change, level: str) -> Change:
    return Change(
        {c: g for c, g in change.before.items() if g.level == level},
        {c: g for c, g in change.after.items() if g.level == level},
    )


def _written(change: Change, code: str) -> bool:
    """Tell whether a change wrote something of an area other than its shape."""
    before, after = change.before.get(code), change.after.get(code)
    return before is not None and after is not None and replace(before, geometry=after.geometry) != after


def _turned(entry: Entry) -> Edit | None:
    """Turn an edit of one vertex round."""
    match entry.edit:
        case MoveVertex(at, to):
            return MoveVertex(to, at)
        case InsertVertex(_, at):
            return RemoveVertex(at)
    return None

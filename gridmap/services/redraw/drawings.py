"""Drafts as they are drawn, kept between one edit and the next."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from gridmap.analysis.redraw.review import NOTHING, Asked, review, review_again
from gridmap.analysis.redraw.tiling import Tiling, tiling_of
from gridmap.domain.boundaries import BoundarySet, BoundaryVersion, VersionState
from gridmap.domain.redraw import Change
from gridmap.domain.rulebook import Measure
from gridmap.domain.rules import Report
from gridmap.errors import Conflict
from gridmap.services.drafts import require_set, require_version
from gridmap.services.gate import surroundings
from gridmap.services.ports import UnitOfWork

#: So many drafts are kept in memory.
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Drawing:
    """A draft at one revision: its areas, and everything that its log did to them."""

    boundary_set: BoundarySet
    draft: BoundaryVersion
    revision: int
    tiling: Tiling
    total: Change
    asked: Asked = field(default=NOTHING, compare=False)
    _found: list[Report] = field(default_factory=list, compare=False)

    def then(self, revision: int, change: Change) -> "Drawing":
        """Give the drawing with another entry."""
        after = self.tiling.changed(change)
        found = [review_again(self._found[0], after, change, self.asked)] if self._found else []
        return Drawing(self.boundary_set, self.draft, revision, after, self.total.then(change), self.asked, found)

    def looked_at(self) -> "Drawing":
        """Look for faults now, so that what follows from this drawing only looks where it differs."""
        _ = self.findings
        return self

    @property
    def findings(self) -> Report:
        """What is wrong with the edited level, and what breaks rules of size and shape.

        Looked for once, and from then on where edits touch the ground.
        """
        if not self._found:
            self._found.append(review(self.tiling, self.asked))
        return self._found[0]


class Drawings:
    """What is kept of drafts; each is read once, and then follows the log."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int], Drawing] = OrderedDict()
        self._lock = threading.Lock()

    def at_head(self, work: UnitOfWork, set_name: str, number: int) -> Drawing:
        """Give a draft as it is now.

        Raises
        ------
        NotFound
            ``set_not_found``, ``version_unknown``.
        Conflict
            ``not_a_draft``.
        InvalidInput
            ``redraw_nothing_tiles``, ``redraw_codes_repeat``.
        """
        boundary_set = require_set(work, set_name)
        draft = require_version(work, set_name, number)
        if draft.state is not VersionState.DRAFT:
            raise Conflict("not_a_draft")
        key = (set_name, number, boundary_set.revision)
        with self._lock:
            known = self._kept.get(key)
        head = work.redraw.head(set_name, number)
        # as long as nothing was drawn, the draft may be replaced as a whole; afterwards that is an entry, too
        here = known is not None and known.revision == head and known.draft.content_hash == draft.content_hash
        if known is not None and (here or 0 < known.revision < head):
            drawing = known
        else:
            drawing = self._read(work, boundary_set, draft)
        if drawing.revision < head:
            drawing = replace(drawing, draft=draft)
            for revision, change in work.redraw.changes(set_name, number, after=drawing.revision):
                drawing = drawing.then(revision, change)
        self.keep(drawing)
        return drawing

    def _read(self, work: UnitOfWork, boundary_set: BoundarySet, draft: BoundaryVersion) -> Drawing:
        name, number = boundary_set.name, draft.number
        while True:
            head = work.redraw.head(name, number)
            frame = work.redraw.ground(name, number)
            changes = work.redraw.changes(name, number)
            if head == (changes[-1][0] if changes else 0):
                break
        total = Change()
        for _, change in changes:
            total = total.then(change)
        return Drawing(
            boundary_set, draft, head, tiling_of(boundary_set, frame), total, _asked(work, boundary_set, draft)
        )

    def keep(self, drawing: Drawing) -> None:
        """Keep a draft, unless a later state of it is kept."""
        key = (drawing.boundary_set.name, drawing.draft.number, drawing.boundary_set.revision)
        with self._lock:
            known = self._kept.get(key)
            if known is None or known.revision <= drawing.revision:
                self._kept[key] = drawing
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)


def _asked(work: UnitOfWork, boundary_set: BoundarySet, draft: BoundaryVersion) -> Asked:
    """Give the rules of size and shape that a draft is held to on its day.

    What is kept is shared by all who draw: what is noted of people is asked by the gate alone.
    """
    if boundary_set.rules is None:
        return NOTHING
    rules = tuple(r for r in boundary_set.rules.at(draft.valid_from) if r.measure is not Measure.FLOATING)
    return Asked(rules, surroundings(work, boundary_set, rules, draft.valid_from))

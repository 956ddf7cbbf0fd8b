"""Edits of a plan, as values: what a planner asks for, and what it did to which areas.

A draft is the version it was drawn from and a list of edits. An edit names vertices by their coordinates and areas by
their codes, so it says the same to whoever applies it. What it did is a ``Change``: every area it touched, before and
after; turned round it takes the edit back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shapely import MultiPolygon, Polygon

from gridmap.domain.boundaries import Grid

#: Longitude and latitude of a vertex, WGS 84 degrees.
Place = tuple[float, float]
#: The ground of an area.
Shape = Polygon | MultiPolygon


class Ground(StrEnum):
    """Which ground an area takes: that of other areas, that of nobody, or both."""

    TAKEN = "taken"
    FREE = "free"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class MoveVertex:
    """Move a vertex; every area that has it follows, so a border moves on both its sides."""

    at: Place
    to: Place


@dataclass(frozen=True, slots=True)
class InsertVertex:
    """Put a vertex between two that follow each other on a border; it may lie beside the straight line."""

    between: tuple[Place, Place]
    at: Place


@dataclass(frozen=True, slots=True)
class RemoveVertex:
    """Take a vertex away where a border merely bends; never where three areas meet."""

    at: Place


@dataclass(frozen=True, slots=True)
class Split:
    """Cut an area in two along a line. The larger piece keeps the code, the other one gets ``new_code``."""

    code: str
    line: tuple[Place, ...]
    name: str | None = None
    new_code: str | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Make one area of several that border on each other; ``into``, one of them, keeps its code."""

    codes: tuple[str, ...]
    into: str
    multipart: bool = False


@dataclass(frozen=True, slots=True)
class Assign:
    """Give the ground in a region to an area: a piece of its neighbours, ground of nobody, or both.

    ``givers`` limits who gives; None: everybody. ``multipart`` lets areas come to lie in several pieces.
    """

    region: Shape
    to: str
    givers: tuple[str, ...] | None = None
    ground: Ground = Ground.TAKEN
    multipart: bool = False


@dataclass(frozen=True, slots=True)
class Draw:
    """Draw a new area on ground of nobody; with ``take`` on ground of others, too, as for an enclave."""

    region: Shape
    name: str
    parent: str | None = None
    take: bool = False
    new_code: str | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """Give the hole around a place to an area; with ``to`` None to a new one."""

    at: Place
    to: str | None = None
    name: str | None = None
    parent: str | None = None
    new_code: str | None = None


@dataclass(frozen=True, slots=True)
class SetAttributes:
    """Change what is written of an area, or which area it belongs to. None: as it is."""

    code: str
    name: str | None = None
    households: int | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Replace:
    """Put areas in the place of others: what came back from a file, or what a repair proposes."""

    areas: tuple[Grid, ...]
    gone: tuple[str, ...] = ()
    reason: Literal["import", "repair", "proposal"] = "import"


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take an entry of the log back; of an entry that itself took one back: do that one again."""

    number: int


VertexEdit = MoveVertex | InsertVertex | RemoveVertex
Edit = VertexEdit | Split | Merge | Assign | Draw | Fill | SetAttributes | Replace | TakeBack

#: The name of each kind of edit, as logs and the interface say it.
VERBS: Mapping[type, str] = {
    MoveVertex: "move_vertex",
    InsertVertex: "insert_vertex",
    RemoveVertex: "remove_vertex",
    Split: "split",
    Merge: "merge",
    Assign: "assign",
    Draw: "draw",
    Fill: "fill",
    SetAttributes: "attributes",
    Replace: "replace",
    TakeBack: "take_back",
}


@dataclass(frozen=True, slots=True)
class Change:
    """Every area that an edit touched, of all levels, by code: as it was and as it is.

    A code that is only in ``after`` is new; one that is only in ``before`` is gone.
    """

    before: Mapping[str, Grid] = field(default_factory=dict)
    after: Mapping[str, Grid] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes it is about, sorted."""
        return tuple(sorted({*self.before, *self.after}))

    @property
    def gone(self) -> tuple[str, ...]:
        """Codes that are no more, sorted."""
        return tuple(sorted(set(self.before) - set(self.after)))

    def inverted(self) -> "Change":
        """Turn it round: what takes it back."""
        return Change(self.after, self.before)

    def __bool__(self) -> bool:
        return bool(self.before or self.after)

    def then(self, later: "Change") -> "Change":
        """Give both as one: what was before the first, and is after the second."""
        before = {**{c: g for c, g in later.before.items() if c not in self.after}, **self.before}
        after = {**{c: g for c, g in self.after.items() if c not in later.before}, **later.after}
        return Change(before, after)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log of a draft.

    ``number`` counts from 1 without gaps. ``undoes`` is the entry that this one takes back. ``seen`` is the revision
    that the planner looked at.
    """

    number: int
    author: str
    at: datetime
    verb: str
    edit: Edit
    change: Change
    undoes: int | None = None
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Stacks:
    """What one planner can take back, and do again: numbers of entries, the next one last."""

    undo: tuple[int, ...] = ()
    redo: tuple[int, ...] = ()


def stacks_of(
    entries: "tuple[tuple[int, str, int | None], ...] | list[tuple[int, str, int | None]]", author: str
) -> Stacks:
    """Find what a planner can take back or do again.

    Parameters
    ----------
    entries : sequence of (number, author, undoes)
        The whole log in its order.
    author : str
    """
    undo: list[int] = []
    redo: list[int] = []
    undoes = {number: target for number, _, target in entries}
    for number, by, target in entries:
        if by != author:
            continue
        if target is None:
            undo.append(number)
            redo.clear()
        elif target in undo:
            # taken back; the entry that did so is what doing it again takes back
            undo.remove(target)
            redo.append(number)
        elif target in redo and undoes[target] is not None:
            redo.remove(target)
            undo.append(number)
    return Stacks(tuple(undo), tuple(redo))

"""The log of a draft that is redrawn, as the use cases ask for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import geopandas as gpd

from gridmap.domain.boundaries import BoundaryVersion
from gridmap.domain.redraw import Change, Entry, Place
from gridmap.domain.waivers import Waiver

#: What is pinned to a draft: a lock of a grid, of one border, of an area with all below it; or a comment.
MarkKind = Literal["grid", "edge", "area", "comment"]

#: Where a draft stands on its way to being published.
Review = Literal["open", "submitted", "approved"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """An entry without what it did. ``author`` is the name at the time, ``author_id`` the account; None: nobody's."""

    number: int
    author_id: str | None
    author: str
    at: datetime
    verb: str
    undoes: int | None
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A lock or a comment. ``places``: of an edge both ends, of a comment one; WGS 84."""

    number: int
    kind: MarkKind
    author_id: str | None
    author: str
    at: datetime
    code: str | None = None
    places: tuple[Place, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody moved a draft on its way. ``revision``: the entries of the log that were looked at."""

    to: Review
    author_id: str | None
    author: str
    at: datetime
    revision: int
    reason: str = ""


class RedrawRepository(Protocol):
    """Logs of drafts, and what is pinned to them."""

    def head(self, set_name: str, number: int) -> int:
        """Give the number of the last entry of a draft; 0: none."""
        ...

    def ground(self, set_name: str, number: int) -> gpd.GeoDataFrame:
        """Give all areas of a draft, for drawing: borders need to know what is beyond them, whoever moves them."""
        ...

    def export(self, set_name: str, number: int) -> gpd.GeoDataFrame:
        """Give all areas of a draft to be taken away as a file (NotFound ``version_unknown``); that is told."""
        ...

    def lines(self, set_name: str, number: int, *, after: int = 0) -> list[LogLine]:
        """Give the entries after a number, in order, without what they did."""
        ...

    def entries(self, set_name: str, number: int, *, after: int = 0) -> list[Entry]:
        """Give the entries after a number, in order."""
        ...

    def changes(self, set_name: str, number: int, *, after: int = 0) -> list[tuple[int, Change]]:
        """Give what each entry after a number did to all areas; as ``ground``, for drawing."""
        ...

    def append(self, set_name: str, number: int, entry: Entry, *, author_id: str | None) -> BoundaryVersion:
        """Put an entry at the end of the log and make its change in the draft; nobody else writes the draft meanwhile.

        Raises
        ------
        NotFound
            ``set_not_found``, ``version_unknown``.
        Conflict
            ``not_a_draft``.
        StaleVersion
            ``redraw_stale``: the entry's number is not the next one.
        """
        ...

    def marks(self, set_name: str, number: int) -> list[Mark]:
        """Give the locks and comments of a draft, oldest first."""
        ...

    def locks(self, set_name: str, number: int) -> list[Mark]:
        """Give the locks of a draft; as ``ground``, for drawing: they hold whoever draws."""
        ...

    def add_mark(self, set_name: str, number: int, mark: Mark) -> Mark:
        """Pin a lock or comment to a draft; gives it with its number.

        Raises
        ------
        NotFound, Conflict
            As ``append``.
        """
        ...

    def remove_mark(self, set_name: str, number: int, mark: int) -> Mark:
        """Take a lock or comment away (NotFound ``redraw_mark_unknown``)."""
        ...

    def waivers(self, set_name: str, number: int) -> list[Waiver]:
        """Give what was signed, and taken back, in a draft or version itself; oldest first."""
        ...

    def add_waiver(self, set_name: str, number: int, waiver: Waiver) -> Waiver:
        """Put a waiver, or that one is taken back, under a draft; gives it with its number (errors as ``append``)."""
        ...

    def steps(self, set_name: str, number: int) -> list[Step]:
        """Give the steps of a draft on its way, oldest first."""
        ...

    def add_step(self, set_name: str, number: int, step: Step) -> None:
        """Move a draft on (NotFound, Conflict as ``append``; StaleVersion ``redraw_stale``: edited meanwhile)."""
        ...

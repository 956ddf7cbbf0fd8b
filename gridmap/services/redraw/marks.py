"""Locks and comments: what is pinned to a draft beside its edits."""

import zlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

import shapely

from gridmap.analysis.redraw.mosaic import SAME_DEG, edge_key, rings_of
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.access import Principal
from gridmap.domain.boundaries import Grid
from gridmap.domain.redraw import Place
from gridmap.errors import Conflict, InvalidInput, NotAllowed, NotFound
from gridmap.services.ports import Mark, Store
from gridmap.services.redraw.drawings import Drawing

#: So many locks, and so many comments, one draft may have.
MOST_MARKS = 2_000

#: Locks, or comments.
Kind = Literal["locks", "comments"]


def list_marks(store: Store, drawing: Drawing, kind: Kind) -> list[Mark]:
    """Give the locks or the comments of a draft within reach, oldest first."""
    with store.unit_of_work() as work:
        found = work.redraw.marks(drawing.boundary_set.name, drawing.draft.number)
    return [mark for mark in found if (mark.kind == "comment") == (kind == "comments")]


def stamp(marks: Iterable[Mark]) -> str:
    """Give a text that is another one when a lock or comment came or went."""
    return f"{zlib.crc32(repr([(m.number, m.at) for m in marks]).encode()):08x}"


def lock(
    store: Store,
    drawing: Drawing,
    kind: Literal["grid", "edge", "area"],
    *,
    code: str | None,
    edge: tuple[Place, Place] | None,
    by: Principal,
    now: datetime,
    seen: Collection[str] | None = None,
) -> Mark:
    """Lock a grid, an area with all below it, or one piece of a border from vertex to vertex.

    Parameters
    ----------
    seen : collection of str, optional
        Codes that the planner may see; None: all.

    Raises
    ------
    InvalidInput
        ``redraw_code_or_edge``: the kind asks for the other one; ``redraw_area_unknown``, ``redraw_other_level``,
        ``redraw_edge_unknown``.
    Conflict
        ``redraw_marks_full``.
    """
    if (code is None) != (kind == "edge") or (edge is None) == (kind == "edge"):
        raise InvalidInput("redraw_code_or_edge")
    places: tuple[Place, ...] = ()
    if edge is not None:
        places, codes = _border(drawing.tiling, edge, seen)
    else:
        codes = [_known(drawing.tiling, str(code), kind, seen)]
    return _add(store, drawing, Mark(0, kind, by.account_id, by.name, now, None, places), codes, "locks")


def comment(
    store: Store,
    drawing: Drawing,
    at: Place,
    text: str,
    *,
    code: str | None,
    by: Principal,
    now: datetime,
    seen: Collection[str] | None = None,
) -> Mark:
    """Pin a comment to a place; without a code it is about the area that lies there, if there is one.

    Raises
    ------
    InvalidInput
        ``redraw_area_unknown``, ``redraw_text_needed``.
    Conflict
        ``redraw_marks_full``.
    """
    if not text.strip():
        raise InvalidInput("redraw_text_needed")
    if code is not None:
        codes = [_known(drawing.tiling, code, "area", seen, any_level=True)]
    else:
        codes = [g.code for g in _around(drawing.tiling, at, seen) if shapely.covers(g.geometry, shapely.Point(at))]
    mark = Mark(0, "comment", by.account_id, by.name, now, None, (at,), text)
    return _add(store, drawing, mark, codes, "comments")


def remove_mark(store: Store, drawing: Drawing, number: int, kind: Kind, *, by: Principal) -> Mark:
    """Take a lock away, whoever set it, or a comment of one's own.

    Raises
    ------
    NotFound
        ``redraw_mark_unknown``.
    NotAllowed
        ``redraw_comment_of_another``.
    """
    found = next((m for m in list_marks(store, drawing, kind) if m.number == number), None)
    if found is None:
        raise NotFound("redraw_mark_unknown")
    if kind == "comments" and found.author_id != by.account_id:
        raise NotAllowed("redraw_comment_of_another")
    with store.unit_of_work() as work:
        gone = work.redraw.remove_mark(drawing.boundary_set.name, drawing.draft.number, number)
        work.commit()
    return gone


def _known(tiling: Tiling, code: str, kind: str, seen: Collection[str] | None, *, any_level: bool = False) -> str:
    if code not in tiling or (seen is not None and code not in seen):
        raise InvalidInput("redraw_area_unknown")
    if kind == "grid":
        tiling.require(code)
    elif not any_level and tiling[code].level not in {x.name for x in tiling.upper}:
        raise InvalidInput("redraw_lock_other_level")
    return code


def _around(tiling: Tiling, at: Place, seen: Collection[str] | None) -> list[Grid]:
    codes = tiling.near((*at, *at))
    return [tiling[code] for code in codes if seen is None or code in seen]


def _border(
    tiling: Tiling, edge: tuple[Place, Place], seen: Collection[str] | None
) -> tuple[tuple[Place, Place], list[str]]:
    """Find a piece of a border by its ends; give it as it is stored, and the areas that have it."""
    found: tuple[Place, Place] | None = None
    codes: list[str] = []
    for grid in _around(tiling, edge[0], seen):
        for ring in (r for part in shapely.get_parts([grid.geometry]) for r in rings_of(part)):
            xy: list[Place] = [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]
            for a, b in pairwise(xy):
                if _near((a, b), edge) or _near((b, a), edge):
                    found = edge_key(a, b)
                    codes.append(grid.code)
    if found is None:
        raise InvalidInput("redraw_edge_unknown")
    return found, codes


def _near(one: tuple[Place, Place], two: tuple[Place, Place]) -> bool:
    return all(abs(p[i] - q[i]) <= SAME_DEG for p, q in zip(one, two, strict=True) for i in (0, 1))


def _add(store: Store, drawing: Drawing, mark: Mark, codes: Sequence[str], kind: Kind) -> Mark:
    """Pin a mark to the first of some areas that is within reach; to none where none is named."""
    if len(list_marks(store, drawing, kind)) >= MOST_MARKS:
        raise Conflict("redraw_marks_full", limit=MOST_MARKS)
    for left, code in enumerate(codes or (None,), 1 - max(1, len(codes))):
        try:
            with store.unit_of_work() as work:
                made = work.redraw.add_mark(
                    drawing.boundary_set.name,
                    drawing.draft.number,
                    Mark(0, mark.kind, mark.author_id, mark.author, mark.at, code, mark.places, mark.text),
                )
                work.commit()
            return made
        except NotAllowed:
            if left == 0:
                raise
    raise AssertionError("the last try raises")

"""What each edit does to the areas of the edited level. Neighbours follow; nothing else moves."""

from gridmap.analysis.redraw.divisions import merge, split
from gridmap.analysis.redraw.handing import assign, draw, fill
from gridmap.analysis.redraw.local import Numberer
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.analysis.redraw.vertices import edit_vertex
from gridmap.analysis.redraw.writing import replace_areas, set_attributes
from gridmap.domain.redraw import (
    Assign,
    Change,
    Draw,
    Edit,
    Fill,
    InsertVertex,
    Merge,
    MoveVertex,
    RemoveVertex,
    Replace,
    SetAttributes,
    Split,
)
from gridmap.errors import InvalidInput


def apply(tiling: Tiling, edit: Edit, number: Numberer) -> Change:
    """Find what an edit does to the edited level.

    Parameters
    ----------
    tiling : Tiling
    edit : Edit
        Any but ``TakeBack``, which is about the log.
    number : callable
        Asked for the code of a new area where the edit does not name one.

    Returns
    -------
    Change
        The touched areas of the edited level before and after; not yet those above (``ancestors``), and not yet judged
        (``faults``).

    Raises
    ------
    InvalidInput
        ``redraw_...``: what the planner asked for cannot be done; see ``docs/redraw.md``.
    """
    match edit:
        case MoveVertex() | InsertVertex() | RemoveVertex():
            return edit_vertex(tiling, edit)
        case Split():
            return split(tiling, edit, number)
        case Merge():
            return merge(tiling, edit)
        case Assign():
            return assign(tiling, edit)
        case Draw():
            return draw(tiling, edit, number)
        case Fill():
            return fill(tiling, edit, number)
        case SetAttributes():
            return set_attributes(tiling, edit)
        case Replace():
            return replace_areas(tiling, edit)
        case _:
            raise InvalidInput("redraw_unknown_verb")

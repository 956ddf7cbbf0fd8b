"""A repair of a draft as an edit."""

import numpy as np
import shapely

from gridmap.analysis.redraw.tiling import Tiling, grids_of
from gridmap.analysis.repair import Repair, propose_repair
from gridmap.domain.redraw import Replace
from gridmap.errors import Conflict

#: So much ground one area may gain or lose in a repair without anybody having agreed, in m2.
FREE_M2 = 1.0


def largest_m2(repair: Repair) -> float:
    """Give the most ground that one area gains or loses, in m2."""
    moved = repair.moved[["gained_m2", "lost_m2"]].to_numpy()
    return float(moved.max(initial=0.0))


def require_accepted(repair: Repair, accepted_m2: float) -> None:
    """Check that no area gains or loses more ground than somebody agreed to.

    Raises
    ------
    Conflict
        ``redraw_repair_unaccepted``, with the m2 of the largest change.
    """
    largest = largest_m2(repair)
    # what is asked for was rounded when it was told
    if largest > accepted_m2 + 0.001:
        raise Conflict("redraw_repair_unaccepted", m2=f"{largest:,.1f}", accepted=f"{accepted_m2:,.1f}")


def proposed_repair(tiling: Tiling, *, gap_width_m: float | None = None) -> tuple[Repair, Replace]:
    """Propose how to close the holes and overlaps of the edited level.

    Parameters
    ----------
    tiling : Tiling
    gap_width_m : float, optional
        As ``propose_repair``.

    Returns
    -------
    Repair, Replace
        The proposal with the m2 that change hands, and the edit that makes it.
    """
    codes = [c for c, g in tiling.areas.items() if g.level == tiling.level.name]
    repair = propose_repair(tiling.frame(codes), gap_width_m=gap_width_m)
    empty = shapely.is_empty(np.asarray(repair.frame.geometry.array, dtype=object))
    mended = grids_of(repair.frame[~empty])
    gone = tuple(str(c) for c in repair.frame["code"][empty])
    return repair, Replace(tuple(g for g in mended if g != tiling[g.code]), gone, "repair")

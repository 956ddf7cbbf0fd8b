"""A repair of a draft as an edit."""

import numpy as np
import shapely

from gridmap.analysis.redraw.tiling import Tiling, grids_of
from gridmap.analysis.repair import Repair, propose_repair
from gridmap.domain.redraw import Replace


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

"""Share the households of an area among its pieces."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon


def shared_out(households: int | None, pieces: Sequence[Polygon | MultiPolygon]) -> list[int | None]:
    """Share households out by ground, as the lineage does where nothing better is known; the sum stays.

    Parameters
    ----------
    households : int or None
        None: not known, so neither for the pieces.
    pieces : sequence of Polygon or MultiPolygon
        WGS 84; near enough to each other that degrees compare.

    Returns
    -------
    list of int or None
        By the largest remainder; of equal ones the first piece is given more.
    """
    if households is None:
        return [None] * len(pieces)
    ground = shapely.area(np.array(pieces, dtype=object))
    share = ground / ground.sum() * households
    whole = np.floor(share).astype(int)
    order = np.argsort(whole - share, kind="stable")
    whole[order[: households - int(whole.sum())]] += 1
    return [int(n) for n in whole]

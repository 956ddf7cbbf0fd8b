"""Hatching: lines across shapes, for what must not be taken for pale."""

import math

import numpy as np
import shapely

from gridmap.print.maps import Frame, Shapes


def hatching(frame: Frame, shapes: Shapes, *, apart: float = 1.6, angle: float = 45.0) -> Shapes:
    """Give lines across shapes that ``Frame.ready`` gave, cut off at their borders.

    Parameters
    ----------
    apart : float
        Distance of the lines on paper, mm.
    angle : float
        Of the lines against the east, degrees.
    """
    areas = [s for s in shapes if shapely.get_dimensions(s) == 2 and not shapely.is_empty(s)]
    if not areas:
        return np.zeros(0, dtype=np.object_)
    ground = shapely.union_all(areas)
    step = apart * frame.scale / 1000
    turn = math.radians(angle)
    across = np.array([-math.sin(turn), math.cos(turn)])
    along = np.array([math.cos(turn), math.sin(turn)])
    corners = shapely.get_coordinates(shapely.box(*shapely.bounds(ground)))
    low, high = (corners @ across).min(), (corners @ across).max()
    left, right = (corners @ along).min(), (corners @ along).max()
    # on multiples of the distance, so that two maps of one scale are hatched alike
    at = np.arange(math.floor(low / step), math.ceil(high / step) + 1) * step
    ends = [at[:, None] * across + end * along for end in (left - step, right + step)]
    lines = shapely.linestrings(np.stack(ends, axis=1))
    shapely.prepare(ground)
    cut = np.asarray(shapely.intersection(lines, ground), dtype=np.object_)
    return np.asarray(shapely.get_parts(cut[~shapely.is_empty(cut)]), dtype=np.object_)

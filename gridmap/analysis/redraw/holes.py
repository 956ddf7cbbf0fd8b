"""Find the hole around a place."""

import numpy as np
import shapely
from shapely import Polygon

from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.redraw import Place
from gridmap.errors import InvalidInput


def hole_at(tiling: Tiling, at: Place) -> Polygon:
    """Find the hole around a place: ground of nobody that areas enclose.

    Raises
    ------
    InvalidInput
        ``redraw_no_hole_here``.
    """
    reach = 0.002
    west, south, east, north = tiling.box
    while True:
        box = (at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)
        codes = tiling.near(box)
        shapes = shapely.normalize(np.array([tiling[c].geometry for c in codes], dtype=object))
        free = shapely.difference(shapely.box(*box), shapely.union_all(shapes)) if len(shapes) else None
        parts = [] if free is None else list(shapely.get_parts([free]))
        here = [p for p in parts if shapely.intersects(p, shapely.Point(at))]
        if free is not None and not here:
            raise InvalidInput("redraw_no_hole_here")
        if here and not shapely.intersects(here[0], shapely.box(*box).exterior):
            found: Polygon = here[0]
            return found
        if box[0] < west and box[1] < south and box[2] > east and box[3] > north:
            raise InvalidInput("redraw_no_hole_here")
        reach *= 2

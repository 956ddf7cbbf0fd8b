"""What began lately in a plan: sudden clusters of every kind, kept by the figures that they were found from."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.sudden_kinds import WEEKS, SuddenKinds, sudden_by_kind
from gridmap.crs import xy_to_metric
from gridmap.services.hotspots import Keep, Observed, digest


def weeks_before(end: datetime) -> datetime:
    """Give the start of the weeks that are looked at."""
    return end - timedelta(weeks=WEEKS)


def look_for_sudden(seen: Observed, end: datetime, keep: Keep) -> SuddenKinds:
    """Look at each kind of what was observed in the weeks before ``end`` for clusters that are alive."""
    grids, incidents = seen.base.grids, seen.incidents
    at = pd.DatetimeIndex(incidents["occurred_at"]).asi8.astype(np.float64)
    row = pd.Index(seen.codes).get_indexer(pd.Index(incidents["grid_code"])).astype(np.float64)
    kind, names = pd.factorize(incidents["category"], sort=True)

    def look() -> SuddenKinds:
        middle = shapely.get_coordinates(shapely.point_on_surface(np.asarray(grids.geometry.array, dtype=object)))
        x, y = xy_to_metric(middle[:, 0], middle[:, 1], seen.base.plan.locator.epsg)
        return sudden_by_kind(incidents, seen.codes, x, y, end=end)

    key = ("sudden", seen.base.plan.key, end, tuple(names), digest(at, row, kind.astype(np.float64)))
    found: SuddenKinds = keep.get(key, look)
    return found

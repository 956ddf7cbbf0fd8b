"""Rounds of patrols through a city of tests: who stays where, and how long, is known."""

from datetime import datetime, timedelta
from itertools import pairwise

import city
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap import crs

#: Fixes come every so many seconds, and a stay is so long.
EVERY_S = 60
STAY_S = 360


def rounds(town: city.City, *, skip: int = 5, days: tuple[float, ...] = (6.0, 1.0)) -> gpd.GeoDataFrame:
    """One worker a row of twelve grids goes from middle to middle and stays in each; every ``skip``-th has no stay.

    A round begins so many ``days`` before the newest record; the second half of the workers walk the first round only.
    """
    middles = crs.to_metric(shapely.point_on_surface(np.asarray(town.grids.geometry.array)), city.EPSG)
    places = shapely.get_coordinates(middles)
    groups = [np.arange(k, min(k + 12, len(places))) for k in range(0, len(places), 12)]
    parts = []
    for number, grids in enumerate(groups):
        for turn, back in enumerate(days):
            if turn and number >= len(groups) // 2:
                continue
            begin = city.NEWEST - timedelta(days=back)
            parts.append(_round(f"P{number}", places[[g for g in grids if g % skip]], begin))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=crs.WGS84)


def _round(unit: str, places: np.ndarray, begin: datetime) -> gpd.GeoDataFrame:
    at: list[tuple[float, float]] = []
    for here, there in pairwise(places):
        at += [tuple(here)] * (STAY_S // EVERY_S + 1)
        way = np.linspace(0, 1, 8)[1:-1, None]
        at += [tuple(p) for p in here + way * (there - here)]
    at += [tuple(places[-1])] * (STAY_S // EVERY_S + 1)
    times = [begin + timedelta(seconds=EVERY_S * n) for n in range(len(at))]
    shapes = crs.from_metric(shapely.points(np.array(at)), city.EPSG)
    frame = {"unit_id": unit, "fixed_at": pd.to_datetime(times, utc=True), "accuracy_m": np.nan}
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=crs.WGS84)

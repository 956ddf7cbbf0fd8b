"""Blind spots: grids of a window where no patrol stayed and of which no camera sees enough."""

import hashlib
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.swath import blind_spots
from gridmap.domain.patrols import Sight
from gridmap.services.guarded import GuardedStore
from gridmap.services.patrolling import Keep, PatrolReport
from gridmap.services.ports import FeatureFilter, Store
from gridmap.services.provisioning import OPEN

_WGS84 = "EPSG:4326"


@dataclass(frozen=True)
class BlindReport:
    """Who looks at each grid.

    ``found``: as ``blind_spots``, with ``name`` and ``incidents``. ``layers``: those of the book that are there.
    ``cameras``: how many are open on the day, in reach of these grids or not.
    """

    patrols: PatrolReport
    found: pd.DataFrame
    layers: tuple[str, ...]
    cameras: int


def blind_on(store: Store, report: PatrolReport, *, day: date, kept: Keep[pd.DataFrame]) -> BlindReport:
    """Hold the patrols of a window against the cameras of a day; the same as ``analysis.swath.blind_spots``.

    A camera beyond somebody's reach sees into his grids all the same; he is told of his grids alone.
    """
    rules, grids, figures = report.rules, report.base.grids, report.figures
    raw = store.raw if isinstance(store, GuardedStore) else store
    with raw.unit_of_work() as work:
        known = {layer.name for layer in work.features.list_layers()}
        layers = tuple(name for name in rules.camera_layers if name in known)
        frames = [work.features.frame(FeatureFilter(name, day, OPEN)) for name in layers]
    parts = [np.asarray(frame.geometry.array, dtype=object) for frame in frames]
    places = np.concatenate(parts) if parts else np.zeros(0, dtype=object)
    places = places[~(shapely.is_missing(places) | shapely.is_empty(places))]
    cameras = gpd.GeoDataFrame(geometry=places, crs=_WGS84)
    # who stayed, not who passed by: the three words of sight go by the same
    stayed = figures.loc[figures["sight"] != Sight.UNSEEN.value, "code"]
    stamp = hashlib.blake2b(b"".join(sorted(shapely.to_wkb(places).tolist())), digest_size=16).hexdigest()
    key = ("blind", report.base.plan.key, tuple(stayed), stamp, rules)
    found = kept.get(key, lambda: blind_spots(grids, stayed, cameras, camera_reach_m=rules.camera_reach_m, rules=rules))
    told = found.assign(name=figures["name"].array, incidents=figures["incidents"].array)
    told.attrs = found.attrs
    return BlindReport(report, told, layers, len(places))

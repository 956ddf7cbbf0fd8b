"""Context, facilities and zones, cut down to a reach."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.domain.access import Permission
from gridmap.domain.boundaries import in_time_order
from gridmap.domain.features import FeatureLayer
from gridmap.services.guarded.guard import Guard
from gridmap.services.ports import FeatureFilter, Owners, Within

_SEE = Permission.LAYERS_READ
_GROUND = Permission.GRIDS_READ


class CutContext:
    """``ContextRepository`` for who does not have everything: what touches the ground within reach."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.context

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the context, which is that of all sets."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        return self._raw.replace(frame)

    def frame(self) -> gpd.GeoDataFrame:
        """Give what touches the last known shape of an area within reach."""
        found = self._raw.frame()
        shapes = np.asarray(found.geometry.array)
        touched = np.zeros(len(shapes), dtype=bool)
        ground = self._ground()
        if len(ground) and len(shapes):
            touched[np.unique(shapely.STRtree(ground).query(shapes, predicate="intersects")[0])] = True
        return found[touched].reset_index(drop=True)

    def around(self, names: Collection[str], day: date) -> dict[str, gpd.GeoDataFrame]:
        """Give what rules about borders ask for, whole: what they find is cut down."""
        return self._raw.around(names, day)

    def _ground(self) -> np.ndarray:
        """Give the shapes of the areas of the reach, each as it was last drawn."""
        raw, reach, parts = self._guard.raw.boundaries, self._guard.reach(_GROUND), []
        for name in sorted({area.set_name for area in reach.areas if area.set_name is not None}):
            versions = list(reversed(in_time_order(raw.list_versions(name))))
            if reach.whole(name):
                parts += [raw.grids(version).geometry.to_numpy() for version in versions[:1]]
                continue
            wanted = set(reach.codes(name))
            for version in versions:
                if not wanted:
                    break
                areas = raw.grids(version, codes=sorted(wanted))
                parts.append(areas.geometry.to_numpy())
                wanted -= {str(code) for code in areas["code"]}
        return np.concatenate(parts) if parts else np.zeros(0, dtype=object)


class CutFeatures:
    """``FeatureRepository`` for who does not have everything; the names of layers are for all who may see any."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.features

    def list_layers(self) -> list[FeatureLayer]:
        """Give all layers to who may see any."""
        return [] if self._guard.reach(_SEE).nowhere else self._raw.list_layers()

    def find_layer(self, name: str) -> FeatureLayer | None:
        """Give a layer to who may see any."""
        return None if self._guard.reach(_SEE).nowhere else self._raw.find_layer(name)

    def put_layer(self, layer: FeatureLayer) -> None:
        """Put a layer, which lies over all sets."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        self._raw.put_layer(layer)

    def replace(self, layer: str, frame: gpd.GeoDataFrame, *, valid_from: date, owners: Owners) -> int:
        """Put the features of a layer, which lies over all sets."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        return self._raw.replace(layer, frame, valid_from=valid_from, owners=owners)

    def next_change(self, layer: str, day: date) -> date | None:
        """Give the next change of a layer to who may see any."""
        return None if self._guard.reach(_SEE).nowhere else self._raw.next_change(layer, day)

    def _within(self, asked: Within | None) -> Within | None:
        assert asked is None, "only the guard says whose features are seen"
        return self._guard.within(_SEE)

    def counts(self, day: date, within: Within | None = None) -> pd.DataFrame:
        """Count the features within reach."""
        return self._raw.counts(day, self._within(within))

    def page(self, where: FeatureFilter, *, limit: int, after_code: str | None = None) -> gpd.GeoDataFrame:
        """Give a page of the features within reach."""
        mine = replace(where, within=self._within(where.within))
        return self._raw.page(mine, limit=limit, after_code=after_code)

    def frame(self, where: FeatureFilter) -> gpd.GeoDataFrame:
        """Give the features within reach."""
        return self._raw.frame(replace(where, within=self._within(where.within)))

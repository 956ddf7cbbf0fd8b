"""Context, facilities and zones, as the use cases ask for them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import geopandas as gpd
import pandas as pd

from gridmap.domain.features import FeatureLayer
from gridmap.services.ports.boundaries import Box
from gridmap.services.ports.points import Within


@dataclass(frozen=True, slots=True)
class FeatureFilter:
    """Which features of a layer on a day: states, box, code, whose they were on their first day; None means all."""

    layer: str
    day: date
    states: tuple[str, ...] | None = None
    bbox: Box | None = None
    within: Within | None = None
    code: str | None = None


#: Says who owns features: gets ``valid_from`` and the geometry, gives ``set_name, version_number, grid_code``.
Owners = Callable[[gpd.GeoDataFrame], pd.DataFrame]


class ContextRepository(Protocol):
    """Water, roads and green that give a map its context: never an owner of anything."""

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the context to these rows (``kind``, ``name``, geometry of any simple kind); give their number."""
        ...

    def frame(self) -> gpd.GeoDataFrame: ...

    def around(self, names: Collection[str], day: date) -> dict[str, gpd.GeoDataFrame]:
        """Give those of these kinds of context and layers of features that there are, for rules about borders alone."""
        ...


class FeatureRepository(Protocol):
    """Facilities and thematic zones, by layer and day.

    A frame of features has ``code, name, state, valid_from, valid_to, set_name, version_number, grid_code, attributes``
    and a geometry of any simple kind. A row stands for the days in which nothing of it changed; its owner is that of
    the first of them.
    """

    def list_layers(self) -> list[FeatureLayer]:
        """Give all layers by name."""
        ...

    def find_layer(self, name: str) -> FeatureLayer | None: ...

    def put_layer(self, layer: FeatureLayer) -> None:
        """Add a layer, or replace the title of the one with this name."""
        ...

    def replace(self, layer: str, frame: gpd.GeoDataFrame, *, valid_from: date, owners: Owners) -> int:
        """Let these (``code, name, state, attributes``) be the features of a layer from a day until the next change.

        What is no longer among them ends on that day, what stays as it is goes on, and all other days are as before.
        ``owners`` is asked for what begins.

        Raises
        ------
        NotFound
            ``feature_layer_unknown``.
        Conflict
            ``code_not_unique``.
        GeometryError
            ``not_simple_shapes``, ``geometry_missing``.
        """
        ...

    def next_change(self, layer: str, day: date) -> date | None:
        """Give the first day after a day on which a layer is another; None where it stays."""
        ...

    def counts(self, day: date, within: Within | None = None) -> pd.DataFrame:
        """Give ``layer, state, features`` of a day, by layer and state; no row where there is nothing."""
        ...

    def page(self, where: FeatureFilter, *, limit: int, after_code: str | None = None) -> gpd.GeoDataFrame:
        """Give up to ``limit`` features of a day whose code comes after ``after_code``, by code."""
        ...

    def frame(self, where: FeatureFilter) -> gpd.GeoDataFrame:
        """Give all matching features of a day, by code."""
        ...

"""Water, roads and green, as ``services.ports`` asks for them."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import sqlalchemy as sa

from gridmap.services.ports import FeatureFilter
from gridmap.store import columns as col
from gridmap.store.blobs import Geometries
from gridmap.store.features import Features
from gridmap.store.tables import ContextRow
from gridmap.store.unit_of_work import Work


class Context:
    """Water, roads and green that give a map its context."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the context to these rows; give their number."""
        geometry = col.simple_shapes(frame)
        values = {"kind": col.texts(frame, "kind", required=True), "name": col.texts(frame, "name")}
        self._work.write(sa.delete(ContextRow))
        self._work.after_delete(ContextRow.__table__)  # type: ignore[arg-type]
        self._work.insert(ContextRow.__table__, values, geometry)  # type: ignore[arg-type]
        return len(geometry)

    def around(self, names: Collection[str], day: date) -> dict[str, gpd.GeoDataFrame]:
        """Give those of these kinds of context and layers of features that there are."""
        drawn, features = self.frame(), Features(self._work)
        found = {str(kind): rows for kind, rows in drawn.groupby("kind") if kind in names}
        for layer in features.list_layers():
            if layer.name in names:
                found[layer.name] = features.frame(FeatureFilter(layer.name, day))
        return found

    def frame(self) -> gpd.GeoDataFrame:
        """Give the context in the order in which it came."""
        rows = self._work.rows(
            sa.select(ContextRow.kind, ContextRow.name, self._work.backend.geometry_out(ContextRow.geom)).order_by(
                ContextRow.id
            )
        )
        return context_frame(
            [tuple(row)[:2] for row in rows], self._work.backend.geometries_from([row[2] for row in rows])
        )


def context_frame(rows: Sequence[tuple[Any, ...]], geometry: Geometries) -> gpd.GeoDataFrame:
    """Make the frame of the context."""
    kind, name = zip(*rows, strict=True) if rows else ((),) * 2
    return col.frame_of({"kind": col.text_array(kind), "name": col.text_array(name)}, geometry)

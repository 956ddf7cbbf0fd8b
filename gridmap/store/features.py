"""Layers of facilities and thematic zones over time, as ``services.ports`` asks for them."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from gridmap.domain.features import FeatureLayer
from gridmap.domain.spans import Span, next_change
from gridmap.errors import NotFound
from gridmap.services.ports import FeatureFilter, Owners, Within
from gridmap.store import columns as col
from gridmap.store.bbox import bbox_hits
from gridmap.store.blobs import Geometries
from gridmap.store.people import require_one_each
from gridmap.store.tables import FeatureLayerRow, FeatureRow
from gridmap.store.timed import Key, delete_rows, holds_at, rewriting
from gridmap.store.unit_of_work import Work

#: A frame of features that comes out of a store has these columns, in this order.
FEATURE_COLUMNS = (
    "code", "name", "state", "valid_from", "valid_to", "set_name", "version_number", "grid_code", "attributes"
)  # fmt: skip
_OWNER = ("set_name", "version_number", "grid_code")


class Features:
    """Facilities and thematic zones, by layer and day."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def list_layers(self) -> list[FeatureLayer]:
        """Give all layers by name."""
        rows = self._work.rows(sa.select(FeatureLayerRow.name, FeatureLayerRow.title).order_by(FeatureLayerRow.name))
        return [FeatureLayer(*row) for row in rows]

    def find_layer(self, name: str) -> FeatureLayer | None:
        """Give the layer of this name, if there is one."""
        return next((layer for layer in self.list_layers() if layer.name == name), None)

    def put_layer(self, layer: FeatureLayer) -> None:
        """Add a layer, or replace the title of the one with this name."""
        col.require_storable("name", [layer.name, layer.title])
        self._work.begin_writing()
        if self._layer_id(layer.name) is None:
            self._work.write(sa.insert(FeatureLayerRow), {"name": layer.name, "title": layer.title})
        else:
            self._work.write(
                sa.update(FeatureLayerRow).where(FeatureLayerRow.name == layer.name).values(title=layer.title)
            )

    def _layer_id(self, name: str) -> int | None:
        rows = self._work.rows(sa.select(FeatureLayerRow.id).where(FeatureLayerRow.name == name).with_for_update())
        return int(rows[0].id) if rows else None

    def replace(self, layer: str, frame: gpd.GeoDataFrame, *, valid_from: date, owners: Owners) -> int:
        """Let these be the features of a layer from a day until the next change on record; see ``services.ports``."""
        wanted, shapes = feature_keys(frame)
        self._work.begin_writing()
        layer_id = self._layer_id(layer)
        if layer_id is None:
            raise NotFound("feature_layer_unknown", known=", ".join(known.name for known in self.list_layers()))
        held = self._held(layer_id)
        shapes |= {key: shape for _, key, _, shape, _ in held}
        change = rewriting([row[:3] for row in held], wanted, valid_from)
        delete_rows(self._work, FeatureRow, change.gone)
        self._work.after_delete(FeatureRow.__table__)  # type: ignore[arg-type]
        known = {(key, span.start): owner for _, key, span, _, owner in held}
        fresh = [(key, span) for key, span in change.added if (key, span.start) not in known]
        known |= owned(fresh, shapes, owners)
        self._insert(layer_id, change.added, shapes, known)
        return len(wanted)

    def _held(self, layer_id: int) -> list[tuple[int, Key, Span, Any, tuple[Any, ...]]]:
        rows = self._work.rows(
            sa.select(
                FeatureRow.id,
                *(getattr(FeatureRow, name) for name in FEATURE_COLUMNS),
                self._work.backend.geometry_out(FeatureRow.geom).label("shape"),
            )
            .where(FeatureRow.layer_id == layer_id)
            .order_by(FeatureRow.id)
        )
        shapes = self._work.backend.geometries_from([row.shape for row in rows])
        bodies = shapely.to_wkb(shapes).tolist() if len(shapes) else []
        return [
            (
                row.id,
                (row.code, row.name, row.state, json.dumps(row.attributes, ensure_ascii=False), body),
                Span(row.valid_from, row.valid_to),
                shape,
                tuple(getattr(row, name) for name in _OWNER),
            )
            for row, shape, body in zip(rows, shapes, bodies, strict=True)
        ]

    def _insert(
        self,
        layer_id: int,
        added: Sequence[tuple[Key, Span]],
        shapes: dict[Key, Any],
        owner: dict[tuple[Key, date], tuple[Any, ...]],
    ) -> None:
        code, name, state, attributes, _ = zip(*(key for key, _ in added), strict=True) if added else ((),) * 5
        whose = [owner[key, span.start] for key, span in added]
        self._work.insert(
            FeatureRow.__table__,  # type: ignore[arg-type]
            {
                "layer_id": [layer_id] * len(added),
                "code": code,
                "name": name,
                "state": state,
                "valid_from": [span.start.isoformat() for _, span in added],
                "valid_to": [None if span.end is None else span.end.isoformat() for _, span in added],
                **{column: [row[i] for row in whose] for i, column in enumerate(_OWNER)},
                "attributes": attributes,
            },
            shape_array([shapes[key] for key, _ in added]),
        )

    def next_change(self, layer: str, day: date) -> date | None:
        """Give the first day after a day on which a layer is another; None where it stays."""
        rows = self._work.rows(
            sa.select(FeatureRow.valid_from, FeatureRow.valid_to)
            .distinct()
            .join(FeatureLayerRow, FeatureLayerRow.id == FeatureRow.layer_id)
            .where(FeatureLayerRow.name == layer)
        )
        return next_change((Span(*row) for row in rows), day)

    def counts(self, day: date, within: Within | None = None) -> pd.DataFrame:
        """Give ``layer, state, features`` of a day, by layer and state."""
        rows = self._work.rows(
            sa.select(FeatureLayerRow.name, FeatureRow.state, sa.func.count())
            .join(FeatureLayerRow, FeatureLayerRow.id == FeatureRow.layer_id)
            .where(holds_at(FeatureRow, day), *self._owned(within))
            .group_by(FeatureLayerRow.name, FeatureRow.state)
        )
        return feature_counts(sorted(tuple(row) for row in rows))

    def page(self, where: FeatureFilter, *, limit: int, after_code: str | None = None) -> gpd.GeoDataFrame:
        """Give up to ``limit`` features of a day whose code comes after ``after_code``, by code."""
        query = self._matching(where).limit(limit)
        return self._frame(query if after_code is None else query.where(FeatureRow.code > after_code))

    def frame(self, where: FeatureFilter) -> gpd.GeoDataFrame:
        """Give all matching features of a day, by code."""
        return self._frame(self._matching(where))

    def _matching(self, where: FeatureFilter) -> sa.Select[Any]:
        query = (
            sa.select(
                *(getattr(FeatureRow, name) for name in FEATURE_COLUMNS),
                self._work.backend.geometry_out(FeatureRow.geom).label("shape"),
            )
            .join(FeatureLayerRow, FeatureLayerRow.id == FeatureRow.layer_id)
            .where(FeatureLayerRow.name == where.layer, holds_at(FeatureRow, where.day), *self._owned(where.within))
            .order_by(FeatureRow.code)
        )
        if where.states is not None:
            query = query.where(self._work.backend.one_of(FeatureRow.state, where.states))
        if where.code is not None:
            query = query.where(FeatureRow.code == where.code)
        if where.bbox is not None:
            query = query.where(bbox_hits(FeatureRow.geom, *where.bbox))
        return query

    def _owned(self, within: Within | None) -> list[sa.ColumnElement[bool]]:
        """Keep what these sets and codes owned on its first day."""
        if within is None:
            return []
        parts: list[sa.ColumnElement[bool]] = [sa.false()]
        for set_name, codes in within:
            asked = FeatureRow.set_name == set_name
            one_of = self._work.backend.one_of
            parts.append(asked if codes is None else sa.and_(asked, one_of(FeatureRow.grid_code, sorted(codes))))
        return [sa.or_(*parts)]

    def _frame(self, query: sa.Select[Any]) -> gpd.GeoDataFrame:
        rows = self._work.rows(query)
        shapes = self._work.backend.geometries_from([row.shape for row in rows])
        return feature_frame([tuple(row)[: len(FEATURE_COLUMNS)] for row in rows], shapes)


def feature_keys(frame: gpd.GeoDataFrame) -> tuple[list[Key], dict[Key, Any]]:
    """Give what each feature of a frame says (code, name, state, attributes, WKB), and its geometry by that.

    Raises
    ------
    Conflict
        ``code_not_unique``.
    """
    shapes = col.simple_shapes(frame)
    code = col.texts(frame, "code", required=True)
    require_one_each([str(c) for c in code])
    rest = (
        col.texts(frame, "name"),
        col.texts(frame, "state", required=True),
        col.json_texts(frame, "attributes"),
        shapely.to_wkb(shapes).tolist() if len(shapes) else [],
    )
    keys: list[Key] = list(zip(code, *rest, strict=True))
    return keys, dict(zip(keys, shapes, strict=True))


def owned(
    fresh: Sequence[tuple[Key, Span]], shapes: dict[Key, Any], owners: Owners
) -> dict[tuple[Key, date], tuple[Any, ...]]:
    """Ask who owns features on their first days."""
    if not fresh:
        return {}
    asked = col.frame_of({"valid_from": [span.start for _, span in fresh]}, shape_array([shapes[k] for k, _ in fresh]))
    found = owners(asked)
    columns = (col.texts(found, "set_name"), col.integers(found, "version_number"), col.texts(found, "grid_code"))
    return {(key, span.start): row for (key, span), row in zip(fresh, zip(*columns, strict=True), strict=True)}


def shape_array(shapes: Sequence[Any]) -> Geometries:
    """Put geometries into a flat array."""
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made


def feature_counts(rows: Sequence[tuple[str, str, int]]) -> pd.DataFrame:
    """Make the frame of numbers of features."""
    layer, state, count = zip(*rows, strict=True) if rows else ((),) * 3
    numbers = pd.array(count, dtype="int64")
    return pd.DataFrame({"layer": col.text_array(layer), "state": col.text_array(state), "features": numbers})


def feature_frame(rows: Sequence[tuple[Any, ...]], geometry: Geometries) -> gpd.GeoDataFrame:
    """Make the frame of features from rows in the order of FEATURE_COLUMNS."""
    columns = dict(zip(FEATURE_COLUMNS, zip(*rows, strict=True) if rows else ((),) * len(FEATURE_COLUMNS), strict=True))
    data: dict[str, Any] = {name: col.text_array(columns[name]) for name in ("code", "name", "state")}
    data |= {name: pd.Series(list(columns[name]), dtype=object) for name in ("valid_from", "valid_to")}
    data["set_name"] = col.text_array(columns["set_name"])
    data["version_number"] = col.integer_array(columns["version_number"])
    data["grid_code"] = col.text_array(columns["grid_code"])
    data["attributes"] = pd.Series(list(columns["attributes"]), dtype=object)
    return col.frame_of(data, geometry)

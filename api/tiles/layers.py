"""What tiles are made of: areas of a level, incidents and patrol effort, as one reader sees them on a day.

Each layer has a digest of its content. It is the version in the addresses of its tiles and part of the name under which
they are kept: another content, or another reader's part of it, is another address and another name.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.content import simplest
from gridmap.domain.privacy import require_columns
from gridmap.services.ports import Box
from gridmap.services.responsibility import Plan
from gridmap.tiles.columns import Columns, columns_of
from gridmap.tiles.dots import Dots
from gridmap.tiles.matrix import TileMatrixSet
from gridmap.tiles.pyramid import Pyramid

AREA = ("code", "name", "kind", "parent_code", "households")
INCIDENT = ("incident_id", "occurred_at", "category", "channel", "grid_code")
EFFORT = ("code", "name", "passes", "dwell_hours", "km", "incidents", "days", "norm_days", "status", "sight")
#: What a feature that stands for several incidents says.
CLUSTER = ("cluster", "count", "category")
require_columns(*AREA, *INCIDENT, *EFFORT, "cluster", "count")

#: Types of the values of layers, as TileJSON tells them; text where nothing is said.
_NUMBERS = frozenset({"households", "passes", "dwell_hours", "km", "incidents", "days", "norm_days", "count"})
#: What is counted: whole numbers, though a frame that lacks some keeps them with a point.
_WHOLE = frozenset({"households", "passes", "incidents"})
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of tiles.

    Attributes
    ----------
    name : str
        Of the layer in tiles; that of its collection.
    version : str
        Digest of the content.
    box : Box or None
        West, south, east, north of it; None: it is empty.
    shapes : str
        ``polygon`` or ``point``.
    fields : tuple of str
        What its features say.
    write : Callable
        Gives the layer in a tile: matrix set, matrix, row, column.
    """

    name: str
    version: str
    box: Box | None
    shapes: str
    fields: tuple[str, ...]
    write: Callable[[TileMatrixSet, int, int, int], bytes]

    def types(self) -> dict[str, str]:
        """Give the types of the fields."""
        kinds = {True: "Number", False: "String"}
        return {name: "Boolean" if name == "cluster" else kinds[name in _NUMBERS] for name in self.fields}


class Areas:
    """The areas of a plan, ready for tiles: one pyramid for all levels in each matrix set. Safe for threads."""

    def __init__(self, plan: Plan) -> None:
        self._lock = Lock()
        self._pyramids: dict[str, Pyramid] = {}
        order = {level.name: level.order for level in plan.boundary_set.levels}
        names = sorted({str(v) for v in plan.frame["level"]}, key=lambda name: -order.get(name, -1))
        polygons = np.isin(shapely.get_type_id(np.asarray(plan.frame.geometry.array)), (3, 6))
        self.frames: Mapping[str, gpd.GeoDataFrame] = {
            name: plan.frame[(plan.frame["level"] == name).to_numpy() & polygons] for name in names
        }
        self._levels = list(self.frames)
        self._columns: dict[str, tuple[Columns, str]] = {}
        self.leaves = self._levels[0] if self._levels else ""

    def pyramid(self, matrix: TileMatrixSet) -> Pyramid:
        """Give the pyramid of a matrix set, made when it is first asked for."""
        with self._lock:
            if matrix.id not in self._pyramids:
                shapes = [np.asarray(frame.geometry.array) for frame in self.frames.values()]
                self._pyramids[matrix.id] = Pyramid(shapes, matrix)
            return self._pyramids[matrix.id]

    def layer(self, name: str, level: str, said: gpd.GeoDataFrame | pd.DataFrame | None = None) -> Layer:
        """Give the layer of a level; ``said``: what its areas say, in their order, if it is not what the plan does."""
        frame = self.frames[level]
        fields = AREA if said is None else EFFORT
        with self._lock:
            known = self._columns.get(level) if said is None else None
        if known is None:
            columns = _said(frame["code"].tolist(), frame if said is None else said, fields)
            known = columns, digest_of(columns, _wkb(frame))
            if said is None:
                with self._lock:
                    self._columns[level] = known
        columns, version = known
        at = self._levels.index(level)

        def write(matrix: TileMatrixSet, z: int, row: int, column: int) -> bytes:
            return self.pyramid(matrix).layer(name, at, columns, z, row, column)

        return Layer(name, version, _box(frame), "polygon", fields, write)


def incidents_layer(name: str, frame: gpd.GeoDataFrame) -> Layer:
    """Give the layer of some incidents."""
    columns = _said(frame["incident_id"].tolist(), frame, INCIDENT)
    lon, lat = shapely.get_x(frame.geometry.array), shapely.get_y(frame.geometry.array)
    version = digest_of(columns, lon.tobytes() + lat.tobytes())
    kinds = frame["category"].astype(str).tolist()
    lock, made = Lock(), dict[str, Dots]()

    def write(matrix: TileMatrixSet, z: int, row: int, column: int) -> bytes:
        with lock:
            if matrix.id not in made:
                made[matrix.id] = Dots.of(matrix, lon, lat, columns, kinds)
        return made[matrix.id].layer(name, z, row, column)

    return Layer(name, version, _box(frame), "point", (*INCIDENT, *CLUSTER[:2]), write)


def _said(ids: list[str], frame: pd.DataFrame, fields: tuple[str, ...]) -> Columns:
    held = [name for name in fields if name in frame.columns]
    return columns_of(
        [str(one) for one in ids], {name: [_plain(v, name in _WHOLE) for v in frame[name].tolist()] for name in held}
    )


def _plain(value: Any, whole: bool) -> Any:
    """Give a value of a cell as tiles keep it: times as text, counts as whole numbers."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if whole and isinstance(value, float) and value == value:
        return int(value)
    return value


def _wkb(frame: gpd.GeoDataFrame) -> bytes:
    return b"".join(shapely.to_wkb(simplest(np.asarray(frame.geometry.array)), byte_order=1).tolist())


def _box(frame: gpd.GeoDataFrame) -> Box | None:
    west, south, east, north = (float(v) for v in frame.total_bounds)
    return None if west != west else (west, south, east, north)


def digest_of(columns: Columns, places: bytes) -> str:
    """Give what stands for a content: all values and all places."""
    found = hashlib.blake2b(digest_size=_DIGEST)
    found.update("\x1f".join(columns.keys).encode())
    for value in columns.values:
        found.update(value)
    found.update(columns.tags.tobytes() + columns.ids.tobytes())
    found.update(places)
    return found.hexdigest()

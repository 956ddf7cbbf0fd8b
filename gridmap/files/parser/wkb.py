"""Coordinates as nested lists (GeoJSON, KML, native GeoArrow) to WKB, without building a geometry.

Every part is little-endian ISO WKB in two dimensions; a third coordinate is dropped and remembered.
"""

import struct
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import Any

_HEADER = struct.Struct("<BI")
_COUNT = struct.Struct("<I")
_TYPES = {"Point": 1, "LineString": 2, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6}
_SINGLE = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}
_NUMBERS = {int, float}


class BadPosition(Exception):
    """A position is not two or three numbers."""


@dataclass(slots=True)
class Shape:
    """One geometry on its way out: WKB, or the rule it breaks; and what was seen while reading it."""

    wkb: bytes | None = None
    fault: str | None = None
    has_z: bool = False
    vertices: int = 0


def to_shape(kind: str, coordinates: Any) -> Shape:
    """Build the WKB of one GeoJSON-like geometry; a fault instead where its coordinates are not what they must be."""
    shape = Shape()
    if kind not in _TYPES:
        shape.fault = "type_not_allowed"
        return shape
    try:
        shape.wkb = _part(kind, coordinates, shape)
    except (BadPosition, TypeError, OverflowError, ValueError):
        shape.wkb, shape.fault = None, "bad_position"
    return shape


def _part(kind: str, coordinates: Any, shape: Shape) -> bytes:
    head = _HEADER.pack(1, _TYPES[kind])
    if type(coordinates) is not list:
        raise BadPosition
    if kind == "Point":
        # An empty point is written as NaN in WKB.
        xy = _positions([coordinates], shape) if coordinates else array("d", (float("nan"),) * 2)
        return head + xy.tobytes()
    if kind == "LineString":
        return head + _COUNT.pack(len(coordinates)) + _positions(coordinates, shape).tobytes()
    if kind == "Polygon":
        rings = [
            _COUNT.pack(len(ring)) + _positions(ring, shape).tobytes()
            for ring in coordinates
            if type(ring) is list or _refuse()
        ]
        return head + _COUNT.pack(len(rings)) + b"".join(rings)
    parts = [_part(_SINGLE[kind], part, shape) for part in coordinates]
    return head + _COUNT.pack(len(parts)) + b"".join(parts)


def _refuse() -> bool:
    raise BadPosition


def _positions(positions: list[Any], shape: Shape) -> array:  # type: ignore[type-arg]
    if not positions:
        return array("d")
    if set(map(type, positions)) != {list}:
        raise BadPosition
    sizes = set(map(len, positions))
    if not sizes <= {2, 3}:
        raise BadPosition
    if not set(map(type, chain.from_iterable(positions))) <= _NUMBERS:
        raise BadPosition
    shape.vertices += len(positions)
    if 3 in sizes:
        shape.has_z = True
        return array("d", chain.from_iterable(p[:2] for p in positions))
    return array("d", chain.from_iterable(positions))

"""Features as GeoJSON (RFC 7946), fast: the numbers of all shapes are written at once and cut where shapes begin.

Nothing is rounded: a number is the shortest text that reads back as the same, so borders that neighbours share are
the same text in both.
"""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely

from gridmap.analysis.collected import Table
from gridmap.analysis.cql2.judging import Column, Kind

_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
#: Kinds that shapely puts into flat arrays as one kind together with their many-part form.
_PLAIN = {0: "Point", 1: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}

_OPENS = ord("[")


def geometry_texts(shapes: npt.NDArray[np.object_]) -> list[bytes]:
    """Write geometries as GeoJSON; what is missing or empty is ``null``."""
    made = np.full(len(shapes), b"null", dtype=object)
    kinds = shapely.get_type_id(shapes)
    there = ~shapely.is_empty(shapes) & (kinds >= 0)
    for kind in np.unique(kinds[there]).tolist():
        rows = np.flatnonzero(there & (kinds == kind))
        some = shapes[rows]
        if kind in _PLAIN and not shapely.has_z(some).any():
            made[rows] = _written(some, _PLAIN[kind])
        else:
            made[rows] = [text.encode("ascii") for text in shapely.to_geojson(some).tolist()]
    return list(made)


def _written(shapes: npt.NDArray[np.object_], kind: str) -> list[bytes]:
    """Write geometries of one kind."""
    _, xy, offsets = shapely.to_ragged_array(shapes, include_z=False)
    text = orjson.dumps(np.ascontiguousarray(xy), option=orjson.OPT_SERIALIZE_NUMPY)
    # where each position begins, and one place beyond the last one
    begins = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == _OPENS)[1:]
    cuts = np.append(begins, len(text))
    front = b'{"type":"%s","coordinates":' % kind.encode("ascii")
    if kind == "Point":
        return [b"%s%s}" % (front, text[a : b - 1]) for a, b in pairwise(cuts.tolist())]
    # the innermost runs of positions, then runs of those, until there is one a shape
    runs = cuts[offsets[0]].tolist()
    if len(offsets) == 1:
        return [b"%s[%s]}" % (front, text[a : b - 1]) for a, b in pairwise(runs)]
    if len(offsets) == 2 and len(offsets[0]) == len(offsets[1]):  # polygons of one ring each
        return [b"%s[[%s]]}" % (front, text[a : b - 1]) for a, b in pairwise(runs)]
    parts = [b"[%s]" % text[a : b - 1] for a, b in pairwise(runs)]
    for level in offsets[1:]:
        parts = [b"[%s]" % b",".join(parts[a:b]) for a, b in pairwise(level.tolist())]
    return [b"%s%s}" % (front, part) for part in parts]


def values_of(column: Column) -> list[Any]:
    """Give the values of a column as plain JSON: missing as None, days and times as text."""
    match column.kind:
        case Kind.INTEGER:
            return [None if v != v else int(v) for v in column.values.tolist()]
        case Kind.NUMBER:
            return [None if v != v else v for v in column.values.tolist()]
        case Kind.DAY:
            return [None if v is None else v.isoformat() for v in column.values.tolist()]
        case Kind.TIME:
            return [None if v is None else _instant(v) for v in column.values.tolist()]
    return list(column.values.tolist())


def _instant(value: Any) -> str:
    return f"{value.isoformat()}Z"


def feature_texts(table: Table, names: Sequence[str], shapes: npt.NDArray[np.object_] | None = None) -> list[bytes]:
    """Write rows as features.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Properties that are written, in this order.
    shapes : array of geometries, optional
        In place of the table's: in another reference system.
    """
    geometry = geometry_texts(table.shapes if shapes is None else shapes)
    columns = [_texts(table.columns[name]) for name in names]
    form = b'{"type":"Feature","id":%s,"geometry":%s,"properties":{' + b",".join(b"%s:%%s" % _key(n) for n in names)
    form += b"}}"
    ids = [_write(id_).encode("utf-8") for id_ in table.ids.tolist()]
    return [form % row for row in zip(ids, geometry, *columns, strict=True)]


def _key(name: str) -> bytes:
    return _write(name).replace("%", "%%").encode("utf-8")


def _texts(column: Column) -> list[bytes]:
    """Write the values of a column as JSON, each that comes again once."""
    if column.kind is Kind.FLAG:
        return [b"true" if value else b"false" for value in column.values.tolist()]
    codes, known = pd.factorize(column.values, use_na_sentinel=True)
    told = values_of(Column(column.kind, np.asarray(known)))
    words = [*(_write(value).encode("utf-8") for value in told), b"null"]
    return [words[code] for code in codes.tolist()]

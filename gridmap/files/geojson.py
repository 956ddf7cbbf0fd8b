"""Features as GeoJSON (RFC 7946), fast: the numbers of all shapes are written at once and cut where shapes begin.

Nothing is rounded: a number is the shortest text that reads back as the same, so borders that neighbours share are
the same text in both.
"""

import json
from collections.abc import Sequence
from itertools import pairwise, repeat
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
            front, parts, back = _written(some, _PLAIN[kind])
            made[rows] = [b"%s%s%s" % (front, part, back) for part in parts]
        else:
            made[rows] = [text.encode("ascii") for text in shapely.to_geojson(some).tolist()]
    return list(made)


#: What stands before each geometry, the numbers of each, and what stands behind each.
Written = tuple[bytes, Sequence[bytes], bytes]


def _written_alike(shapes: npt.NDArray[np.object_]) -> Written:
    """Write geometries; of one kind, with what they share written once."""
    kinds = shapely.get_type_id(shapes)
    if len(kinds) and (kinds == kinds[0]).all() and int(kinds[0]) in _PLAIN:
        plain = not (shapely.is_empty(shapes).any() or shapely.has_z(shapes).any())
        if plain:
            return _written(shapes, _PLAIN[int(kinds[0])])
    return b"", geometry_texts(shapes), b""


def _written(shapes: npt.NDArray[np.object_], kind: str) -> Written:
    """Write geometries of one kind."""
    front = b'{"type":"%s","coordinates":' % kind.encode("ascii")
    if kind == "Polygon" and not shapely.get_num_interior_rings(shapes).any():
        # of one ring each: no need to look for rings
        xy = shapely.get_coordinates(shapes)
        offsets: Sequence[npt.NDArray[Any]] = [np.append(0, np.cumsum(shapely.get_num_coordinates(shapes)))]
    else:
        _, xy, offsets = shapely.to_ragged_array(shapes, include_z=False)
    text = orjson.dumps(np.ascontiguousarray(xy), option=orjson.OPT_SERIALIZE_NUMPY)
    # where each position begins, and one place beyond the last one
    begins = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == _OPENS)[1:]
    cuts = np.append(begins, len(text))
    if kind == "Point":
        return front, [text[a : b - 1] for a, b in pairwise(cuts.tolist())], b"}"
    # the innermost runs of positions, then runs of those, until there is one a shape
    runs = cuts[offsets[0]].tolist()
    if len(offsets) == 1:
        opened, closed = (b"[[", b"]]}") if kind == "Polygon" else (b"[", b"]}")
        return front + opened, [text[a : b - 1] for a, b in pairwise(runs)], closed
    parts = [b"[%s]" % text[a : b - 1] for a, b in pairwise(runs)]
    for level in offsets[1:]:
        parts = [b"[%s]" % b",".join(parts[a:b]) for a, b in pairwise(level.tolist())]
    return front, parts, b"}"


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
    front, geometry, back = _written_alike(table.shapes if shapes is None else shapes)
    values = [_words(table.ids.tolist()), geometry, *(_texts(table.columns[name]) for name in names)]
    before = [b'{"type":"Feature","id":', b',"geometry":' + front]
    before += [b"%s%s:" % (b"," if n else back + b',"properties":{', key) for n, key in enumerate(_words(names))]
    end = b"}}" if names else back + b',"properties":{}}'
    # joined row by row, but without a step of Python's own for any of them
    pieces = [piece for text, column in zip(before, values, strict=True) for piece in (repeat(text), column)]
    return [*map(b"".join, zip(*pieces, repeat(end), strict=False))]


def _texts(column: Column) -> list[bytes]:
    """Write the values of a column as JSON, each that comes again once."""
    if column.kind is Kind.FLAG:
        return [b"true" if value else b"false" for value in column.values.tolist()]
    codes, known = pd.factorize(column.values, use_na_sentinel=True)
    words = [*_words(values_of(Column(column.kind, np.asarray(known)))), b"null"]
    return [words[code] for code in codes.tolist()]


def _words(values: Sequence[Any]) -> list[bytes]:
    """Write values one by one: all of them texts, or numbers and nothing else."""
    if not values:
        return []
    try:
        text = orjson.dumps(values if isinstance(values, list) else list(values))
    except TypeError:  # a number that no 64 bits hold
        return [_write(value).encode("utf-8") for value in values]
    if isinstance(values[0], str):
        # within a text a quotation mark has a stroke before it, so this stands between two of them only
        return [b'"%s"' % word for word in text[2:-2].split(b'","')]
    return text[1:-1].split(b",")

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


def geometry_texts(shapes: npt.NDArray[np.object_]) -> list[str]:
    """Write geometries as GeoJSON; what is missing or empty is ``null``."""
    made = np.full(len(shapes), "null", dtype=object)
    kinds = shapely.get_type_id(shapes)
    there = ~shapely.is_empty(shapes) & (kinds >= 0)
    for kind in np.unique(kinds[there]).tolist():
        rows = np.flatnonzero(there & (kinds == kind))
        some = shapes[rows]
        if kind in _PLAIN and not shapely.has_z(some).any():
            texts: Sequence[str] = _written(some, _PLAIN[kind])
        else:
            texts = shapely.to_geojson(some).tolist()
        made[rows] = texts
    return list(made)


def _written(shapes: npt.NDArray[np.object_], kind: str) -> list[str]:
    """Write geometries of one kind."""
    _, xy, offsets = shapely.to_ragged_array(shapes, include_z=False)
    text = orjson.dumps(np.ascontiguousarray(xy), option=orjson.OPT_SERIALIZE_NUMPY)
    # where each position begins, and one place beyond the last one
    begins = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("["))[1:]
    cuts = np.append(begins, len(text))
    whole = text.decode("ascii")

    def run(first: int, last: int) -> str:
        return whole[cuts[first] : cuts[last] - 1]

    front = f'{{"type":"{kind}","coordinates":'
    if kind == "Point":
        return [f"{front}{run(i, i + 1)}}}" for i in range(len(shapes))]
    # the innermost runs of positions, then runs of those, until there is one a shape
    inner = offsets[0].tolist()
    parts = [f"[{run(a, b)}]" for a, b in pairwise(inner)]
    for level in offsets[1:]:
        ends = level.tolist()
        parts = [f"[{','.join(parts[a:b])}]" for a, b in pairwise(ends)]
    if kind.startswith("Multi") and len(parts) != len(shapes):
        raise AssertionError(kind)
    return [f"{front}{part}}}" for part in parts]


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
    form = '{"type":"Feature","id":%s,"geometry":%s,"properties":{' + ",".join(f"{_key(n)}:%s" for n in names) + "}}"
    ids = map(_write, table.ids.tolist())
    return [(form % row).encode("utf-8") for row in zip(ids, geometry, *columns, strict=True)]


def _key(name: str) -> str:
    return _write(name).replace("%", "%%")


def _texts(column: Column) -> list[str]:
    """Write the values of a column as JSON, each that comes again once."""
    if column.kind is Kind.TEXT:
        codes, known = pd.factorize(column.values, use_na_sentinel=True)
        words = [*map(_write, known.tolist()), "null"]
        return [words[code] for code in codes.tolist()]
    if column.kind in (Kind.INTEGER, Kind.NUMBER):
        return ["null" if v is None else repr(v) for v in values_of(column)]
    return list(map(_write, values_of(column)))

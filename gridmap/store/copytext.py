"""Rows as PostgreSQL's COPY reads them in text format, made a column at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gridmap.store.blobs import Geometries
from gridmap.store.tables import SRID

_ROWS = 50_000
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
_HEX = np.array([f"{byte:02X}".encode() for byte in range(256)], dtype="S2")
# Extended WKB of a point, as PostGIS takes it: little-endian, type with the flag "has SRID", SRID, x, y.
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
_HAS_SRID = 0x20000000


def copy_text(columns: Mapping[str, Sequence[Any]], geometry: Geometries) -> Iterator[bytes]:
    """Write rows as lines of tab-separated fields, the geometry last; ``\\N`` where a value is missing.

    Parameters
    ----------
    columns : mapping of str to sequence
        Texts or numbers, of one length.
    geometry : array of geometry
        WGS 84, of the same length.
    """
    for start in range(0, len(geometry), _ROWS):
        part = slice(start, start + _ROWS)
        fields = [_field(values[part]) for values in columns.values()]
        lines = pc.binary_join_element_wise(
            *fields, _shapes(geometry[part]), "\t", null_handling="replace", null_replacement="\\N"
        )
        # an array of texts holds them end to end: with their line ends they are the text to send
        _, offsets, data = lines.buffers()
        ends = np.frombuffer(offsets, dtype=np.int32)[lines.offset :][: len(lines) + 1]
        yield data[int(ends[0]) : int(ends[-1])].to_pybytes()


def _field(values: Sequence[Any]) -> pa.Array:
    field = pa.array(values)
    if not pa.types.is_string(field.type):
        return field.cast(pa.string())
    if pc.any(pc.match_substring_regex(field, r"[\\\t\n\r]")).as_py():
        for plain, escaped in _ESCAPES:
            field = pc.replace_substring(field, plain, escaped)
    return field


def _shapes(geometry: Geometries) -> pa.Array:
    """Write geometries as hexadecimal EWKB, each with a line end."""
    if (shapely.get_type_id(geometry) != 0).any() or shapely.is_empty(geometry).any():
        flat = shapely.set_srid(shapely.force_2d(geometry), SRID)
        texts = shapely.to_wkb(flat, hex=True, include_srid=True)
        return pc.binary_join_element_wise(pa.array(texts.tolist()), pa.scalar("\n"), "")
    n = len(geometry)
    points = np.empty(n, dtype=_POINT)
    points["order"], points["type"], points["srid"] = 1, 1 | _HAS_SRID, SRID
    points["x"], points["y"] = shapely.get_x(geometry), shapely.get_y(geometry)
    width = 2 * _POINT.itemsize + 1
    text = np.full((n, width), ord("\n"), dtype=np.uint8)
    text[:, :-1] = _HEX[points.view(np.uint8).reshape(n, -1)].view(np.uint8).reshape(n, -1)
    offsets = np.arange(n + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets.tobytes()), pa.py_buffer(text.tobytes()))

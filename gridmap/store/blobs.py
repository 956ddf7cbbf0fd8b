"""GeoPackage geometry blobs to shapely geometries and back, many at a time.

Source: OGC 12-128r18 (GeoPackage 1.3.1), clause 2.1.3: ``GP``, version, flags, SRS id, optional envelope, ISO WKB.
"""

import struct
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.errors import StoreUnavailable
from gridmap.store.tables import SRID

Geometries = npt.NDArray[np.object_]

_ENVELOPE = (0, 32, 48, 48, 64)  # bytes by envelope code; 5 to 7 are not defined
_LITTLE, _XY, _EMPTY, _EXTENDED = 0x01, 0x02, 0x10, 0x20
# Length of the header by flag byte; -1 where the flags are not allowed.
_HEADER = tuple(
    -1 if (flags >> 1) & 7 > 4 or flags & _EXTENDED else 8 + _ENVELOPE[(flags >> 1) & 7] for flags in range(256)
)
_POINT = np.dtype([("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4"), ("order", "u1"),
                   ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])  # fmt: skip
_BOX = np.dtype([("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4"), ("x0", "<f8"), ("x1", "<f8"),
                 ("y0", "<f8"), ("y1", "<f8")])  # fmt: skip


def encode(geometry: Geometries, srid: int = SRID) -> list[bytes]:
    """Write geometries as blobs: points without envelope, all others with one. Heights are dropped."""
    geometry = np.asarray(geometry, dtype=object)
    if len(geometry) == 0:
        return []
    if (shapely.get_type_id(geometry) == 0).all() and not shapely.is_empty(geometry).any():
        points = np.empty(len(geometry), dtype=_POINT)
        points["magic"], points["version"], points["flags"], points["srs"] = b"GP", 0, _LITTLE, srid
        points["order"], points["type"] = 1, 1
        points["x"], points["y"] = shapely.get_x(geometry), shapely.get_y(geometry)
        return points.view(f"V{_POINT.itemsize}").tolist()
    geometry = shapely.force_2d(geometry)
    heads = np.zeros(len(geometry), dtype=_BOX)
    heads["magic"], heads["flags"], heads["srs"] = b"GP", _LITTLE | _XY, srid
    for name, side in zip(("x0", "y0", "x1", "y1"), shapely.bounds(geometry).T, strict=True):
        heads[name] = side
    bodies = shapely.to_wkb(geometry, flavor="iso", byte_order=1)
    empty = shapely.is_empty(geometry)
    if empty.any():  # an empty geometry has no envelope
        return [encode_one(g, srid) for g in geometry]
    return [h + b for h, b in zip(heads.view(f"V{_BOX.itemsize}").tolist(), bodies, strict=True)]


def encode_one(geometry: BaseGeometry, srid: int = SRID) -> bytes:
    """Write one geometry as a blob; an empty one is flagged and has no envelope."""
    if geometry.is_empty:
        head = struct.pack("<2sBBi", b"GP", 0, _LITTLE | _EMPTY, srid)
        return head + shapely.to_wkb(geometry, flavor="iso", byte_order=1, output_dimension=2)
    return encode(np.array([geometry], dtype=object), srid)[0]


def decode(blobs: Sequence[bytes]) -> Geometries:
    """Read blobs of any writer: either byte order, any envelope; heights are dropped.

    Raises
    ------
    StoreUnavailable
        ``store_damaged``: a value that is not a blob of this format, or holds a geometry collection.
    """
    try:
        lengths = [_HEADER[b[3]] if b[:2] == b"GP" else -1 for b in blobs]
        if -1 in lengths:
            raise StoreUnavailable("store_damaged")
        bodies = [b[n:] for b, n in zip(blobs, lengths, strict=True)]
        for body in bodies:
            # Nested collections overflow the stack of the WKB reader; only simple kinds (1 to 6) are ever stored.
            kind = int.from_bytes(body[1:5], "little" if body[0] else "big") & 0x1FFFFFFF
            if not 1 <= kind % 1000 <= 6:
                raise StoreUnavailable("store_damaged")
        found = shapely.from_wkb(np.array(bodies, dtype=object))
        # what gridmap wrote has no heights, and to look costs a thirtieth of making everything anew
        return shapely.force_2d(found) if (shapely.has_z(found) | shapely.has_m(found)).any() else found
    except (IndexError, TypeError, shapely.errors.ShapelyError):
        raise StoreUnavailable("store_damaged") from None


@lru_cache(maxsize=4096)
def decode_one(blob: bytes) -> BaseGeometry:
    """Read one blob."""
    geometry: BaseGeometry = decode([blob])[0]
    return geometry


def srid_of(blob: bytes) -> int:
    """Give the SRS id of a blob."""
    return int(struct.unpack_from("<i" if blob[3] & _LITTLE else ">i", blob, 4)[0])


def box_of(blob: bytes) -> tuple[float, float, float, float]:
    """Give ``(min_x, min_y, max_x, max_y)`` of a blob, from its envelope where it has one; NaN where it is empty."""
    if blob[:2] == b"GP" and 0 < (blob[3] >> 1) & 7 <= 4:
        x0, x1, y0, y1 = struct.unpack_from("<4d" if blob[3] & _LITTLE else ">4d", blob, 8)
        return x0, y0, x1, y1
    x0, y0, x1, y1 = shapely.bounds(decode_one(blob)).tolist()
    return x0, y0, x1, y1

"""Layers of vector tiles (Mapbox Vector Tile 2.1)."""

import numpy as np
import numpy.typing as npt

from gridmap.tiles.columns import Columns, varint
from gridmap.tiles.kernels import write_features

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"

#: Units along a tile.
EXTENT = 4096
#: Units beyond a tile that belong to it, so that the line at its edge is not seen: eight pixels of 512.
BUFFER = 64

Whole = npt.NDArray[np.int64]


def write_layer(
    name: str, kind: int, columns: Columns, rows: Whole, x: Whole, y: Whole, starts: Whole, features: Whole
) -> bytes:
    """Write one layer; b"" where nothing is in it.

    Parameters
    ----------
    name : str
    kind : int
        ``kernels.POINT`` or ``POLYGON``.
    columns : Columns
    rows : array of int
        Row of each feature in ``columns``.
    x, y, starts, features : array of int
        Vertices in units of the tile, where each ring begins in them, and each feature in the rings, one more at the
        end.
    """
    held = features[1:] > features[:-1]
    if not held.any():
        return b""
    tags = columns.tags[rows]
    used, numbers = np.unique(tags, return_inverse=True)
    # only the values that are said here, in the order of their numbers; -1 stays what it is
    missing = int(len(used) > 0 and used[0] == -1)
    here = (numbers.reshape(tags.shape) - missing).astype(np.int32)
    body = write_features(kind, columns.ids[rows], here, x, y, starts, features)
    title = name.encode()
    parts = [b"\x0a", varint(len(title)), title, body.tobytes()]
    for key in columns.keys:
        text = key.encode()
        parts += (b"\x1a", varint(len(text)), text)
    for number in used[missing:].tolist():
        parts += (b"\x22", columns.values[number])
    parts += (b"\x28", varint(EXTENT), b"\x78\x02")
    layer = b"".join(parts)
    return b"\x1a" + varint(len(layer)) + layer

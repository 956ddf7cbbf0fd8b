"""Archives of tiles (PMTiles, version 3): their head, and whether what it promises is there.

Whoever made an archive, a browser will read it in parts and believe each; so what leads out of the file, unpacks to
more than it should, or is no vector tile is told here and not there.

Source: PMTiles specification, version 3 (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gridmap.errors import FileError

MAGIC = b"PMTiles\x03"
HEADER = 127
_VECTOR = 1
_GZIP = 2
#: Packings that browsers undo without more code than ours: none, gzip.
_PACKINGS = (1, _GZIP)
_LAST = 26
#: A root directory lies in the first bytes of a file.
_ROOT_WITHIN = 16_384
#: Bytes that a directory, and a tile, may unpack to; and leaves, of which a whole country has some thousands.
_MOST_UNPACKED, _MOST_TILE, _MOST_LEAVES = 16_000_000, 50_000_000, 65_536


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of an archive says, as far as it is asked here; offsets and lengths in bytes.

    Attributes
    ----------
    root, leaves, tiles : tuple of int
        Offset and length of each part.
    packed_inside, packed : int
        How directories, and how tiles are packed.
    first, last : int
        Matrices.
    box : tuple of float
        West, south, east, north in degrees.
    raw : bytes
        The head itself.
    """

    root: tuple[int, int]
    leaves: tuple[int, int]
    tiles: tuple[int, int]
    packed_inside: int
    packed: int
    first: int
    last: int
    box: tuple[float, float, float, float]
    raw: bytes


def read_head(path: Path) -> Head:
    """Read the head of an archive of vector tiles, and see that all parts lie within the file.

    Raises
    ------
    FileError
        ``file_missing``; ``basemap_not_pmtiles`` (also: it holds pictures, which our pages do not draw);
        ``basemap_packing``; ``basemap_truncated``; ``basemap_damaged``.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(HEADER)
            size = file.seek(0, 2)
    except OSError:
        raise FileError("file_missing") from None
    if len(raw) < HEADER or raw[:8] != MAGIC or raw[99] != _VECTOR:
        raise FileError("basemap_not_pmtiles")
    if raw[97] not in _PACKINGS or raw[98] not in _PACKINGS:
        raise FileError("basemap_packing")
    root, meta, leaves, tiles = (struct.unpack_from("<2Q", raw, at) for at in (8, 24, 40, 56))
    if any(offset + length > size for offset, length in (root, meta, leaves, tiles)):
        raise FileError("basemap_truncated")
    west, south, east, north = (value / 1e7 for value in struct.unpack_from("<4i", raw, 102))
    placed = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if not placed or not raw[100] <= raw[101] <= _LAST or root[0] < HEADER or sum(root) > _ROOT_WITHIN:
        raise FileError("basemap_damaged")
    return Head(root, leaves, tiles, raw[97], raw[98], raw[100], raw[101], (west, south, east, north), raw)


def check_archive(path: Path) -> None:
    """Follow the directories of an archive to its tiles: every entry leads into the file, and the first tile is one.

    Raises
    ------
    FileError
        As ``read_head``; ``basemap_damaged``, ``basemap_empty_archive``.
    """
    head = read_head(path)
    seen = leaves = 0
    with path.open("rb") as file:
        pending = [head.root]
        while pending:
            offset, length = pending.pop()
            for run, start, size in _entries(_unpacked(file, offset, length, head.packed_inside, _MOST_UNPACKED)):
                part = head.tiles if run else head.leaves
                if start + size > part[1]:
                    raise FileError("basemap_damaged")
                if not run:
                    leaves += 1
                    # a leaf may lead to further ones, and a ring of them would have no end
                    if leaves > _MOST_LEAVES:
                        raise FileError("basemap_damaged")
                    pending.append((head.leaves[0] + start, size))
                elif not seen:
                    seen = 1
                    _check_tile(_unpacked(file, head.tiles[0] + start, size, head.packed, _MOST_TILE))
    if not seen:
        raise FileError("basemap_empty_archive")


def _check_tile(body: bytes) -> None:
    """A vector tile is nothing or begins with a layer: field 3, with its length."""
    if body and body[0] != 0x1A:
        raise FileError("basemap_not_pmtiles")


def _unpacked(file: BinaryIO, offset: int, length: int, packed: int, most: int) -> bytes:
    if length > most:
        raise FileError("basemap_damaged")
    file.seek(offset)
    body = file.read(length)
    if packed != _GZIP:
        return body
    worker = zlib.decompressobj(wbits=31)
    try:
        out = worker.decompress(body, most)
    except zlib.error:
        raise FileError("basemap_damaged") from None
    if not worker.eof:  # cut off, or more than there should be
        raise FileError("basemap_damaged")
    return out


def _entries(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Give run length (0: a leaf), offset and length of the entries of a directory (section 4)."""
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(body) or shift > 63:
                raise FileError("basemap_damaged")
            byte = body[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    count = number()
    if count > len(body):  # each entry takes four bytes and more
        raise FileError("basemap_damaged")
    for _ in range(count):
        number()  # the difference of the identifiers: a browser looks by them, and finds one or none
    runs = [number() for _ in range(count)]
    sizes = [number() for _ in range(count)]
    start = 0
    for run, size in zip(runs, sizes, strict=True):
        said = number()
        # nothing said: right behind the one before
        start = start if said == 0 else said - 1
        yield run, start, size
        start += size

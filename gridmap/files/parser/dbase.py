"""Which encoding a dBase table has: stated by ``.cpg`` or the header, else judged from its texts, else asked for."""

import struct
from pathlib import Path

from gridmap.errors import EncodingAmbiguous, FileError, TextError
from gridmap.files.text import codec_of, judge, public_name

_HEADER = struct.Struct("<4xIHH")
# Language driver ids that say something certain. 0x57 (ANSI) is what programs write when they do not know.
_DRIVERS = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}


def encoding_of(shp: Path, given: str | None) -> str:
    """Give the codec of the texts of a shapefile.

    Raises
    ------
    EncodingAmbiguous
        ``encoding_ambiguous``.
    TextError
        ``encoding_wrong``: stated, but the bytes are not of it; ``encoding_unknown``; ``not_text``.
    FileError
        ``corrupt``.
    """
    cells, driver = _texts(shp.with_suffix(".dbf"))
    cpg = shp.with_suffix(".cpg")
    stated = given
    if stated is None and cpg.exists():
        stated = cpg.read_bytes()[:64].decode("ascii", "replace").strip().strip("\0")
    if stated:
        codec = codec_of(stated)
    elif driver in _DRIVERS:
        codec = _DRIVERS[driver]
    else:
        return judge(cells, truncated=True)
    try:
        judge_as(cells, codec)
    except UnicodeDecodeError:
        if given is not None:
            raise TextError("encoding_wrong", encoding=public_name(codec)) from None
        # The file contradicts itself: its bytes decide, or a person does.
        try:
            found = judge(cells, truncated=True)
        except EncodingAmbiguous:
            raise
        return found
    return codec


def judge_as(cells: list[bytes], codec: str) -> None:
    """Decode every cell; a character cut at the end of its cell passes."""
    import codecs

    make = codecs.getincrementaldecoder(codec)
    for cell in cells:
        make("strict").decode(cell, final=False)


def _texts(path: Path) -> tuple[list[bytes], int]:
    data = path.read_bytes()
    if len(data) < 33:
        raise FileError("corrupt")
    records, start, width = _HEADER.unpack_from(data)
    if start < 33 or width < 1:
        raise FileError("corrupt")
    cells: list[bytes] = []
    fields = []
    offset, place = 32, 1
    while offset + 32 <= min(start, len(data)) and data[offset] != 0x0D:
        kind, length = data[offset + 11 : offset + 12], data[offset + 16]
        cells.append(data[offset : offset + 11].split(b"\0")[0])
        if kind == b"C":
            fields.append((place, length))
        place += length
        offset += 32
    have = (len(data) - start) // width
    for record in range(min(records, have)):
        row = start + record * width
        for place, length in fields:
            cell = data[row + place : row + place + length].rstrip(b" \0")
            if not cell.isascii():
                cells.append(cell)
    return [c for c in cells if not c.isascii()], data[29]

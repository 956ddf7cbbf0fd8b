"""Zip archives, unpacked by our own counting loop: no header is believed, no name reaches the disk."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gridmap.errors import FileError, TooLarge
from gridmap.files.text import cleaned, is_bad

_CHUNK = 1 << 16
# Below this an archive may be as dense as it likes: dBase pads its columns with blanks.
_RATIO_FROM = 16_000_000
_ARCHIVES = (".zip", ".kmz", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".jar", ".shz")
_MAGICS = (b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_LOCAL = struct.Struct("<4s22xHH")
_MEMBERS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_REQUIRED = (".shp", ".shx", ".dbf")


def unpack_shapefile(path: Path, folder: Path, limits: dict[str, Any], layer: str | None) -> tuple[Path, str]:
    """Unpack the one shapefile of an archive under names of ours.

    Parameters
    ----------
    path : Path
        The archive.
    folder : Path
        Where to write ``layer.shp`` and its siblings.
    limits : dict
        ``archive_entries``, ``unpacked_bytes``, ``unpack_ratio``.
    layer : str or None
        Name of the shapefile without extension, where there are several.

    Returns
    -------
    tuple
        Path of the ``.shp`` and the layer's own name.

    Raises
    ------
    FileError
        ``corrupt``, ``encrypted``, ``bad_entry_name``, ``archive_not_allowed``, ``missing_member``,
        ``ambiguous_layers``, ``layer_unknown``.
    TooLarge
        ``too_many_entries``, ``unpacked_too_large``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, UnicodeError):
        raise FileError("corrupt") from None
    if len(entries) > limits["archive_entries"]:
        raise TooLarge("too_many_entries", limit=limits["archive_entries"])
    _check_entries(entries, path.stat().st_size)
    chosen = _choose([e for e in entries if not e.is_dir()], layer)
    wanted = {entry: folder / f"layer{suffix}" for suffix, entry in chosen[1].items()}
    most = int(limits["unpacked_bytes"])
    packed = max(1, path.stat().st_size)
    total = 0
    with path.open("rb") as file:
        for entry in entries:
            target = wanted.get(entry)
            sink = target.open("wb") if target else None
            try:
                first = True
                for piece in _pieces(file, entry):
                    if first and piece.startswith(_MAGICS):
                        raise FileError("archive_not_allowed")
                    first = False
                    total += len(piece)
                    if total > most or (total > _RATIO_FROM and total > limits["unpack_ratio"] * packed):
                        raise TooLarge("unpacked_too_large", limit=most)
                    if sink:
                        sink.write(piece)
            finally:
                if sink:
                    sink.close()
    return folder / "layer.shp", chosen[0]


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    seen: set[str] = set()
    for entry in entries:
        # zipfile cuts a name at NUL; the original shows it.
        name = entry.orig_filename
        parts = name.split("/")
        if (
            not name
            or is_bad(name)
            or "\\" in name
            or name.startswith("/")
            or re.match(r"[A-Za-z]:", name)
            or ".." in parts
            or len(name.encode("utf-8", "replace")) > 255
            or any(_RESERVED.fullmatch(p) for p in parts)
            or name.casefold() in seen
            or (entry.external_attr >> 16) & 0o170000 == 0o120000  # symbolic link
        ):
            raise FileError("bad_entry_name")
        seen.add(name.casefold())
        if entry.flag_bits & 0x1 or entry.flag_bits & 0x40:
            raise FileError("encrypted")
        if name.lower().endswith(_ARCHIVES):
            raise FileError("archive_not_allowed")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError("archive_not_allowed")
    ends = [e.header_offset for e in sorted(entries, key=lambda e: e.header_offset)[1:]] + [size]
    for entry, end in zip(sorted(entries, key=lambda e: e.header_offset), ends, strict=True):
        if entry.header_offset + 30 + entry.compress_size > end:
            raise FileError("archive_not_allowed")  # entries share bytes: an overlapping bomb


def _choose(entries: list[zipfile.ZipInfo], layer: str | None) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    sets: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in entries:
        stem, dot, suffix = entry.filename.rpartition(".")
        if f".{suffix.lower()}" in _MEMBERS and dot and not entry.filename.startswith("__MACOSX/"):
            sets.setdefault(stem.casefold(), {})[f".{suffix.lower()}"] = entry
    layers = {key: members for key, members in sets.items() if ".shp" in members}
    if not layers:
        raise FileError("missing_member", member=".shp")
    names = {members[".shp"].filename[:-4].rpartition("/")[2]: key for key, members in layers.items()}
    listed = ", ".join(cleaned(n)[:80] for n in sorted(names)[:20])
    if layer is None and len(layers) > 1:
        raise FileError("ambiguous_layers", layers=listed)
    if layer is not None and layer not in names:
        raise FileError("layer_unknown", layers=listed)
    name = layer if layer is not None else next(iter(names))
    members = layers[names[name]]
    for suffix in _REQUIRED:
        if suffix not in members:
            raise FileError("missing_member", member=suffix)
    return name, members


def _pieces(file: BinaryIO, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Give the unpacked bytes of an entry, as many as there really are; check length and CRC at the end."""
    file.seek(entry.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise FileError("corrupt")
    _, name, extra = _LOCAL.unpack(head)
    file.seek(name + extra, 1)
    left, size, crc = entry.compress_size, 0, 0
    inflate = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0:
        data = file.read(min(_CHUNK, left))
        if not data:
            raise FileError("corrupt")
        left -= len(data)
        while data:
            try:
                piece = inflate.decompress(data, _CHUNK) if inflate else data
            except zlib.error:
                raise FileError("corrupt") from None
            data = inflate.unconsumed_tail if inflate else b""
            size += len(piece)
            crc = zlib.crc32(piece, crc)
            if piece:
                yield piece
    if inflate:
        piece = inflate.flush()
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        if piece:
            yield piece
    if size != entry.file_size or crc != entry.CRC:
        raise FileError("corrupt")

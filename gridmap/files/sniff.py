"""Tell a file's format by its first bytes, and compare with what its name claims."""

from enum import StrEnum
from pathlib import Path

from gridmap.errors import FileError


class Format(StrEnum):
    """A format that gridmap reads."""

    GEOJSON = "geojson"
    GEOPACKAGE = "geopackage"
    SHAPEFILE = "shapefile"
    FLATGEOBUF = "flatgeobuf"
    PARQUET = "parquet"
    KML = "kml"
    GPX = "gpx"
    CSV = "csv"


SUFFIXES: dict[str, Format] = {
    ".geojson": Format.GEOJSON,
    ".json": Format.GEOJSON,
    ".gpkg": Format.GEOPACKAGE,
    ".zip": Format.SHAPEFILE,
    ".fgb": Format.FLATGEOBUF,
    ".parquet": Format.PARQUET,
    ".geoparquet": Format.PARQUET,
    ".kml": Format.KML,
    ".gpx": Format.GPX,
    ".csv": Format.CSV,
    ".tsv": Format.CSV,
    ".txt": Format.CSV,
}

_HEAD = 4096


def content_of(head: bytes) -> Format | None:
    """Tell the format from the first bytes; None: none of ours. Text that is neither JSON nor XML counts as CSV."""
    if head.startswith(b"SQLite format 3\0"):
        return Format.GEOPACKAGE
    if head.startswith(b"fgb"):
        return Format.FLATGEOBUF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Format.SHAPEFILE
    if head.startswith((b"PAR1", b"PARE")):
        return Format.PARQUET
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "ignore").encode()
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        return Format.GEOJSON
    if text.startswith(b"<"):
        if b"<gpx" in text or b":gpx" in text:
            return Format.GPX
        return Format.KML if b"<kml" in text or b":kml" in text else None
    return None if b"\0" in text else Format.CSV


def format_of(path: Path, name: str | None = None) -> Format:
    """Give the format of a file whose content agrees with its name.

    Parameters
    ----------
    path : Path
        The file.
    name : str, optional
        The name it was given by its sender, where that is not the name on disk.

    Raises
    ------
    FileError
        ``file_missing``; ``format_unknown``: an extension we do not read; ``file_empty``; ``content_mismatch``: the
        content is not what the extension says.
    """
    claimed = SUFFIXES.get(Path(name or path.name).suffix.lower())
    if claimed is None:
        raise FileError("format_unknown", known=", ".join(sorted(SUFFIXES)))
    try:
        if not path.is_file():
            raise FileError("file_missing")
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        raise FileError("file_missing") from None
    if not head.strip():
        raise FileError("file_empty")
    found = content_of(head)
    # XML that starts with a long comment or a document type is judged by the parser itself.
    if (
        claimed in (Format.KML, Format.GPX)
        and found is None
        and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")
    ):
        return claimed
    if found is not claimed:
        raise FileError("content_mismatch", claimed=claimed.value, found=found.value if found else "?")
    return claimed

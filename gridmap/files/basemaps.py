"""Base maps: roads, water, green and buildings as one PMTiles archive, written by GDAL, read by the browser in parts.

A base map is context for the eye, for everybody who may see a map: no answer comes from it, and it is not cut down to
anybody's area.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyogrio

from gridmap.crs import WGS84
from gridmap.errors import FileError, InvalidInput, NotFound
from gridmap.files.pmtiles import check_archive, read_head
from gridmap.files.write import replacing

SUFFIX = ".pmtiles"
#: The layer in archives of ours; its features say ``kind`` and ``name``.
LAYER = "context"
#: Matrices that are written: a unit of the last one is 1.2 m, and browsers draw on from it.
FIRST, LAST = 8, 13


@dataclass(frozen=True, slots=True)
class Archive:
    """A base map.

    Attributes
    ----------
    name : str
    path : Path
    size : int
        Bytes.
    first, last : int
        Matrices in it.
    box : tuple of float
        West, south, east, north in degrees.
    version : str
        Stands for this content.
    """

    name: str
    path: Path
    size: int
    first: int
    last: int
    box: tuple[float, float, float, float]
    version: str


def read_archive(path: Path) -> Archive:
    """Read the head of an archive.

    Raises
    ------
    FileError
        As ``pmtiles.read_head``.
    """
    head = read_head(path)
    seen = path.stat()
    version = hashlib.blake2b(head.raw + f"{seen.st_size}/{seen.st_mtime_ns}".encode(), digest_size=8).hexdigest()
    return Archive(path.stem, path, seen.st_size, head.first, head.last, head.box, version)


def list_archives(folder: Path | None) -> list[Archive]:
    """Give the base maps of a folder by name; what is none is passed over."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder is not None and folder.is_dir() else ():
        try:
            found.append(read_archive(path))
        except FileError:
            continue
    return found


def find_archive(folder: Path | None, name: str) -> Archive:
    """Find a base map by its name.

    Raises
    ------
    NotFound
        ``basemap_unknown``.
    """
    for archive in list_archives(folder):
        if archive.name == name:
            return archive
    raise NotFound("basemap_unknown")


def archive_path(folder: Path | None, name: str) -> Path:
    """Give where a base map of a name lies, or would.

    Raises
    ------
    InvalidInput
        ``basemap_no_folder``, ``basemap_bad_name``.
    """
    if folder is None:
        raise InvalidInput("basemap_no_folder")
    if not name or not all(c.isalnum() or c in "-_" for c in name) or len(name) > 60:
        raise InvalidInput("basemap_bad_name")
    return folder / f"{name}{SUFFIX}"


def write_archive(context: gpd.GeoDataFrame, path: Path) -> Archive:
    """Write context (``kind``, ``name``, any geometry; WGS 84) as an archive; it appears complete or not at all.

    Raises
    ------
    FileError
        ``output_not_written``, ``disk_full``.
    InvalidInput
        ``basemap_empty``.
    """
    held = context[~(context.geometry.isna() | context.geometry.is_empty)][["kind", "name", "geometry"]]
    if held.empty:
        raise InvalidInput("basemap_empty")
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"MINZOOM": FIRST, "MAXZOOM": LAST, "NAME": path.stem, "TYPE": "baselayer"}
    with replacing(path) as temporary:
        pyogrio.write_dataframe(
            held.to_crs(WGS84),
            temporary,
            driver="PMTiles",
            layer=LAYER,
            geometry_type="Unknown",
            dataset_options=options,
        )
    return read_archive(path)


def copy_archive(source: Path, path: Path) -> Archive:
    """Take an archive that somebody else wrote, whole or not at all.

    Raises
    ------
    FileError
        As ``pmtiles.check_archive``, and ``output_not_written``, ``disk_full``.
    """
    check_archive(source)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, source.open("rb") as file, temporary.open("wb") as out:
        while part := file.read(1 << 20):
            out.write(part)
    return read_archive(path)

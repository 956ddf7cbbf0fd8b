"""A plan as a file to be taken away: GeoJSON, GeoPackage, zipped Shapefile, or CSV with the shapes as WKT."""

import json
import re
import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from gridmap.files.write import open_writer, replacing, write_boundaries

Format = Literal["geojson", "gpkg", "shp", "csv"]

#: What a file of each form is called at its end, and its media type.
FORMS: dict[Format, tuple[str, str]] = {
    "geojson": (".geojson", "application/geo+json"),
    "gpkg": (".gpkg", "application/geopackage+sqlite3"),
    "shp": (".zip", "application/zip"),
    "csv": (".csv", "text/csv; charset=utf-8"),
}
_COLUMNS = ("code", "name", "kind", "parent_code", "households", "attributes")
#: Names of Shapefile fields end after ten characters.
_FIELDS = {"parent_code": "parent"}


def safe_name(*parts: str) -> str:
    """Make a file name, without its ending, of ASCII letters, digits, dots, hyphens and underscores alone.

    Examples
    --------
    >>> safe_name("urban", "4", "grid")
    'urban-4-grid'
    >>> safe_name("../市 a")
    'a'
    """
    kept = (re.sub(r"[^A-Za-z0-9_.-]+", "_", part).strip("._-")[:60] for part in parts)
    return "-".join(part for part in kept if part) or "plan"


def write_plan(frame: gpd.GeoDataFrame, folder: Path, stem: str, form: Format, *, one_level: bool) -> Path:
    """Write areas; nothing is rounded.

    Parameters
    ----------
    frame : GeoDataFrame
        frames.GRIDS with ``level``. CRS: WGS 84.
    folder, stem : Path, str
        Where the file comes to lie, and its name without the ending; see ``safe_name``.
    one_level : bool
        All are of one level: GeoJSON then says nothing of it and can be put into a draft again.

    Raises
    ------
    FileError
        ``output_not_written``, ``disk_full``.
    """
    path = folder / (stem + FORMS[form][0])
    if form == "gpkg":
        write_boundaries(frame, path)
    elif form == "geojson":
        _geojson(frame, path, one_level)
    elif form == "csv":
        _csv(frame, path)
    else:
        _shapefile(frame, path, stem)
    return path


def _values(frame: gpd.GeoDataFrame, name: str) -> list[Any]:
    if name not in frame.columns:
        return [None] * len(frame)
    return [None if _missing(v) else int(v) if name == "households" else v for v in frame[name].tolist()]


def _missing(value: Any) -> bool:
    return value is None or (not isinstance(value, dict) and bool(pd.isna(value)))


def _geojson(frame: gpd.GeoDataFrame, path: Path, one_level: bool) -> None:
    names = _COLUMNS if one_level else (*_COLUMNS, "level")
    columns = [_values(frame, name) for name in names]
    shapes = shapely.to_geojson(np.asarray(frame.geometry.array, dtype=object))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{"type":"FeatureCollection","features":[\n')
        for n, (shape, *row) in enumerate(zip(shapes, *columns, strict=True)):
            said = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, separators=(",", ":"))
            front = ",\n" if n else ""
            file.write(f'{front}{{"type":"Feature","properties":{said},"geometry":{shape}}}')
        file.write("\n]}\n")


def _csv(frame: gpd.GeoDataFrame, path: Path) -> None:
    names = ("code", "name", "level", "kind", "parent_code", "households", "attributes")
    columns = {name: _values(frame, name) for name in names}
    columns["attributes"] = [json.dumps(v, ensure_ascii=False) if v else None for v in columns["attributes"]]
    wkt = shapely.to_wkt(np.asarray(frame.geometry.array, dtype=object), rounding_precision=-1)
    table = pa.table(
        {
            **{n: pa.array(v, pa.int64() if n == "households" else pa.string()) for n, v in columns.items()},
            "wkt": pa.array(list(wkt), pa.string()),
        }
    )
    with open_writer(path, table.schema) as writer:
        writer.write(table)


def _shapefile(frame: gpd.GeoDataFrame, path: Path, stem: str) -> None:
    names = ("code", "name", "level", "kind", "parent_code", "households")
    columns = {_FIELDS.get(n, n): _values(frame, n) for n in names}
    columns["households"] = pd.array(columns["households"], dtype="Int64")  # type: ignore[assignment]
    texts = {n: pd.Series(v, dtype=object if n != "households" else "Int64") for n, v in columns.items()}
    flat = gpd.GeoDataFrame(texts, geometry=np.asarray(frame.geometry.array, dtype=object), crs=frame.crs)
    with TemporaryDirectory(dir=path.parent) as folder, replacing(path) as temporary:
        flat.to_file(Path(folder) / f"{stem}.shp", driver="ESRI Shapefile", engine="pyogrio", encoding="UTF-8")
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
            for part in sorted(Path(folder).iterdir()):
                # no time of day: the same plan is the same file
                info = zipfile.ZipInfo(part.name)
                info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, part.stat().st_size
                with part.open("rb") as source, packed.open(info, "w") as entry:
                    shutil.copyfileobj(source, entry)

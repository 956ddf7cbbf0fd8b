"""GeoPackage by the standard library's sqlite3: only real tables, read-only, immutable, and nothing of its schema runs.

GDAL would follow views that never end; here the file is checked first, and one SELECT on one plain table is all that is
ever executed.
"""

import re
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmap.errors import FileError, TextError
from gridmap.files.parser.rows import Rows
from gridmap.files.parser.wkb import Shape
from gridmap.files.text import cleaned

if TYPE_CHECKING:
    import pyarrow as pa

_APPLICATION_IDS = (0x47504B47, 0x47503130, 0x47503131)  # GPKG, GP10, GP11
_MAX_TABLES = 1_000
_MAX_VALUE = 100_000_000
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
_RTREE = re.compile(r"CREATE\s+VIRTUAL\s+TABLE\s.*\sUSING\s+rtree\s*\(", re.IGNORECASE | re.DOTALL)
_HEADER = struct.Struct("<2sBB")


def read(path: Path, request: dict[str, Any]) -> "tuple[pa.Table, dict[str, Any]]":
    """Read one feature table of a GeoPackage.

    Returns
    -------
    tuple
        Table of ``rows.Rows.table``, and facts: ``crs``, ``encoding``, ``layer``.

    Raises
    ------
    FileError
        ``gpkg_unsafe`` with ``reason``, ``corrupt``, ``no_layer``, ``layer_unknown``, ``ambiguous_layers``.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
            return _read(db, request)
    except sqlite3.OperationalError as error:
        # sqlite3 has no class of its own for text that is not UTF-8.
        if "decode" in str(error).lower():
            raise TextError("file_not_utf8") from None
        raise FileError("corrupt") from None
    except sqlite3.DataError:
        raise FileError("gpkg_unsafe", reason="value size") from None
    except (sqlite3.Error, OverflowError):
        raise FileError("corrupt") from None


def _read(db: sqlite3.Connection, request: dict[str, Any]) -> "tuple[pa.Table, dict[str, Any]]":
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
    db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
        db.execute(f"PRAGMA {pragma}")
    _inspect(db)
    layer, column, crs = _choose(db, request.get("layer"))
    names = []
    for _, name, kind, _, _, _, hidden in db.execute(f"PRAGMA table_xinfo({_quoted(layer)})"):
        if hidden:
            raise FileError("gpkg_unsafe", reason="generated column")
        if name != column and "BLOB" not in kind.upper():
            names.append(name)
    listed = ", ".join(map(_quoted, [column, *names]))
    rows = Rows(request["limits"])
    for blob, *values in db.execute(f"SELECT {listed} FROM {_quoted(layer)} ORDER BY rowid"):  # noqa: S608 - quoted
        plain = (None if isinstance(v, bytes) else v for v in values)
        rows.add(_shape(blob), dict(zip(names, plain, strict=True)))
    return rows.table(), {"crs": crs, "encoding": "utf-8", "layer": layer}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _inspect(db: sqlite3.Connection) -> None:
    if db.execute("PRAGMA application_id").fetchone()[0] not in _APPLICATION_IDS:
        raise FileError("gpkg_unsafe", reason="application_id")
    objects = db.execute("SELECT type, name, sql FROM sqlite_master LIMIT ?", (4 * _MAX_TABLES + 1,)).fetchall()
    if sum(kind == "table" for kind, _, _ in objects) > _MAX_TABLES or len(objects) > 4 * _MAX_TABLES:
        raise FileError("gpkg_unsafe", reason="too many tables")
    for kind, _, sql in objects:
        if kind == "table" and sql and re.match(r"\s*CREATE\s+VIRTUAL", sql, re.IGNORECASE) and not _RTREE.match(sql):
            raise FileError("gpkg_unsafe", reason="virtual table")
    if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise FileError("gpkg_unsafe", reason="quick_check")


def _choose(db: sqlite3.Connection, wanted: str | None) -> tuple[str, str, str | None]:
    tables = {n: k for k, n in db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view')")}
    needed = ("gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys")
    if any(tables.get(t) != "table" for t in needed):
        raise FileError("gpkg_unsafe", reason="metadata")
    found = db.execute(
        "SELECT c.table_name, g.column_name, g.srs_id FROM gpkg_contents c "
        "JOIN gpkg_geometry_columns g ON g.table_name = c.table_name WHERE c.data_type = 'features' "
        "ORDER BY c.table_name LIMIT 1000"
    ).fetchall()
    layers = {name: (column, srs) for name, column, srs in found}
    if not layers:
        raise FileError("no_layer")
    if wanted is None and len(layers) > 1:
        raise FileError("ambiguous_layers", layers=", ".join(cleaned(str(n))[:80] for n in list(layers)[:20]))
    layer = wanted if wanted is not None else next(iter(layers))
    if layer not in layers:
        raise FileError("layer_unknown", layers=", ".join(cleaned(str(n))[:80] for n in list(layers)[:20]))
    # Names compare without case in SQLite; a layer that is not a plain table is a view or nothing.
    if tables.get(layer) != "table" or layer.lower().startswith("sqlite_"):
        raise FileError("gpkg_unsafe", reason="view as layer")
    column, srs = layers[layer]
    return layer, column, _crs(db, srs)


def _crs(db: sqlite3.Connection, srs: int) -> str | None:
    if srs in (-1, 0):  # undefined cartesian, undefined geographic
        return None
    row = db.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?", (srs,)
    ).fetchone()
    if row is None:
        return None
    organization, number, definition = row
    if str(organization).upper() == "EPSG":
        return f"EPSG:{int(number)}"
    return str(definition)


def _shape(blob: Any) -> Shape:
    if blob is None:
        return Shape(fault="empty_geometry")
    if not isinstance(blob, bytes) or len(blob) < 8:
        return Shape(fault="bad_geometry")
    magic, _, flags = _HEADER.unpack_from(blob)
    envelope = _ENVELOPES.get(flags >> 1 & 7)
    if magic != b"GP" or envelope is None or flags & 0x20:
        return Shape(fault="bad_geometry" if magic != b"GP" or envelope is None else "type_not_allowed")
    return Shape(wkb=blob[8 + envelope :])

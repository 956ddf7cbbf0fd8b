"""GeoJSON by Python's own JSON parser: GDAL would follow ``crs`` links and open six other dialects.

Geometries are packed to WKB as soon as their object closes, so that a file never stands in memory as lists.
"""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridmap.errors import CrsError, FileError
from gridmap.files.parser.rows import Rows
from gridmap.files.parser.wkb import Shape, to_shape
from gridmap.files.text import decode

if TYPE_CHECKING:
    import pyarrow as pa

_GEOMETRIES = {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"}
_CRS84 = {"urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "OGC:CRS84"}
_EPSG = re.compile(r"(?:urn:ogc:def:crs:EPSG:[0-9.]*:|EPSG:)([0-9]{4,6})")
# Levels of nesting that a reasonable file stays far below; the C scanner counts them against the recursion limit.
_DEPTH = 200


class _NotJson(ValueError):
    pass


def read(path: Path, request: dict[str, Any]) -> "tuple[pa.Table, dict[str, Any]]":
    """Read a GeoJSON file.

    Returns
    -------
    tuple
        Table of ``rows.Rows.table``, and facts: ``crs`` (None: not stated, so WGS 84 by the standard), ``encoding``.

    Raises
    ------
    FileError
        ``file_not_json``, ``not_geojson``, ``file_too_deep``, ``file_duplicate_key``, ``lone_surrogate``.
    CrsError
        ``crs_link``, ``crs_unsupported``.
    """
    text, encoding = decode(path.read_bytes(), request.get("encoding"))
    document = _parse(text)
    del text
    rows = Rows(request["limits"])
    if isinstance(document, Shape):
        rows.add(document, {})
        return rows.table(), {"encoding": encoding, "crs": None, "layer": None}
    if not isinstance(document, dict):
        raise FileError("not_geojson")
    kind = document.get("type")
    features = [document] if kind == "Feature" else document.get("features")
    if kind not in ("Feature", "FeatureCollection") or not isinstance(features, list):
        raise FileError("not_geojson")
    crs = _crs(document.get("crs"))
    for number, feature in enumerate(features):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise FileError("not_a_feature", feature=number)
        shape = feature.get("geometry")
        properties = feature.get("properties")
        if not isinstance(properties, dict | None):
            raise FileError("not_a_feature", feature=number)
        values = dict(properties or {})
        if "id" in feature:
            # The standard keeps an identifier beside the properties; a property of that name goes before it.
            values.setdefault("id", feature["id"])
        if shape is None:
            shape = Shape(fault="empty_geometry")
        elif not isinstance(shape, Shape):
            shape = Shape(fault="type_not_allowed")
        rows.add(shape, values)
        features[number] = None
    return rows.table(), {"encoding": encoding, "crs": crs, "layer": None}


def _parse(text: str) -> Any:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_DEPTH)
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
    except RecursionError:
        raise FileError("file_too_deep") from None
    except ValueError:
        raise FileError("file_not_json") from None
    finally:
        sys.setrecursionlimit(before)


def _constant(_: str) -> float:
    raise _NotJson  # NaN and Infinity are not JSON


def _integer(digits: str) -> int | float:
    # Beyond 40 digits no number is meant; int() would be quadratic.
    return int(digits) if len(digits) <= 40 else float(digits)


def _object(pairs: list[tuple[str, Any]]) -> Any:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise FileError("file_duplicate_key")
    kind = made.get("type")
    if isinstance(kind, str) and kind in _GEOMETRIES:
        if kind == "GeometryCollection" and "geometries" in made:
            return Shape(fault="type_not_allowed")
        if "coordinates" in made:
            return to_shape(kind, made["coordinates"])
    return made


def _crs(member: Any) -> str | None:
    if member is None:
        return None
    if not isinstance(member, dict):
        raise CrsError("crs_unsupported")
    if member.get("type") == "link":
        raise CrsError("crs_link")
    properties = member.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise CrsError("crs_unsupported")
    if name in _CRS84:
        return "OGC:CRS84"
    found = _EPSG.fullmatch(name)
    if not found:
        raise CrsError("crs_unsupported")
    return f"EPSG:{found[1]}"

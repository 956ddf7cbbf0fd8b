"""Read standard places from any file of points: code, name and, where there, kind and other names."""

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gridmap.crs import Datum, to_wgs84
from gridmap.domain.rules import Finding, Report, report
from gridmap.errors import CrsError
from gridmap.files.columns import CODE_NAMES, KIND_NAMES, NAME_NAMES, choose, to_code
from gridmap.files.points import open_points, point_finding
from gridmap.files.text import is_bad
from gridmap.settings import Settings

_CODES = ("code", "place_code", "地点编码", "地址编码", "标准地址编码", *CODE_NAMES[1:])
_NAMES = ("name", "标准地址", "地址", "地点名称", *NAME_NAMES[1:], "address")
_KINDS = ("kind", "类型", "地点类型", *KIND_NAMES[1:])
_ALIASES = ("aliases", "alias", "别名", "曾用名")
_SEPARATORS = str.maketrans("；|、，,", ";;;;;")


def read_places(
    path: Path, *, settings: Settings, datum: Datum | None = None, encoding: str | None = None, crs: str | None = None
) -> tuple[gpd.GeoDataFrame, Report]:
    """Read places.

    Aliases are separated by ``;``, ``|`` or ``、``.

    Returns
    -------
    tuple
        ``code``, ``name``, ``kind``, ``aliases`` (lists) and points in WGS 84 of the rows that are well; and a finding
        for each of the others: no point, no code or name, text that cannot be shown, a code that stood before.

    Raises
    ------
    ColumnError
        ``column_unknown``, ``column_ambiguous``, ``bad_header``.
    CrsError
        ``crs_conflict``: a shifted datum was stated for a file that says what its coordinates are.
    FileError, TextError, EncodingAmbiguous, TooLarge
        See ``docs/formats.md``.
    """
    source = open_points(path, settings=settings, encoding=encoding, crs=crs)
    if source.states_wgs84 and datum in (Datum.GCJ02, Datum.BD09):
        raise CrsError("crs_conflict")
    columns = {
        "code": choose(source.columns, None, _CODES, what="code"),
        "name": choose(source.columns, None, _NAMES, what="name"),
        "kind": choose(source.columns, None, _KINDS, what="kind", required=False),
        "aliases": choose(source.columns, None, _ALIASES, what="aliases", required=False),
    }
    findings: list[Finding] = []
    rows: list[tuple[str, str, str, list[str]]] = []
    xs: list[float] = []
    ys: list[float] = []
    seen: Counter[str] = Counter()
    for line, batch in source.numbered():
        lon, lat, bad = source.parse_degrees(batch)
        if not source.states_wgs84:
            lon, lat = to_wgs84(lon, lat, datum or Datum.WGS84)
        cells = {n: batch[c].to_pylist() if c else [""] * batch.num_rows for n, c in columns.items()}
        for i in range(batch.num_rows):
            row = _row({name: values[i] for name, values in cells.items()}, settings.max_text)
            wrong = bad.get(i) or (row if isinstance(row, str) else None)
            if wrong is None and not isinstance(row, str):
                seen[row[0]] += 1
                wrong = "place_twice" if seen[row[0]] > 1 else None
            if wrong is not None or isinstance(row, str):
                findings.append(point_finding(line + i, wrong or "place_incomplete"))
                continue
            rows.append(row)
            xs.append(float(lon[i]))
            ys.append(float(lat[i]))
    codes, names, kinds, aliases = zip(*rows, strict=True) if rows else ((), (), (), ())
    held: dict[str, Any] = {
        "code": pd.array(list(codes), dtype="str"),
        "name": pd.array(list(names), dtype="str"),
        "kind": pd.array(list(kinds), dtype="str"),
        "aliases": pd.Series(list(aliases), dtype=object),
    }
    return gpd.GeoDataFrame(held, geometry=shapely.points(xs, ys) if xs else [], crs="EPSG:4326"), report(findings)


def _row(cells: dict[str, Any], longest: int) -> tuple[str, str, str, list[str]] | str:
    """Give code, name, kind and aliases, or the rule that the row breaks."""
    try:
        code, name, kind, other = (to_code(cells[n]) for n in ("code", "name", "kind", "aliases"))
    except (ValueError, TypeError):
        return "place_incomplete"
    if code is None or name is None:
        return "place_incomplete"
    aliases = [part.strip() for part in (other or "").translate(_SEPARATORS).split(";") if part.strip()]
    texts = [code.strip(), name.strip(), (kind or "").strip(), *aliases]
    if any(is_bad(text) or len(text) > longest for text in texts):
        return "place_bad_text"
    return texts[0], texts[1], texts[2], list(dict.fromkeys(aliases))

"""Read boundaries from a file nobody vouches for."""

import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.crs import WGS84, Datum
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.files.columns import CODE_NAMES, HOUSEHOLDS_NAMES, NAME_NAMES, PARENT_NAMES, choose, to_code, to_count
from gridmap.files.features import VALIDITY_RULES, finding, to_features
from gridmap.files.sandbox import Parsed, parse
from gridmap.files.text import cleaned, is_bad, looks_mojibake
from gridmap.settings import Settings

_POLYGONS = ("Polygon", "MultiPolygon")
_ANY = (*_POLYGONS, "Point", "MultiPoint", "LineString", "MultiLineString")
# Rules about rows that stay in the frame: analysis.topology names these faults too, with their size.
_SEEN_IN_FRAME = {"duplicate_code", *VALIDITY_RULES}
#: Kinds of context that the maps can draw.
CONTEXT_KINDS = ("water", "road", "green", "coast")
_KIND_NAMES = ("kind", "类型", "fclass", "type")
# Texts beyond the first so many are not looked through for mojibake: it comes in whole columns.
_SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class BoundaryFile:
    """Boundaries as they stand in a file.

    Attributes
    ----------
    frame : GeoDataFrame
        WGS 84; ``code``, ``name``, ``parent_code``, ``households``, ``attributes``, ``geometry``: one row a feature
        with a code and a polygon, in the order of the file. Invalid polygons stay as they are.
    report : Report
        What is wrong, by feature (``fields["feature"]`` from 0, ``number`` from 1).
    source : dict
        ``format``, ``layer``, ``crs``, ``encoding``, ``features`` (as many as the file has), ``sha256``.
    beyond_frame : Report
        The findings that ``analysis.topology`` cannot make again over ``frame``: about features that are not in it,
        about texts, about the file. Add these to a check of the frame, and nothing is said twice.
    """

    frame: gpd.GeoDataFrame
    report: Report
    source: dict[str, Any]
    beyond_frame: Report


@dataclass(frozen=True, slots=True)
class ContextFile:
    """Water, roads and green: frame ``kind``, ``name``, ``geometry`` in WGS 84, report and source as above."""

    frame: gpd.GeoDataFrame
    report: Report
    source: dict[str, Any]


def read_boundaries(
    path: str | os.PathLike[str],
    *,
    settings: Settings,
    code_column: str | None = None,
    name_column: str | None = None,
    parent_column: str | None = None,
    households_column: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    datum: Datum | None = None,
    name: str | None = None,
) -> BoundaryFile:
    """Read areas or grids from GeoJSON, GeoPackage, zipped Shapefile, FlatGeobuf, GeoParquet or KML.

    Parameters
    ----------
    path : path
        The file; it is parsed in a child process.
    settings : Settings
        Its limits.
    code_column, name_column, parent_column, households_column : str, optional
        Names of the columns; else the usual names. Only the code must exist; a missing name is the code.
    layer : str, optional
        Which layer or shapefile, where there are several.
    encoding : str, optional
        Of texts that state none: ``gbk``, ``gb18030``, ``big5``, ``utf-8`` ...
    crs : str, optional
        ``EPSG:n`` of a file that states none.
    datum : Datum, optional
        What its degrees mean: GCJ-02 and BD-09 cannot be written in a file.
    name : str, optional
        The name given by the sender, where the file lies under another one; only its extension counts.

    Raises
    ------
    FileError, TooLarge, TextError, EncodingAmbiguous
        The file cannot be read as a whole; see ``docs/formats.md``.
    CrsError
        ``crs_missing``, ``crs_conflict``, ``crs_unsupported``, ``looks_projected``, ``looks_swapped``,
        ``coordinate_out_of_range``.
    ColumnError
        ``column_not_found``, ``column_unknown``, ``column_ambiguous``.
    """
    parsed = parse(path, settings=settings, layer=layer, encoding=encoding, name=name)
    columns = parsed.attributes.column_names
    code = choose(columns, code_column, CODE_NAMES, what="code")
    title = choose(columns, name_column, NAME_NAMES, what="name", required=False)
    parent = choose(columns, parent_column, PARENT_NAMES, what="parent", required=False)
    households = choose(columns, households_column, HOUSEHOLDS_NAMES, what="households", required=False)
    features = to_features(parsed, settings=settings, kinds=_POLYGONS, crs=crs, datum=datum)
    found = [*features.findings, *_notes(parsed)]
    texts = _texts(parsed, settings, found)
    codes = _converted(texts.get(code), to_code, "bad_code", found)
    _find_code_faults(codes, features.geometry, found)
    names = _converted(texts.get(title), to_code, "bad_name", found)
    parents = _converted(texts.get(parent), to_code, "bad_parent_code", found)
    counts = _converted(texts.get(households), to_count, "bad_households", found)
    rest = [c for c in columns if c not in (code, title, parent, households)]
    keep = features.usable & np.array([c is not None for c in codes], dtype=bool)
    rows = np.flatnonzero(keep).tolist()
    frame = gpd.GeoDataFrame(
        {
            "code": pd.Series([codes[r] for r in rows], dtype=object),
            "name": pd.Series([_at(names, r) or codes[r] for r in rows], dtype=object),
            "parent_code": pd.Series([_at(parents, r) for r in rows], dtype=object),
            "households": pd.Series([_at(counts, r) for r in rows], dtype=object),
            "attributes": pd.Series([{c: texts[c][r] for c in rest} for r in rows], dtype=object),
        },
        geometry=gpd.GeoSeries(features.geometry[rows], crs=WGS84),
        crs=WGS84,
    )
    coded = [
        Finding(f.rule, f.severity, f.codes or _code_of(codes, f), f.measure, f.unit, f.geometry, f.fields)
        for f in found
    ]
    kept = set(rows)
    beyond = [f for f in coded if f.rule not in _SEEN_IN_FRAME or f.fields.get("feature") not in kept]
    facts = {"features": len(codes), "kept": len(rows)}
    return BoundaryFile(frame, report(coded, **facts), _source(parsed, features.crs), report(beyond, **facts))


def read_context(
    path: str | os.PathLike[str],
    *,
    settings: Settings,
    kind: str | None = None,
    kind_column: str | None = None,
    name_column: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    datum: Datum | None = None,
    name: str | None = None,
) -> ContextFile:
    """Read roads, water or green: points, lines and areas with a kind and a name.

    Parameters
    ----------
    kind : str, optional
        Kind of everything in the file; else it is read from ``kind_column`` or a column with a usual name. Features of
        a kind that is none of ``CONTEXT_KINDS`` are findings, and not in the frame.
    path, settings, kind_column, name_column, layer, encoding, crs, datum, name
        As in ``read_boundaries``.

    Raises
    ------
    GridmapError
        As ``read_boundaries``.
    """
    parsed = parse(path, settings=settings, layer=layer, encoding=encoding, name=name)
    columns = parsed.attributes.column_names
    kinds = None if kind else choose(columns, kind_column, _KIND_NAMES, what="kind")
    title = choose(columns, name_column, NAME_NAMES, what="name", required=False)
    features = to_features(parsed, settings=settings, kinds=_ANY, crs=crs, datum=datum)
    found = [*features.findings, *_notes(parsed)]
    texts = _texts(parsed, settings, found)
    kind_values = _context_kinds([kind] * len(parsed.faults) if kind else texts[kinds], found)
    rows = [r for r in np.flatnonzero(features.usable).tolist() if kind_values[r]]
    names = _converted(texts.get(title), to_code, "bad_name", found)
    frame = gpd.GeoDataFrame(
        {
            "kind": pd.Series([kind_values[r] for r in rows], dtype=object),
            "name": pd.Series([_at(names, r) or "" for r in rows], dtype=object),
        },
        geometry=gpd.GeoSeries(features.geometry[rows], crs=WGS84),
        crs=WGS84,
    )
    made = report(found, features=len(parsed.faults), kept=len(rows))
    return ContextFile(frame, made, _source(parsed, features.crs))


def _context_kinds(values: list[Any], found: list[Finding]) -> list[str | None]:
    made = [value if value in CONTEXT_KINDS else None for value in values]
    wanted = ", ".join(CONTEXT_KINDS)
    found += [
        finding("bad_context_kind", Severity.ERROR, row, wanted=wanted)
        for row, known in enumerate(made)
        if known is None
    ]
    return made


def _source(parsed: Parsed, crs: str) -> dict[str, Any]:
    return {
        "format": parsed.format.value,
        "layer": parsed.layer,
        "crs": crs,
        "encoding": parsed.encoding,
        "features": len(parsed.faults),
        "sha256": parsed.sha256,
    }


def _notes(parsed: Parsed) -> list[Finding]:
    return [finding(n["rule"], Severity.WARNING, None, **n["fields"]) for n in parsed.notes]


def _at(values: list[Any], row: int) -> Any:
    return values[row] if values else None


def _code_of(codes: list[str | None], fault: Finding) -> tuple[str, ...]:
    row = fault.fields.get("feature")
    code = None if row is None else codes[row]
    return () if code is None else (code,)


def _texts(parsed: Parsed, settings: Settings, found: list[Finding]) -> dict[str | None, list[Any]]:
    """Give all columns as lists; texts with bad characters are found, cleaned, and too long ones cut."""
    made: dict[str | None, list[Any]] = {}
    for name in parsed.attributes.column_names:
        values = parsed.attributes[name].to_pylist()
        doubtful = looked = 0
        for row, value in enumerate(values):
            if isinstance(value, float) and value != value:
                values[row] = None
            if not isinstance(value, str):
                continue
            if is_bad(value):
                found.append(finding("bad_text", Severity.ERROR, row, column=cleaned(name)[:60]))
                values[row] = value = cleaned(value)
            if len(value) > settings.max_free_text:
                found.append(
                    finding(
                        "text_too_long", Severity.ERROR, row, column=cleaned(name)[:60], limit=settings.max_free_text
                    )
                )
                values[row] = value[: settings.max_free_text]
            if looked < _SAMPLE and not value.isascii():
                looked += 1
                doubtful += looks_mojibake(value)
        if doubtful:
            found.append(finding("mojibake_suspect", Severity.WARNING, None, column=cleaned(name)[:60], count=doubtful))
        made[name] = values
    return made


def _converted(values: list[Any] | None, to: Callable[[Any], Any], rule: str, found: list[Finding]) -> list[Any]:
    if values is None:
        return []
    made: list[Any] = []
    for row, value in enumerate(values):
        try:
            made.append(to(value))
        except ValueError:
            made.append(None)
            found.append(finding(rule, Severity.ERROR, row))
    return made


def _find_code_faults(codes: list[str | None], geometry: Any, found: list[Finding]) -> None:
    refused = {f.fields["feature"] for f in found if f.rule == "bad_code"}
    rows: dict[str, list[int]] = defaultdict(list)
    for row, code in enumerate(codes):
        if code is not None:
            rows[code].append(row)
            if code != code.strip() or any(c in code for c in "\t\r\n"):
                found.append(finding("code_padded", Severity.WARNING, row))
        elif row not in refused:
            place = _middle(geometry[row])
            found.append(finding("missing_code", Severity.ERROR, row, geometry=place, row=row + 1))
    for code, same in rows.items():
        if len(same) > 1:
            fields = {"feature": same[1], "number": same[1] + 1, "features": same[:100], "rows": len(same)}
            found.append(
                Finding("duplicate_code", Severity.ERROR, (code,), geometry=_middle(geometry[same[1]]), fields=fields)
            )


def _middle(geometry: Any) -> Any:
    return None if geometry is None else shapely.point_on_surface(geometry)

"""Read boundaries from a file nobody vouches for."""

import os
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.crs import WGS84, Datum
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.files.attributes import (
    at_row,
    converted,
    find_code_faults,
    parser_notes,
    read_texts,
    source_facts,
    with_codes,
)
from gridmap.files.columns import (
    CODE_NAMES,
    HOUSEHOLDS_NAMES,
    KIND_NAMES,
    NAME_NAMES,
    PARENT_NAMES,
    choose,
    to_code,
    to_count,
)
from gridmap.files.features import VALIDITY_RULES, finding, to_features
from gridmap.files.sandbox import parse
from gridmap.settings import Settings

_POLYGONS = ("Polygon", "MultiPolygon")
_ANY = (*_POLYGONS, "Point", "MultiPoint", "LineString", "MultiLineString")
# Rules about rows that stay in the frame: analysis.topology names these faults too, with their size.
_SEEN_IN_FRAME = {"duplicate_code", *VALIDITY_RULES}
#: Kinds of context that the maps can draw.
CONTEXT_KINDS = ("water", "road", "green", "coast", "building")
_KIND_NAMES = ("kind", "类型", "fclass", "type")


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
    kind_column: str | None = None,
    households_column: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    datum: Datum | None = None,
    name: str | None = None,
    uncoded: bool = False,
    points: bool = False,
) -> BoundaryFile:
    """Read areas or grids from GeoJSON, GeoPackage, zipped Shapefile, FlatGeobuf, GeoParquet or KML.

    Parameters
    ----------
    path : path
        The file; it is parsed in a child process.
    settings : Settings
        Its limits.
    code_column, name_column, parent_column, kind_column, households_column : str, optional
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
    uncoded : bool
        Keep features without a code too, with None; the file needs no column of codes.
    points : bool
        Points may stand in for areas, such as buildings known by their doors.

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
    code = choose(columns, code_column, CODE_NAMES, what="code", required=not uncoded)
    title = choose(columns, name_column, NAME_NAMES, what="name", required=False)
    parent = choose(columns, parent_column, PARENT_NAMES, what="parent", required=False)
    kind = choose(columns, kind_column, KIND_NAMES, what="kind", required=False)
    households = choose(columns, households_column, HOUSEHOLDS_NAMES, what="households", required=False)
    features = to_features(
        parsed, settings=settings, kinds=(*_POLYGONS, "Point") if points else _POLYGONS, crs=crs, datum=datum
    )
    found = [*features.findings, *parser_notes(parsed)]
    texts = read_texts(parsed, settings, found)
    codes = converted(texts.get(code), to_code, "bad_code", found) or [None] * len(features.geometry)
    find_code_faults(codes, features.geometry, found)
    names = converted(texts.get(title), to_code, "bad_name", found)
    parents = converted(texts.get(parent), to_code, "bad_parent_code", found)
    sorts = converted(texts.get(kind), to_code, "bad_name", found)
    counts = converted(texts.get(households), to_count, "bad_households", found)
    rest = [c for c in columns if c not in (code, title, parent, kind, households)]
    keep = features.usable & np.array([uncoded or c is not None for c in codes], dtype=bool)
    rows = np.flatnonzero(keep).tolist()
    frame = gpd.GeoDataFrame(
        {
            "code": pd.Series([codes[r] for r in rows], dtype=object),
            "name": pd.Series([at_row(names, r) or codes[r] for r in rows], dtype=object),
            "parent_code": pd.Series([at_row(parents, r) for r in rows], dtype=object),
            "kind": pd.Series([at_row(sorts, r) for r in rows], dtype=object),
            "households": pd.Series([at_row(counts, r) for r in rows], dtype=object),
            "attributes": pd.Series([{c: texts[c][r] for c in rest} for r in rows], dtype=object),
        },
        geometry=gpd.GeoSeries(features.geometry[rows], crs=WGS84),
        crs=WGS84,
    )
    coded = with_codes(found, codes)
    kept = set(rows)
    beyond = [f for f in coded if f.rule not in _SEEN_IN_FRAME or f.fields.get("feature") not in kept]
    facts = {"features": len(codes), "kept": len(rows)}
    return BoundaryFile(frame, report(coded, **facts), source_facts(parsed, features.crs), report(beyond, **facts))


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
    found = [*features.findings, *parser_notes(parsed)]
    texts = read_texts(parsed, settings, found)
    kind_values = _context_kinds([kind] * len(parsed.faults) if kind else texts[kinds], found)
    rows = [r for r in np.flatnonzero(features.usable).tolist() if kind_values[r]]
    names = converted(texts.get(title), to_code, "bad_name", found)
    frame = gpd.GeoDataFrame(
        {
            "kind": pd.Series([kind_values[r] for r in rows], dtype=object),
            "name": pd.Series([at_row(names, r) or "" for r in rows], dtype=object),
        },
        geometry=gpd.GeoSeries(features.geometry[rows], crs=WGS84),
        crs=WGS84,
    )
    made = report(found, features=len(parsed.faults), kept=len(rows))
    return ContextFile(frame, made, source_facts(parsed, features.crs))


def _context_kinds(values: list[Any], found: list[Finding]) -> list[str | None]:
    made = [value if value in CONTEXT_KINDS else None for value in values]
    wanted = ", ".join(CONTEXT_KINDS)
    found += [
        finding("bad_context_kind", Severity.ERROR, row, wanted=wanted)
        for row, known in enumerate(made)
        if known is None
    ]
    return made

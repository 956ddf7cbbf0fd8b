"""Read a layer of facilities or thematic zones from a file nobody vouches for."""

import os
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.crs import WGS84, Datum
from gridmap.domain.features import FeatureState
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.errors import InvalidInput
from gridmap.files.attributes import (
    at_row,
    converted,
    find_code_faults,
    parser_notes,
    read_texts,
    source_facts,
    with_codes,
)
from gridmap.files.columns import CODE_NAMES, NAME_NAMES, choose, to_code
from gridmap.files.features import finding, to_features
from gridmap.files.sandbox import parse
from gridmap.settings import Settings

_KINDS = ("Polygon", "MultiPolygon", "Point", "MultiPoint", "LineString", "MultiLineString")
_STATE_NAMES = ("state", "status", "状态", "建设状态")
#: What people write for a state, in lower case.
_WORDS = {
    **{state.value: state for state in FeatureState},
    **dict.fromkeys(("规划", "规划中", "拟建", "待建"), FeatureState.PLANNED),
    **dict.fromkeys(("建成", "已建", "已建成"), FeatureState.BUILT),
    **dict.fromkeys(("开放", "启用", "已启用", "投用", "运行", "在用"), FeatureState.OPEN),
}


@dataclass(frozen=True, slots=True)
class LayerFile:
    """Features as they stand in a file.

    Attributes
    ----------
    frame : GeoDataFrame
        WGS 84; ``code``, ``name``, ``state``, ``attributes``, ``geometry``: one row a feature that can be used.
    report : Report
        What is wrong, by feature.
    source : dict
        As in ``boundaries.BoundaryFile``.
    """

    frame: gpd.GeoDataFrame
    report: Report
    source: dict[str, Any]


def parse_state(word: str | None) -> FeatureState | None:
    """Read a state; None stays None.

    Raises
    ------
    InvalidInput
        ``state_unknown``.
    """
    if word is None:
        return None
    found = _WORDS.get(word.strip().casefold())
    if found is None:
        raise InvalidInput("state_unknown", known=", ".join(FeatureState))
    return found


def read_layer(
    path: str | os.PathLike[str],
    *,
    settings: Settings,
    state: FeatureState | None = None,
    code_column: str | None = None,
    name_column: str | None = None,
    state_column: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    datum: Datum | None = None,
    name: str | None = None,
) -> LayerFile:
    """Read points, lines and areas with a code, a name and a state.

    Parameters
    ----------
    state : FeatureState, optional
        State of everything in the file; else it is read from ``state_column`` or a column with a usual name, in the
        words of ``FeatureState`` or the usual Chinese ones. Where there is no such column everything is open.
    path, settings, code_column, name_column, layer, encoding, crs, datum, name
        As in ``boundaries.read_boundaries``; points and lines are welcome.

    Raises
    ------
    GridmapError
        As ``boundaries.read_boundaries``.
    """
    parsed = parse(path, settings=settings, layer=layer, encoding=encoding, name=name)
    columns = parsed.attributes.column_names
    code = choose(columns, code_column, CODE_NAMES, what="code")
    title = choose(columns, name_column, NAME_NAMES, what="name", required=False)
    states = None
    if state is None:
        states = choose(columns, state_column, _STATE_NAMES, what="state", required=state_column is not None)
    features = to_features(parsed, settings=settings, kinds=_KINDS, crs=crs, datum=datum)
    found = [*features.findings, *parser_notes(parsed)]
    texts = read_texts(parsed, settings, found)
    codes = converted(texts.get(code), to_code, "bad_code", found)
    find_code_faults(codes, features.geometry, found)
    names = converted(texts.get(title), to_code, "bad_name", found)
    everywhere = state or FeatureState.OPEN
    known = _states(texts[states], found) if states else [everywhere] * len(codes)
    usable = features.usable & np.array([c is not None for c in codes], dtype=bool)
    rows = [row for row in np.flatnonzero(usable).tolist() if known[row] is not None]
    rest = [c for c in columns if c not in (code, title, states)]
    frame = gpd.GeoDataFrame(
        {
            "code": pd.Series([codes[r] for r in rows], dtype=object),
            "name": pd.Series([at_row(names, r) for r in rows], dtype=object),
            "state": pd.Series([str(known[r]) for r in rows], dtype=object),
            "attributes": pd.Series([{c: texts[c][r] for c in rest} for r in rows], dtype=object),
        },
        geometry=gpd.GeoSeries(features.geometry[rows], crs=WGS84),
        crs=WGS84,
    )
    made = report(with_codes(found, codes), features=len(codes), kept=len(rows))
    return LayerFile(frame, made, source_facts(parsed, features.crs))


def _states(values: list[Any], found: list[Finding]) -> list[FeatureState | None]:
    made = [_WORDS.get(str(value).strip().casefold()) for value in values]
    wanted = ", ".join(FeatureState)
    unread = [row for row, known in enumerate(made) if known is None]
    found += [finding("bad_state", Severity.ERROR, row, wanted=wanted) for row in unread]
    return made

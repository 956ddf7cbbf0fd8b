"""Infer what became of each code between two versions, and carry counts over.

The graph of common ground (``overlay.py``) falls into connected components; how many old and new grids a component has
tells most of what happened. Components in which several became several are read edge by edge.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.analysis import frames
from gridmap.analysis.conversion import Converted as Converted
from gridmap.analysis.conversion import convert_counts as convert_counts
from gridmap.analysis.kinds import name_kinds
from gridmap.analysis.overlay import CommonGround, common_ground, left_over
from gridmap.analysis.places import match_places
from gridmap.analysis.plane import Plane, as_code
from gridmap.analysis.topology import SLIVER_WIDTH_M
from gridmap.domain.lineage import LineageEdge, LineageKind
from gridmap.errors import NotFound

K = LineageKind

#: Common ground below this share of both grids is a border that moved: it makes no split, merge or redraw of them.
MINOR_SHARE = 0.01

Floats = npt.NDArray[np.float64]


def infer_lineage(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    levels: Sequence[str] | None = None,
    sliver_width_m: float = SLIVER_WIDTH_M,
    minor_share: float = MINOR_SHARE,
) -> pd.DataFrame:
    """Tell what became of each code of one version in another, level by level.

    Parameters
    ----------
    old, new : GeoDataFrame
        frames.GRIDS; any number of levels; without a column ``level``, one. CRS: WGS 84.
    levels : sequence of str, optional
        Which levels, in the order of the answer; all by name without it.
    sliver_width_m : float
        As in ``overlay``.
    minor_share : float
        Common ground below this share of both grids is ``transferred`` and has no say in what the others are.

    Returns
    -------
    DataFrame
        frames.LINEAGE; one row an edge, by level, old code, new code, those without a code last. Every code of both
        versions stands in at least one row. Kinds: ``domain.lineage.LineageKind``.

    Raises
    ------
    ColumnError, CrsError, InvalidInput
        As ``overlay``.

    Notes
    -----
    Households of an old grid go over by the households of its successors where these lie wholly in it and have
    figures; else by area. They sum to those of the old grid.
    """
    _, edges = trace(old, new, levels=levels, sliver_width_m=sliver_width_m, minor_share=minor_share)
    return edges.drop(columns="shape")


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found on one level; ``old`` and ``new`` are its rows of the two versions."""

    level: str
    old: gpd.GeoDataFrame
    new: gpd.GeoDataFrame
    common: CommonGround


def trace(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    levels: Sequence[str] | None,
    sliver_width_m: float,
    minor_share: float,
) -> tuple[list[Trace], pd.DataFrame]:
    """Do the work of ``infer_lineage`` and keep the shapes.

    Returns
    -------
    list of Trace, DataFrame
        One for each level; and frames.LINEAGE with a column ``shape``, metric in the CRS of its level, None for rows
        that are no ground.
    """
    old, new = _clean(old), _clean(new)
    names = list(levels) if levels is not None else sorted({*old["level"], *new["level"]}) or [""]
    traces, tables = [], [_edge_table(pd.DataFrame(columns=[*frames.LINEAGE.required, "shape"]))]
    for name in names:
        before, after = old[old["level"] == name], new[new["level"] == name]
        common = common_ground(before, after, sliver_width_m=sliver_width_m)
        traces.append(Trace(name, before, after, common))
        tables.append(_level_edges(traces[-1], minor_share))
    edges = pd.concat(tables, ignore_index=True)
    edges = _with_parent_transfers(edges, old, new)
    edges["rank"] = edges["level"].map({name: i for i, name in enumerate(names)})
    edges = edges.sort_values(["rank", "old_code", "new_code"], kind="stable", na_position="last", ignore_index=True)
    return traces, edges.drop(columns="rank")


def successors(
    codes: Iterable[str],
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    sliver_width_m: float = SLIVER_WIDTH_M,
) -> pd.DataFrame:
    """Answer old codes with their successors and shares.

    Returns
    -------
    DataFrame
        frames.LINEAGE; the rows of ``infer_lineage`` whose ``old_code`` is asked for.

    Raises
    ------
    NotFound
        ``grid_unknown``: the old version has no such code.
    ColumnError, CrsError, InvalidInput
        As ``overlay``.
    """
    wanted = set(codes)
    if wanted - set(_clean(old)["code"]):
        raise NotFound("grid_unknown")
    edges = infer_lineage(old, new, sliver_width_m=sliver_width_m)
    return edges[edges["old_code"].isin(wanted)].reset_index(drop=True)


def as_edges(table: pd.DataFrame) -> list[LineageEdge]:
    """Turn frames.LINEAGE rows into values, in their order."""
    frames.require_columns(table, frames.LINEAGE)
    columns = [table[c].tolist() for c in frames.LINEAGE.required]
    return [
        LineageEdge(
            level,
            None if pd.isna(was) else was,
            None if pd.isna(now) else now,
            LineageKind(kind),
            area,
            old_share,
            new_share,
            None if pd.isna(households) else households,
        )
        for level, was, now, kind, area, old_share, new_share, households in zip(*columns, strict=True)
    ]


def from_edges(edges: Iterable[LineageEdge]) -> pd.DataFrame:
    """Turn values into frames.LINEAGE rows, in their order."""
    rows = list(edges)
    columns = {c: [getattr(e, c) for e in rows] for c in frames.LINEAGE.required}
    return _edge_table(pd.DataFrame({**columns, "shape": [None] * len(rows)})).drop(columns="shape")


def _edge_table(came: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of frames.LINEAGE their types, and keep the shapes."""
    texts = ("level", "old_code", "new_code", "kind")
    columns = {c: came[c].astype("str" if c in texts else "float64") for c in frames.LINEAGE.required}
    return pd.DataFrame({**columns, "shape": came["shape"].astype(object)})


def _clean(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the columns that the lineage reads, in plain Python values."""
    frames.require(frame, frames.GRIDS)
    columns: dict[str, npt.NDArray] = {}
    for name in ("code", "level", "parent_code"):
        came = frame[name] if name in frame.columns else [None] * len(frame)
        empty = "" if name == "level" else None
        columns[name] = np.array([as_code(value) or empty for value in came], dtype=object)
    columns["households"] = (
        pd.to_numeric(frame["households"], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        if "households" in frame.columns
        else np.full(len(frame), np.nan)
    )
    shapes = gpd.GeoSeries(np.asarray(frame.geometry.array, dtype=object), crs=frame.crs)
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=shapes)


def _level_edges(level: Trace, minor_share: float) -> pd.DataFrame:
    old, new, common = level.old, level.new, level.common
    pieces = _pieces(common, old, new, minor_share)
    lost, gained = _unshared(common, new)
    had, have = (f["households"].to_numpy()[p.rows] for f, p in ((old, common.old), (new, common.new)))
    _households(pieces, lost, common, had, have)
    edges = pd.concat([_edge_table(t.assign(level=level.level)) for t in (pieces, lost, gained)], ignore_index=True)
    return match_places(_others(old, common.old), _others(new, common.new), level.level, edges)


def _others(frame: gpd.GeoDataFrame, plane: Plane) -> gpd.GeoDataFrame:
    rest = np.ones(len(frame), dtype=bool)
    rest[plane.rows] = False
    return frame[rest]


def _pieces(common: CommonGround, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, minor_share: float) -> pd.DataFrame:
    first, second = common.first, common.second
    pieces = pd.DataFrame(
        {
            "first": first,
            "second": second,
            "old_code": common.old.codes[first],
            "new_code": common.new.codes[second],
            "area_m2": common.area_m2,
            "old_share": common.old_share(),
            "new_share": common.new_share(),
            "shape": common.shapes,
        }
    )
    main = ((pieces["old_share"] >= minor_share) | (pieces["new_share"] >= minor_share)).to_numpy()
    lives_on = pd.Index(common.old.codes).isin(new["code"])[first]
    lived_before = pd.Index(common.new.codes).isin(old["code"])[second]
    pieces["kind"] = name_kinds(
        first,
        second,
        main,
        len(common.old),
        len(common.new),
        same_code=(pieces["old_code"] == pieces["new_code"]).to_numpy(),
        same_ground=common.old_covered & common.new_covered,
        lives_on=lives_on,
        lived_before=lived_before,
    )
    return pieces


def _unshared(common: CommonGround, new: gpd.GeoDataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the edges with one end: ground that nobody has now, and ground that nobody had."""
    tables = []
    for of_new, plane, used in ((False, common.old, common.first), (True, common.new, common.second)):
        part, rest, rest_m2 = left_over(common, of_new=of_new)
        alone = np.ones(len(plane), dtype=bool)
        alone[used] = False
        whole_m2 = shapely.area(plane.shapes)
        # a grid without any partner stands here with all its ground, even where that is not wider than a sliver
        beside = ~alone[part]
        at = np.r_[part[beside], np.flatnonzero(alone)]
        area = np.r_[rest_m2[beside], whole_m2[alone]]
        of_whole, of_part = (K.FOUNDED, K.EXTENDED) if of_new else (K.DISSOLVED, K.REDUCED)
        share, nothing = np.minimum(area / whole_m2[at], 1.0), np.zeros(len(at))
        nobody: npt.NDArray[np.object_] = np.full(len(at), None, dtype=object)
        counted = np.where(alone, new["households"].to_numpy()[plane.rows], np.nan)[at] if of_new else nothing
        tables.append(
            pd.DataFrame(
                {
                    "at": at,
                    "old_code": nobody if of_new else plane.codes[at],
                    "new_code": plane.codes[at] if of_new else nobody,
                    "kind": np.where(alone[at], of_whole.value, of_part.value).astype(object),
                    "area_m2": area,
                    "old_share": nothing if of_new else share,
                    "new_share": share if of_new else nothing,
                    "households": counted,
                    "shape": np.concatenate([rest[beside], plane.shapes[alone]]),
                }
            )
        )
    return tables[0], tables[1]


def _households(pieces: pd.DataFrame, lost: pd.DataFrame, common: CommonGround, had: Floats, have: Floats) -> None:
    """Share out the households of each old grid over its edges; fills the column ``households`` of both tables."""
    n, first = len(common.old), common.first
    counted = have[common.second]
    known = common.new_covered & ~np.isnan(counted)
    told = np.bincount(first, weights=~known, minlength=n) == 0
    told[lost["at"].to_numpy()] = False
    told &= np.bincount(first[known], weights=counted[known], minlength=n) > 0
    weight = np.where(told[first], counted, pieces["area_m2"])
    total = np.bincount(first, weights=weight, minlength=n)
    total = total + np.bincount(lost["at"], weights=lost["area_m2"], minlength=n)
    pieces["households"] = had[first] * weight / total[first]
    lost["households"] = had[lost["at"]] * lost["area_m2"].to_numpy() / total[lost["at"]]


def _with_parent_transfers(edges: pd.DataFrame, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> pd.DataFrame:
    """Mark unchanged areas that passed to another parent which is not just what became of their old parent."""
    was, now = (dict(zip(zip(f["level"], f["code"], strict=True), f["parent_code"], strict=True)) for f in (old, new))
    became = set(
        edges.loc[~edges["kind"].isin([K.TRANSFERRED.value]), ["old_code", "new_code"]]
        .dropna()
        .itertuples(index=False, name=None)
    )
    before, after = set(old["parent_code"].dropna()), set(new["parent_code"].dropna())
    same = edges["kind"] == K.UNCHANGED.value
    moved = []
    for row, level, code in zip(edges.index[same], edges.loc[same, "level"], edges.loc[same, "old_code"], strict=True):
        parent, other = was[level, code], now[level, code]
        if pd.isna(parent) or pd.isna(other) or parent == other or (parent, other) in became:
            continue
        # parents that are in neither frame's rows may have been recoded: only two living ones prove a transfer
        if parent in after and other in before:
            moved.append(row)
    edges.loc[moved, "kind"] = K.TRANSFERRED.value
    return edges

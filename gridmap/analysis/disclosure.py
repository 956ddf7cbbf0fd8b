"""What may be shown to everybody: fixed cells, none with few incidents, and no total from which they can be told."""

from collections.abc import Iterable
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.density import metric_points
from gridmap.analysis.lattice import find_cells
from gridmap.analysis.saying import Statement, say
from gridmap.errors import InvalidInput

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: A figure below this is not shown.
LEAST = 10
#: Side of the fixed cells in metres.
CELL_M = 500.0


class Shown(NamedTuple):
    """What of a table with totals may be shown: True where a figure is; ``whole`` whether the total of all is."""

    cells: Flags
    areas: Flags
    whole: bool


def shown_counts(counts: npt.ArrayLike, area: npt.ArrayLike | None = None, *, least: int = LEAST) -> Shown:
    """Say which counts of cells, of areas made of them, and of the whole can be shown together.

    Parameters
    ----------
    counts : array of int, shape (n,)
        Incidents of each cell.
    area : array of int, shape (n,), optional
        Number of the area that each cell is part of, from 0 on; without it all are one.
    least : int
        The least that may be shown, 2 or more.

    Returns
    -------
    Shown

    Raises
    ------
    InvalidInput
        ``counts_not_whole``; ``lengths_differ``; ``not_positive`` (least).

    Notes
    -----
    Counts below ``least``, none among them, are hidden alike. Where a total is shown, what is hidden below it makes up
    at least ``least`` in at least two figures - else the smallest figures beside are hidden, too (complementary
    suppression); an area that is hidden hides all its cells. Whoever subtracts all that is shown then learns of a
    hidden figure only that it lies between 0 and some number of at least ``least``: the others could hold the rest.
    Ties go to the first, nothing is drawn: asking again tells nothing new.
    """
    c = np.asarray(counts)
    if c.ndim != 1 or (c < 0).any() or (c != np.floor(c)).any():
        raise InvalidInput("counts_not_whole")
    if least < 2:
        raise InvalidInput("not_positive", name="least")
    whole = c.astype(np.int64)
    part = np.zeros(len(c), dtype=np.int64) if area is None else np.asarray(area, dtype=np.int64)
    if part.shape != c.shape:
        raise InvalidInput("lengths_differ", name="area")
    of_area = np.bincount(part, weights=whole).astype(np.int64) if len(c) else np.zeros(0, dtype=np.int64)
    if whole.sum() < least:
        return Shown(np.zeros(len(c), dtype=bool), np.zeros(len(of_area), dtype=bool), False)
    areas = np.ones(1, dtype=bool) if len(of_area) == 1 else _line(of_area, least)
    cells = np.zeros(len(c), dtype=bool)
    for number in np.flatnonzero(areas):
        mine = np.flatnonzero(part == number)
        cells[mine] = _line(whole[mine], least)
    return Shown(cells, areas, True)


def _line(values: Ints, least: int) -> Flags:
    """Choose what is shown of figures whose sum is shown."""
    shown = values >= least
    for i in np.argsort(values, kind="stable"):
        hidden = ~shown
        if not hidden.any() or (hidden.sum() > 1 and values[hidden].sum() >= least):
            break
        # of those that are still shown the smallest
        shown[i] = False
    return shown


class Release(NamedTuple):
    """What everybody may see of a period.

    ``cells``: GeoDataFrame of fixed cells in the metric CRS of the place: ``cell``, ``shown``, ``incidents`` (missing:
    hidden). ``kinds``: one row a kind, of the whole ground: ``kind``, ``sensitive``, ``incidents`` (missing: hidden).
    ``total``: of all that is not sensitive; None where even that is below ``least``. ``least``, ``cell_m``.
    """

    cells: gpd.GeoDataFrame
    kinds: pd.DataFrame
    total: int | None
    least: int
    cell_m: float


def public_cells(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    *,
    sensitive: Iterable[str] = (),
    kinds: Iterable[str] | None = None,
    cell_m: float = CELL_M,
    least: int = LEAST,
) -> Release:
    """Count incidents for everybody: by fixed cells all kinds together, by kind only for the whole ground.

    Parameters
    ----------
    incidents : GeoDataFrame
        frames.INCIDENTS of one fixed period; with ``category``.
    grids : GeoDataFrame
        frames.GRIDS in WGS 84: the ground.
    sensitive : iterable of str
        Categories that are told for the whole ground only, and are in no cell and in no total.
    kinds : iterable of str, optional
        All categories that are listed, whether any was recorded or not; others are counted together as ``""``. Without
        it those that were recorded are listed: of one without a figure it is then told that there was at least one.
    cell_m, least
        Side of a cell; the least that may be shown.

    Returns
    -------
    Release

    Raises
    ------
    As ``density``, and ``shown_counts``.

    Notes
    -----
    Cells lie on multiples of ``cell_m``, wherever borders of grids run. Only one set of cells and one length of period
    may be published of a ground, a day or longer: a year beside its months, or a window that slides by a day, would
    tell the difference. A cell has no figures by kind: all kinds less those shown would be one.
    """
    hushed = set(sensitive)
    kind = incidents["category"].astype(str).to_numpy()
    open_ = ~np.isin(kind, list(hushed)) if hushed else np.ones(len(kind), dtype=bool)
    raster, row, column = find_cells(grids, cell_m)
    x, y = metric_points(incidents, raster.epsg)
    flat = np.searchsorted(row * raster.columns + column, raster.row_of(y) * raster.columns + raster.column_of(x))
    flat = np.minimum(flat, len(row) - 1)
    inside = (row[flat] == raster.row_of(y)) & (column[flat] == raster.column_of(x)) & open_
    counts = np.bincount(flat[inside], minlength=len(row))
    shown = shown_counts(counts, least=least)
    told = pd.array(np.where(shown.cells, counts, 0), dtype="Int64")
    told[~shown.cells] = pd.NA
    cells = gpd.GeoDataFrame(
        {"cell": raster.ids(row, column), "shown": shown.cells, "incidents": told},
        geometry=raster.boxes(row, column), crs=f"EPSG:{raster.epsg}",
    )  # fmt: skip
    # kinds of the same incidents as the cells: their totals agree, so nothing can be told from a difference
    names, each = np.unique(kind[inside], return_counts=True)
    if kinds is not None:
        listed = pd.Index([*sorted(set(kinds) - hushed), ""])
        number = listed.get_indexer(pd.Index(names))
        number[number < 0] = len(listed) - 1
        names, each = listed.to_numpy(), np.bincount(number, weights=each, minlength=len(listed)).astype(np.int64)
    plain = shown_counts(each, least=least).cells if len(each) else np.zeros(0, dtype=bool)
    rows = [
        {"kind": n, "sensitive": False, "incidents": int(c) if s else pd.NA}
        for n, c, s in zip(names, each, plain, strict=True)
    ] + [
        {"kind": n, "sensitive": True, "incidents": int(c) if (c := (kind == n).sum()) >= least else pd.NA}
        for n in sorted(hushed)
    ]
    by_kind = pd.DataFrame(rows, columns=["kind", "sensitive", "incidents"]).astype({"incidents": "Int64"})
    return Release(cells, by_kind, int(counts.sum()) if shown.whole else None, least, raster.cell_m)


def say_release(found: Release) -> list[Statement]:
    """Say what was hidden, and why."""
    if found.total is None:
        return [say("release_nothing", least=found.least)]
    hidden = int((~found.cells["shown"]).sum())
    said = [say("release_cells", side=f"{found.cell_m:,.0f}", least=found.least, hidden=hidden, cells=len(found.cells))]
    if found.kinds["sensitive"].any():
        said.append(say("release_sensitive", count=int(found.kinds["sensitive"].sum())))
    return said

"""What everybody may see of incidents: whole months by fixed cells, released once and never changed.

A figure that is asked for again with another window, other borders or late records tells what lies between two answers.
So nothing is counted when somebody asks: a month is released by a decision, kept as it was then, and only read.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.analysis.disclosure import LEAST, Release, public_cells, say_release
from gridmap.analysis.rhythm import say_records
from gridmap.analysis.saying import Statement
from gridmap.crs import WGS84, from_metric, metric_epsg_of, to_metric
from gridmap.domain.taxonomy import categories
from gridmap.errors import Conflict, InvalidInput, NotFound
from gridmap.services.clock import start_of
from gridmap.services.hotspots import record_faults
from gridmap.services.ports import Book, Clock, PointFilter, Store, UnitOfWork
from gridmap.services.reports import plan_report
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

#: Kind of the books that hold releases; the first day of the month is the day from which each is valid.
KIND = "release"
#: Days after a month until it may be released: what comes in late is still counted.
SETTLED = timedelta(days=7)
#: Corners of the outline of the ground that move less are left out: it is only drawn.
_OUTLINE_M = 20.0


@dataclass(frozen=True)
class Published:
    """A month as it was released.

    ``first``: its first day; ``after``: that of the next month; ``note``: by whose decision; ``place``: name of the
    borders whose ground it is; ``outline``: that ground, WGS 84; ``gaps``: first and last days of spans without any
    record.
    """

    first: date
    after: date
    made_at: datetime
    note: str
    place: str
    outline: shapely.Geometry
    gaps: tuple[tuple[date, date], ...]
    release: Release

    @property
    def month(self) -> str:
        """The month as people write it."""
        return f"{self.first:%Y-%m}"

    def window(self, zone: str) -> tuple[datetime, datetime]:
        """Its ends in a time zone."""
        return start_of(self.first, zone), start_of(self.after, zone)

    @cached_property
    def ground(self) -> gpd.GeoDataFrame:
        """The ground as one area (frames.GRIDS)."""
        rows = {"code": ["ground"], "name": [self.place], "level": ["ground"]}
        return gpd.GeoDataFrame(rows, geometry=[self.outline], crs=WGS84)

    def records(self) -> list[Statement]:
        """Say which days were not recorded."""
        return say_records(self.gaps, [])

    def said(self) -> list[Statement]:
        """Say what is hidden and why, and which days were not recorded."""
        return [*say_release(self.release), *self.records()]


def read_month(value: str) -> date:
    """Read ``2026-10`` as the first day of a month.

    Raises
    ------
    InvalidInput
        ``month_wrong``.
    """
    try:
        if len(value) != 7:
            raise ValueError
        return date.fromisoformat(f"{value}-01")
    except ValueError:
        raise InvalidInput("month_wrong") from None


def release_month(
    store: Store, plans: Plans, first: date, *, settings: Settings, clock: Clock, note: str = "", commit: bool = True
) -> Published:
    """Count a month for everybody and keep it for good.

    Parameters
    ----------
    first : date
        The first day of the month.
    note : str
        By whose decision.
    commit : bool
        False: count it, and keep nothing.

    Raises
    ------
    InvalidInput
        ``release_too_early``: the month did not end ``SETTLED`` ago.
    Conflict
        ``release_exists``: it was released before. Another count of it beside the first would tell the difference.
    NotFound
        ``no_version_at``; as ``choose_set``.
    """
    zone, after = settings.time_zone, (first + timedelta(days=31)).replace(day=1)
    start, end = start_of(first, zone), start_of(after, zone)
    now = clock.now()
    if now < start_of(after + SETTLED, zone):
        raise InvalidInput("release_too_early", day=(after + SETTLED).isoformat())
    plan = plans.at(plans.resolve_set(None, settings.default_set), after - timedelta(days=1))
    grids = plan_report(store, plan).grids
    with store.unit_of_work() as work:
        if _book_of(work, first) is not None:
            raise Conflict("release_exists", month=f"{first:%Y-%m}")
        incidents = work.incidents.frame(PointFilter(start, end))
        gaps, _ = record_faults(incidents, start, end, zone)
        made = Published(
            first, after, now, note, plan.boundary_set.title or plan.boundary_set.name, _outline(grids), gaps,
            count_month(incidents, grids, settings.sensitive_categories.split(","), settings.public_cell_m),
        )  # fmt: skip
        if commit:
            work.books.put(Book(KIND, first, written(made), note, now))
            work.commit()
    return made


def count_month(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, sensitive: Iterable[str], cell_m: float
) -> Release:
    """Count incidents by the cells and kinds of a release.

    Parameters
    ----------
    sensitive : iterable of str
        Codes of categories, or of classes with all of their types, that are told for the whole ground only.
    cell_m : float
        Side of a cell in metres.

    Notes
    -----
    All types of the catalogue are listed, recorded or not: that a kind is there tells nothing. What the catalogue does
    not know is one figure; of a class that is sensitive it is in none.
    """
    hushed = tuple(filter(None, (code.strip() for code in sensitive)))

    def is_hushed(code: str) -> bool:
        return any(code == one or code.startswith(f"{one}-") for one in hushed)

    types = [one.code for one in categories().values() if one.parent]
    silent = [code for code in types if is_hushed(code)]
    unknown = sorted(code for code in set(incidents["category"].astype(str)) - set(types) if is_hushed(code))
    found = public_cells(incidents, grids, sensitive=[*silent, *unknown], kinds=types, cell_m=cell_m, least=LEAST)
    # a sensitive kind that the catalogue does not know is not told at all: its name alone would tell that it happened
    return found._replace(kinds=found.kinds[~found.kinds["kind"].isin(unknown)].reset_index(drop=True))


class Releases:
    """The months of a store that were released, for whoever may see any: the same to all, whatever else they may."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def months(self) -> list[date]:
        """Give their first days, in their order."""
        with self._store.unit_of_work() as work:
            return [book.valid_from for book in work.books.list_books() if book.kind == KIND]

    def one(self, first: date | None = None) -> Published:
        """Give a month as it was released; without one the last.

        Raises
        ------
        NotFound
            ``release_unknown``.
        """
        with self._store.unit_of_work() as work:
            book = work.books.at(KIND, date.max) if first is None else _book_of(work, first)
        if book is None:
            raise NotFound("release_unknown")
        return read_release(book)


def _book_of(work: UnitOfWork, first: date) -> Book | None:
    found = work.books.at(KIND, first)
    return found if found is not None and found.valid_from == first else None


def _outline(grids: gpd.GeoDataFrame) -> shapely.Geometry:
    shapes = np.asarray(grids.geometry.array)
    epsg = metric_epsg_of(shapes)
    whole = shapely.simplify(shapely.union_all(to_metric(shapes, epsg)), _OUTLINE_M)
    outline: shapely.Geometry = shapely.set_precision(from_metric(np.array([whole], dtype=object), epsg)[0], 1e-6)
    return outline


def written(made: Published) -> str:
    """Write a release as it is kept: cells by their south-west corners on the lattice."""
    cells = made.release.cells
    side = made.release.cell_m
    corners = np.rint(shapely.bounds(np.asarray(cells.geometry.array))[:, :2] / side).astype(int).tolist()
    kinds = made.release.kinds
    return json.dumps(
        {
            "after": made.after.isoformat(),
            "place": made.place,
            "outline": shapely.to_wkt(made.outline, rounding_precision=6),
            "gaps": [[a.isoformat(), b.isoformat()] for a, b in made.gaps],
            "epsg": int(cells.crs.to_epsg()),
            "cell_m": side,
            "least": made.release.least,
            "total": made.release.total,
            "cells": [
                [name, *corner, *_told(count)]
                for name, corner, count in zip(cells["cell"], corners, cells["incidents"], strict=True)
            ],
            "kinds": [
                [kind, bool(hushed), *_told(count)]
                for kind, hushed, count in zip(kinds["kind"], kinds["sensitive"], kinds["incidents"], strict=True)
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _told(count: Any) -> Sequence[int]:
    """Give a figure, or nothing at all where it is hidden."""
    return [] if pd.isna(count) else [int(count)]


def read_release(book: Book) -> Published:
    """Read what ``written`` wrote."""
    held: Mapping[str, Any] = json.loads(book.content)
    side = float(held["cell_m"])
    rows = held["cells"]
    west, south = (np.array([row[k] for row in rows], dtype=float) * side for k in (1, 2))
    counts = [row[3] if len(row) > 3 else None for row in rows]
    cells = gpd.GeoDataFrame(
        {
            "cell": [row[0] for row in rows],
            "shown": [count is not None for count in counts],
            "incidents": pd.array(counts, dtype="Int64"),
        },
        geometry=shapely.box(west, south, west + side, south + side),
        crs=f"EPSG:{held['epsg']}",
    )
    kinds = pd.DataFrame(
        {
            "kind": [row[0] for row in held["kinds"]],
            "sensitive": [row[1] for row in held["kinds"]],
            "incidents": pd.array([row[2] if len(row) > 2 else None for row in held["kinds"]], dtype="Int64"),
        }
    )
    return Published(
        book.valid_from,
        date.fromisoformat(held["after"]),
        book.imported_at,
        book.note,
        held["place"],
        shapely.from_wkt(held["outline"]),
        tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in held["gaps"]),
        Release(cells, kinds, held["total"], held["least"], side),
    )

"""Books and named places, as ``services.ports`` asks for them."""

from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
import sqlalchemy as sa

from gridmap.services.ports import Book
from gridmap.store import columns as col
from gridmap.store.case_tables import BookRow, PlaceRow
from gridmap.store.unit_of_work import Work

_BOOK = ("kind", "valid_from", "content", "note", "imported_at")


class Books:
    """Tables that a city brings, each valid from a day on."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def put(self, book: Book) -> None:
        """Add a book; one of the same kind and day is replaced."""
        values = {name: getattr(book, name) for name in _BOOK}
        col.require_storable("content", [book.kind, book.content, book.note])
        self._work.write(
            sa.delete(BookRow).where(BookRow.kind == book.kind, BookRow.valid_from == book.valid_from)
        )  # fmt: skip
        self._work.write(sa.insert(BookRow), values)

    def at(self, kind: str, day: date) -> Book | None:
        """Give the book of a kind that is valid on a day."""
        rows = self._work.rows(
            sa.select(BookRow.__table__)
            .where(BookRow.kind == kind, BookRow.valid_from <= day)
            .order_by(BookRow.valid_from.desc())
            .limit(1)
        )
        return _book(rows[0]) if rows else None

    def list_books(self) -> list[Book]:
        """Give all, by kind and day."""
        rows = self._work.rows(sa.select(BookRow.__table__).order_by(BookRow.kind, BookRow.valid_from))
        return [_book(row) for row in rows]


def _book(row: Any) -> Book:
    return Book(*(getattr(row, name) for name in _BOOK))


class Places:
    """Places that have a standard name."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the places to these rows; give their number."""
        points = col.points(frame)
        names = [col.texts(frame, name, required=True) for name in ("code", "name", "kind")]
        aliases = [list(v) if isinstance(v, (list, tuple)) else [] for v in frame["aliases"]]
        col.require_storable("aliases", [alias for some in aliases for alias in some])
        x, y = shapely.get_x(points).tolist(), shapely.get_y(points).tolist()
        keys = ("code", "name", "kind", "aliases", "lon", "lat")
        rows = [dict(zip(keys, row, strict=True)) for row in zip(*names, aliases, x, y, strict=True)]
        self._work.write(sa.delete(PlaceRow))
        if rows:
            self._work.write(sa.insert(PlaceRow), rows)
        return len(rows)

    def frame(self) -> gpd.GeoDataFrame:
        """Give all places, by code."""
        rows = self._work.rows(sa.select(PlaceRow.__table__).order_by(PlaceRow.code))
        columns: dict[str, Any] = {
            name: col.text_array([getattr(row, name) for row in rows]) for name in ("code", "name", "kind")
        }
        columns["aliases"] = pd.Series([list(row.aliases) for row in rows], dtype=object)
        return col.frame_of(columns, shapely.points([r.lon for r in rows], [r.lat for r in rows]))

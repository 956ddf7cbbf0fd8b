"""Books and places in memory."""

from datetime import date
from typing import Any

import geopandas as gpd

from gridmap.services.ports import Book


class FakeBooks:
    """Tables of a city by kind and day."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def put(self, book: Book) -> None:
        self._work.write().books[book.kind, book.valid_from] = book

    def at(self, kind: str, day: date) -> Book | None:
        held = [book for (of, start), book in self._work.read().books.items() if of == kind and start <= day]
        return max(held, key=lambda book: book.valid_from, default=None)

    def list_books(self) -> list[Book]:
        return [book for _, book in sorted(self._work.read().books.items())]


class FakePlaces:
    """Places with a name."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        self._work.write().places = frame.sort_values("code", ignore_index=True)
        return len(frame)

    def frame(self) -> gpd.GeoDataFrame:
        found = self._work.read().places
        if found is None:
            empty: dict[str, list[Any]] = {name: [] for name in ("code", "name", "kind", "aliases")}
            return gpd.GeoDataFrame(empty, geometry=[], crs="EPSG:4326")
        return found.copy()

"""Standard places of the city: their import, and the index of what an address text may mean among them."""

import hashlib
import json
from collections.abc import Hashable
from datetime import date

import geopandas as gpd

from gridmap.analysis.gazetteer import Gazetteer
from gridmap.domain.boundaries import ALWAYS
from gridmap.services.ports import Book, Clock, Store, UnitOfWork

#: The kind of book that tells which places are kept: how many, their hash, when they came.
KIND = "places"


def import_places(store: Store, places: gpd.GeoDataFrame, *, note: str, clock: Clock, commit: bool) -> int:
    """Keep these places in place of all former ones; give their number.

    Parameters
    ----------
    places : GeoDataFrame
        ``code``, ``name``, ``kind``, ``aliases``, points in WGS 84.
    note : str
        Where they come from.
    """
    told = hashlib.sha256()
    texts = (places[c] for c in ("code", "name", "kind", "aliases"))
    for row in zip(*texts, places.geometry.x, places.geometry.y, strict=True):
        told.update(json.dumps(row, ensure_ascii=False).encode())
    content = json.dumps({"rows": len(places), "sha256": told.hexdigest()})
    with store.unit_of_work() as work:
        count = work.places.replace(places)
        work.books.put(Book(KIND, ALWAYS, content, note, clock.now()))
        if commit:
            work.commit()
    return count


def places_token(work: UnitOfWork) -> Hashable:
    """Give what stands for the places that are kept: equal ones mean the same places."""
    book = work.books.at(KIND, date.max)
    return None if book is None else (book.imported_at, book.content)


def gazetteer_of(work: UnitOfWork) -> Gazetteer:
    """Read all places and make the index of them: about two seconds for 100,000."""
    return Gazetteer(work.places.frame())

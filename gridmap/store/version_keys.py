"""Versions by (set, number), which is what frames say, and by row id, which is what rows hold."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa

from gridmap.errors import NotFound
from gridmap.store import columns as col
from gridmap.store.tables import BoundarySetRow, VersionRow
from gridmap.store.unit_of_work import Work

#: The columns of a frame of points that name the version whose grids were asked for the owner.
VERSION_COLUMNS = ("set_name", "version_number")


def version_id_of(version: tuple[str, int]) -> sa.ScalarSelect[Any]:
    """Select the row id of a version."""
    set_name, number = version
    return (
        sa.select(VersionRow.id)
        .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
        .where(BoundarySetRow.name == set_name, VersionRow.number == number)
        .scalar_subquery()
    )


def version_ids_of(set_name: str) -> sa.Select[Any]:
    """Select the row ids of the versions of a set."""
    return (
        sa.select(VersionRow.id)
        .join(BoundarySetRow, BoundarySetRow.id == VersionRow.set_id)
        .where(BoundarySetRow.name == set_name)
    )


def version_values(frame: pd.DataFrame) -> list[tuple[str, int] | None]:
    """Give the version of each row of a frame; None where it names none."""
    names, numbers = col.texts(frame, "set_name"), col.integers(frame, "version_number")
    return [None if a is None or b is None else (a, b) for a, b in zip(names, numbers, strict=True)]


def ids_of(work: Work, versions: Sequence[tuple[str, int] | None]) -> list[int | None]:
    """Give row ids for versions.

    Raises
    ------
    NotFound
        ``version_unknown``.
    """
    known: dict[tuple[str, int] | None, int | None] = {key: number for number, key in _all(work).items()}
    known[None] = None
    if not known.keys() >= set(versions):
        raise NotFound("version_unknown")
    return [known[v] for v in versions]


def versions_of(work: Work, ids: Sequence[int | None]) -> list[tuple[str, int] | None]:
    """Give versions for row ids."""
    if all(i is None for i in ids):
        return [None] * len(ids)
    known = _all(work)
    return [None if i is None else known[i] for i in ids]


def version_columns(versions: Sequence[tuple[str, int] | None]) -> dict[str, Any]:
    """Make the columns that name versions."""
    return {
        "set_name": col.text_array([None if v is None else v[0] for v in versions]),
        "version_number": col.integer_array([None if v is None else v[1] for v in versions]),
    }


def _all(work: Work) -> dict[int, tuple[str, int]]:
    query = sa.select(VersionRow.id, BoundarySetRow.name, VersionRow.number).join(
        BoundarySetRow, BoundarySetRow.id == VersionRow.set_id
    )
    return work.catalogued("version keys", lambda: {row.id: (row.name, row.number) for row in work.rows(query)})

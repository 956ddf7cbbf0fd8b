"""The tables of cases, of the data that their work goes by, and of places that have a name."""

from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    sql,
)
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.store.tables import Base, Code, JsonText, RowId, UtcTime

#: Sides of the cells that open cases are looked up by, in degrees: some 170 m from south to north.
CELL_DEG = 0.0015
#: Cells from west to east and more: the number of a cell is its row times this, plus its column.
_ROW = 2**18
#: Of the index of cells.
_OPEN = sql.text("queue_at is not null")


def cells_of(lon: ArrayLike, lat: ArrayLike) -> np.ndarray:
    """Give the number of the cell of each place (degrees); neighbours from west to east follow each other."""
    row, column = (np.floor((np.asarray(v) + half) / CELL_DEG).astype(np.int64) for v, half in ((lat, 90), (lon, 180)))
    found: np.ndarray = row * _ROW + column
    return found


def cells_in(sides: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give for each box (rows of west, south, east, north in degrees) the cells in its way, a run for each row.

    Returns
    -------
    tuple of (numbers of the boxes, first cells, last cells)
    """
    west, south, east, north = np.asarray(sides, dtype=np.float64).T
    first, last, top = cells_of(west, south), cells_of(east, south), cells_of(west, north)
    rows = (top - first) // _ROW + 1
    box = np.repeat(np.arange(len(rows)), rows)
    up = (np.arange(len(box)) - np.repeat(np.cumsum(rows) - rows, rows)) * _ROW
    return box, first[box] + up, last[box] + up


class CaseRow(Base):
    """A case: what its record says, and what only the report said. Place, time and category are the incident's."""

    __tablename__ = "case_file"
    __table_args__ = (
        UniqueConstraint("incident_id"),
        # the queue: open cases by what is up next
        Index(None, "queue_at", "id", "status"),
        Index(None, "reported_at", "id"),
        Index(None, "unit", "queue_at"),
        # what is at risk: from when on, and until when
        Index(None, "risk_at", "queue_at"),
        # open cases about a place: what was closed in all the years before costs nothing
        Index(None, "cell", "reported_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    #: No foreign key: an incident never goes, and to ask for each of a million rows is dear.
    incident_id: Mapped[str] = mapped_column(Code)
    status: Mapped[str] = mapped_column(Code)
    #: Lines of the record: a timer, or somebody who acts, goes by one of them.
    version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Code)
    emergency: Mapped[bool] = mapped_column(Boolean)
    component: Mapped[str | None] = mapped_column(Code)
    photos: Mapped[list[str]] = mapped_column(JsonText)
    reporter: Mapped[str | None] = mapped_column(Code)
    accuracy_m: Mapped[float | None] = mapped_column(Double)
    address: Mapped[str | None] = mapped_column(Text)
    proposed: Mapped[str | None] = mapped_column(Code)
    rule: Mapped[str | None] = mapped_column(Code)
    #: About where it is, for the look at open cases near by: see ``cells_of``.
    cell: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: The limit that was given when it was filed; a later table of limits changes nothing about it.
    handling_limit: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str | None] = mapped_column(Code)
    reported_at: Mapped[datetime] = mapped_column(UtcTime)
    filed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    dispatched_at: Mapped[datetime | None] = mapped_column(UtcTime)
    handled_at: Mapped[datetime | None] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    #: When the limit for handling is up, and that of the present stage; none while the clock stands.
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    stage_due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    #: The place in the queue: ``stage_due_at``, or the end of time where an open case has none; none: it is not open.
    queue_at: Mapped[datetime | None] = mapped_column(UtcTime)
    #: From when on the present stage of an open case is at risk.
    risk_at: Mapped[datetime | None] = mapped_column(UtcTime)
    extensions: Mapped[int] = mapped_column(Integer)
    returns: Mapped[int] = mapped_column(Integer)
    reworks: Mapped[int] = mapped_column(Integer)
    appealed: Mapped[bool] = mapped_column(Boolean)
    merged_into: Mapped[str | None] = mapped_column(Code)


class CaseEntryRow(Base):
    """One line of the record of a case. Two at one number cannot be: whoever is second did not act."""

    __tablename__ = "case_entry"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        # the cases with which anything happened on a day
        Index(None, "at", "case_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"))
    number: Mapped[int] = mapped_column(Integer)
    act: Mapped[str] = mapped_column(Code)
    #: The account, or the seat where nobody signs in; and its name at the time.
    actor_id: Mapped[str] = mapped_column(Code)
    author: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Code)
    at: Mapped[datetime] = mapped_column(UtcTime)
    reason: Mapped[str] = mapped_column(Text)
    names: Mapped[str] = mapped_column(Code)


class BookRow(Base):
    """What the work on cases goes by (limits, rules of responsibility, a calendar, alerts), from a day on."""

    __tablename__ = "case_book"
    __table_args__ = (UniqueConstraint("kind", "valid_from"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(Code)
    valid_from: Mapped[date] = mapped_column(Date)
    content: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    imported_at: Mapped[datetime] = mapped_column(UtcTime)


class PlaceRow(Base):
    """A place that has a standard name."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("code"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(Code)
    name: Mapped[str] = mapped_column(Code)
    kind: Mapped[str] = mapped_column(Code)
    aliases: Mapped[list[str]] = mapped_column(JsonText)
    lon: Mapped[float] = mapped_column(Double)
    lat: Mapped[float] = mapped_column(Double)

"""Tables of shifts, of clocks of devices, and of what is kept of patrols once their fixes are gone."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Double, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gridmap.store.tables import Base, Code, JsonText, RowId, UtcTime


class ShiftRow(Base):
    """A unit is on duty in ``[starts_at, ends_at)``, in these areas of a set."""

    __tablename__ = "shift"
    __table_args__ = (
        UniqueConstraint("set_id", "unit_id", "starts_at"),
        Index(None, "set_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", name="length"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("boundary_set.id", ondelete="CASCADE"))
    unit_id: Mapped[str] = mapped_column(Code)
    starts_at: Mapped[datetime] = mapped_column(UtcTime)
    ends_at: Mapped[datetime] = mapped_column(UtcTime)
    codes: Mapped[list[str]] = mapped_column(JsonText)


class ClockRow(Base):
    """A clock that is wrong (``domain.duty.UnitClock``); a right one has no row."""

    __tablename__ = "unit_clock"
    __table_args__ = (UniqueConstraint("unit_id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    unit_id: Mapped[str] = mapped_column(Code)
    offset_s: Mapped[float | None] = mapped_column(Double)
    seen: Mapped[list[list[float]]] = mapped_column(JsonText)
    until: Mapped[datetime | None] = mapped_column(UtcTime)


class DaySumRow(Base):
    """What the patrols of a day amount to in one grid (none: outside all): no person, no place."""

    __tablename__ = "patrol_day"
    __table_args__ = (Index(None, "day", "grid_code"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    grid_code: Mapped[str | None] = mapped_column(Code)
    #: No foreign key, as of fixes.
    version_id: Mapped[int | None] = mapped_column(Integer)
    visits: Mapped[int] = mapped_column(Integer)
    dwells: Mapped[int] = mapped_column(Integer)
    passes: Mapped[int] = mapped_column(Integer)
    workers: Mapped[int] = mapped_column(Integer)
    minutes: Mapped[float] = mapped_column(Double)
    dwell_minutes: Mapped[float] = mapped_column(Double)
    km: Mapped[float] = mapped_column(Double)
    first_at: Mapped[datetime] = mapped_column(UtcTime)
    last_at: Mapped[datetime] = mapped_column(UtcTime)
    last_dwell_at: Mapped[datetime | None] = mapped_column(UtcTime)
    #: ``[hour, visits, workers, minutes, km]`` for each hour on the wall with any.
    hours: Mapped[list[list[Any]]] = mapped_column(JsonText)
    #: How many fixes the grid owned, and the last of them; missing: of a day that was thinned before they were counted.
    fixes: Mapped[int | None] = mapped_column(Integer)
    last_fix_at: Mapped[datetime | None] = mapped_column(UtcTime)


class ThinnedRow(Base):
    """A day up to and with which no fixes are taken in any more: they were summed up and thrown away."""

    __tablename__ = "patrol_thinned"
    __table_args__ = (UniqueConstraint("day"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    day: Mapped[date] = mapped_column(Date)
    ends_at: Mapped[datetime] = mapped_column(UtcTime)
    fixes: Mapped[int] = mapped_column(Integer)
    thinned_at: Mapped[datetime] = mapped_column(UtcTime)

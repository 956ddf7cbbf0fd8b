"""Shifts and clocks of devices, as ``services.ports`` asks for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gridmap.domain.duty import Shift, UnitClock
from gridmap.errors import Conflict
from gridmap.store import columns as col
from gridmap.store.duty_tables import ClockRow, ShiftRow
from gridmap.store.tables import BoundarySetRow
from gridmap.store.timed import set_id_for_writing
from gridmap.store.unit_of_work import Work


class Duty:
    """Who is on duty when and where, and the clocks that are wrong."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def put_shifts(self, set_name: str, shifts: Sequence[Shift], *, start: datetime, end: datetime) -> int:
        """Let these be the shifts of a set that begin in a window; give how many were there before."""
        col.require_storable("unit_id", [shift.unit_id for shift in shifts])
        col.require_storable("codes", [code for shift in shifts for code in shift.codes])
        if len({(shift.unit_id, shift.starts_at) for shift in shifts}) < len(shifts):
            raise Conflict("store_refused")
        set_id = set_id_for_writing(self._work, set_name)
        gone = self._work.write(
            sa.delete(ShiftRow).where(
                ShiftRow.set_id == set_id, ShiftRow.starts_at >= start, ShiftRow.starts_at < end
            )
        ).rowcount  # fmt: skip
        rows = [
            {
                "set_id": set_id,
                "unit_id": shift.unit_id,
                "starts_at": shift.starts_at,
                "ends_at": shift.ends_at,
                "codes": list(shift.codes),
            }
            for shift in shifts
        ]
        if rows:
            self._work.write(sa.insert(ShiftRow), rows)
        return int(gone)

    def shifts(self, set_name: str, start: datetime, end: datetime, units: Sequence[str] | None = None) -> list[Shift]:
        """Give the shifts that hold at any moment of a window, by start and unit."""
        query = (
            sa.select(ShiftRow.unit_id, ShiftRow.starts_at, ShiftRow.ends_at, ShiftRow.codes)
            .join(BoundarySetRow, BoundarySetRow.id == ShiftRow.set_id)
            .where(BoundarySetRow.name == set_name, ShiftRow.starts_at < end, ShiftRow.ends_at > start)
            .order_by(ShiftRow.starts_at, ShiftRow.unit_id)
        )
        if units is not None:
            query = query.where(self._work.backend.one_of(ShiftRow.unit_id, sorted(set(units))))
        return [Shift(row[0], row[1], row[2], tuple(row[3])) for row in self._work.rows(query)]

    def bound(self, set_name: str, units: Sequence[str]) -> set[str]:
        """Give those of these units that have a shift at any time."""
        rows = self._work.rows(
            sa.select(ShiftRow.unit_id)
            .distinct()
            .join(BoundarySetRow, BoundarySetRow.id == ShiftRow.set_id)
            .where(
                BoundarySetRow.name == set_name, self._work.backend.one_of(ShiftRow.unit_id, sorted(set(units)))
            )
        )  # fmt: skip
        return {str(row[0]) for row in rows}

    def clocks(self, units: Sequence[str] | None = None) -> list[UnitClock]:
        """Give what is known of the clocks that are wrong, by unit."""
        query = sa.select(ClockRow.unit_id, ClockRow.offset_s, ClockRow.seen, ClockRow.until).order_by(ClockRow.unit_id)
        if units is not None:
            query = query.where(self._work.backend.one_of(ClockRow.unit_id, sorted(set(units))))
        return [UnitClock(row[0], row[1], _pairs(row[2]), row[3]) for row in self._work.rows(query)]

    def put_clocks(self, clocks: Sequence[UnitClock], right: Sequence[str] = ()) -> int:
        """Remember clocks that are wrong, and forget those that are right; give how many changed."""
        # in one order for all: two units of work must not wait for each other
        wrong = sorted(clocks, key=lambda clock: clock.unit_id)
        units = sorted({*right, *(clock.unit_id for clock in wrong)})
        if not units:
            return 0
        col.require_storable("unit_id", units)
        self._work.begin_writing()
        self._work.write(sa.delete(ClockRow).where(self._work.backend.one_of(ClockRow.unit_id, units)))
        if wrong:
            rows: list[dict[str, Any]] = [
                {"unit_id": c.unit_id, "offset_s": c.offset_s, "seen": [list(s) for s in c.seen], "until": c.until}
                for c in wrong
            ]
            self._work.write(sa.insert(ClockRow), rows)
        return len(units)


def _pairs(values: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(said), float(received)) for said, received in values)

"""Shifts, clocks and sums of days of the store in memory."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from gridmap.analysis.patrol_days import DAY_SUMS, days_frame
from gridmap.errors import Conflict, NotFound
from gridmap.store import columns as col


@dataclass
class DutyState:
    shifts: dict[tuple[str, str, Any], Any] = field(default_factory=dict)
    clocks: dict[str, Any] = field(default_factory=dict)
    thinned: tuple[Any, ...] = ()
    sums: tuple[tuple[Any, ...], ...] = ()

    def __copy__(self) -> "DutyState":
        return DutyState(dict(self.shifts), dict(self.clocks), self.thinned, self.sums)


class FakeDuty:
    def __init__(self, work: Any) -> None:
        self._work = work

    def put_shifts(self, set_name, shifts, *, start, end):
        col.require_storable("unit_id", [s.unit_id for s in shifts])
        col.require_storable("codes", [c for s in shifts for c in s.codes])
        state = self._work.write()
        if len({(s.unit_id, s.starts_at) for s in shifts}) < len(shifts):
            raise Conflict("store_refused")
        if set_name not in state.sets:
            raise NotFound("set_not_found")
        kept = state.duty.shifts
        gone = [key for key in kept if key[0] == set_name and start <= key[2] < end]
        for key in gone:
            del kept[key]
        for shift in shifts:
            key = (set_name, shift.unit_id, shift.starts_at)
            if key in kept or shift.ends_at <= shift.starts_at:
                raise Conflict("store_refused")
            kept[key] = shift
        return len(gone)

    def shifts(self, set_name, start, end, units=None):
        found = [
            shift
            for (name, unit, _), shift in self._work.read().duty.shifts.items()
            if name == set_name and shift.starts_at < end and shift.ends_at > start and (units is None or unit in units)
        ]
        return sorted(found, key=lambda s: (s.starts_at, s.unit_id))

    def bound(self, set_name, units):
        return {unit for name, unit, _ in self._work.read().duty.shifts if name == set_name and unit in units}

    def clocks(self, units=None):
        known = self._work.read().duty.clocks
        return [known[unit] for unit in sorted(known) if units is None or unit in units]

    def put_clocks(self, clocks, right=()):
        units = {*right, *(c.unit_id for c in clocks)}
        if units:
            known = self._work.write().duty.clocks
            for unit in units:
                known.pop(unit, None)
            known |= {c.unit_id: c for c in clocks}
        return len(units)


class FakePatrolDays:
    def __init__(self, work: Any) -> None:
        self._work = work

    def thinned_until(self):
        return max((day.ends_at for day in self._work.read().duty.thinned), default=None)

    def days(self):
        return sorted(self._work.read().duty.thinned)

    def frame(self, first, end, within=None):
        rows = []
        for row in self._work.read().duty.sums:
            day, code, name = row[:3]
            reach = None if within is None else dict(within)
            mine = reach is None or (name in reach and (reach[name] is None or code in reach[name]))
            if first <= day < end and mine:
                rows.append(row)
        return days_frame(sorted(rows, key=lambda r: (r[0], r[1] is None, r[1] or "")))

    def thin(self, sums, thinned, *, expected, before):
        state = self._work.write()
        until = self.thinned_until()
        if until is not None and thinned.ends_at <= until:
            return False
        if sum(row["at"] < thinned.ends_at for row in state.fixes.values()) != expected:
            return False
        rows = [tuple(None if _none(v) else v for v in row) for row in sums[list(DAY_SUMS)].itertuples(index=False)]
        state.duty.sums += tuple(rows)
        state.duty.thinned += (thinned,)
        state.fixes = {key: row for key, row in state.fixes.items() if row["at"] >= before}
        return True


def _none(value: Any) -> bool:
    return not isinstance(value, list) and bool(pd.isna(value))

"""What fixes are held against before they are kept: the clocks of their units, and their shifts.

Off shift, nobody is followed: such a fix is refused, and nothing of it is kept. A unit without any shift on record is
not bound by shifts, for vehicles and stations have none, and a district that plans no shifts in this program must not
lose its patrols; where all units have shifts, ``GRIDMAP_FIXES_WITHOUT_SHIFT=refuse`` closes that door. A unit with any
shift on record is bound at all times: that next week's shifts are not imported yet is no reason to follow anybody.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from gridmap.crs import gcj02_to_wgs84
from gridmap.domain.duty import Shift, UnitClock, by_unit, read_clock
from gridmap.domain.patrols import CleaningRules
from gridmap.services.intake.items import ItemResult, kept_fix
from gridmap.services.intake.owners import Asked
from gridmap.services.ports import NewFix, PointFilter, PointOwner, UnitOfWork
from gridmap.services.responsibility import Plan, locate_many, owning_set
from gridmap.settings import Settings

OUTSIDE, SHIFTED = "outside_duty_area", "suspected_gcj02"
#: Verdicts that a clock which was set right may overrule.
_OF_CLOCKS = frozenset({"before_epoch", "clock_skew", "too_old"})
_OFF_SHIFT = ItemResult("rejected", "off_shift")
_NEVER, _ALWAYS = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


class Reading:
    """The fixes of one batch as their clocks are understood: faults are of the corrected times."""

    def __init__(self, fixes: Sequence[NewFix], faults: Sequence[ItemResult | None]) -> None:
        self.fixes = list(fixes)
        self.faults = list(faults)
        self.clock_s: dict[int, float] = {}

    def set_right(self, rows: Sequence[int], offset: timedelta, now: datetime, rules: CleaningRules) -> None:
        """Add what a clock lacks, and judge again what it was at fault for."""
        for i in rows:
            fix, fault = self.fixes[i], self.faults[i]
            if not _NEVER - min(offset, timedelta(0)) < fix.fixed_at < _ALWAYS - max(offset, timedelta(0)):
                continue
            self.fixes[i] = fix._replace(fixed_at=fix.fixed_at + offset)
            self.clock_s[i] = offset.total_seconds()
            if fault is None or fault.code in _OF_CLOCKS:
                self.faults[i] = kept_fix(self.fixes[i], now, rules)


class Duty:
    """Shifts and clocks of the units of some batches, read once for all of them.

    Attributes
    ----------
    readings : list of Reading
        One a batch.
    clocks : dict of str to UnitClock or None
        What is to be remembered of clocks, where that changed; None: the clock is right.
    """

    def __init__(
        self,
        raw: UnitOfWork,
        batches: Iterable[tuple[Sequence[NewFix], Sequence[ItemResult | None]]],
        settings: Settings,
        now: datetime,
        rules: CleaningRules,
    ) -> None:
        self._raw = raw
        self._settings = settings
        self._rules = rules
        self._tolerance = timedelta(minutes=settings.shift_tolerance_minutes)
        self._shifts: dict[str, list[Shift]] = {}
        self._bound: set[str] = set()
        self.readings = [Reading(fixes, faults) for fixes, faults in batches]
        self.clocks: dict[str, UnitClock | None] = {}
        units = sorted({fix.unit_id for reading in self.readings for fix in reading.fixes})
        home = owning_set(raw, settings.default_set) if units else None
        if units:
            self._read_clocks({clock.unit_id: clock for clock in raw.duty.clocks(units)}, now)
        if home is not None:
            self._read_shifts(home.name, units)

    def _read_clocks(self, known: dict[str, UnitClock], now: datetime) -> None:
        for reading in self.readings:
            rows: dict[str, list[int]] = {}
            for i, fix in enumerate(reading.fixes):
                rows.setdefault(fix.unit_id, []).append(i)
            for unit, mine in rows.items():
                before = known.get(unit)
                read = read_clock(before, unit, [reading.fixes[i].fixed_at for i in mine], now, self._rules)
                if read.clock != before:
                    self.clocks[unit] = read.clock
                    known.pop(unit, None)
                    if read.clock is not None:
                        known[unit] = read.clock
                if read.offset:
                    reading.set_right(mine, read.offset, now, self._rules)

    def _read_shifts(self, set_name: str, units: Sequence[str]) -> None:
        self._bound = self._raw.duty.bound(set_name, units)
        times = [
            fix.fixed_at
            for reading in self.readings
            for fix, fault in zip(reading.fixes, reading.faults, strict=True)
            if fault is None and fix.unit_id in self._bound
        ]
        if times:
            start, end = min(times) - self._tolerance, max(times) + self._tolerance
            found = self._raw.duty.shifts(set_name, start, end + timedelta(microseconds=1), sorted(self._bound))
            self._shifts = dict(by_unit(found))
        refuse_others = self._settings.fixes_without_shift == "refuse"
        for reading in self.readings:
            for i, (fix, fault) in enumerate(zip(reading.fixes, reading.faults, strict=True)):
                if fault is None and (refuse_others or fix.unit_id in self._bound) and self.shift_of(fix) is None:
                    reading.faults[i] = _OFF_SHIFT

    def shift_of(self, fix: NewFix) -> Shift | None:
        """Give the shift in which a fix was taken; of several, one that holds without tolerance, then the first."""
        mine = self._shifts.get(fix.unit_id, ())
        strict = next((s for s in mine if s.holds(fix.fixed_at, timedelta(0))), None)
        return strict or next((s for s in mine if s.holds(fix.fixed_at, self._tolerance)), None)

    def flags(self, asked: Sequence[Asked], owners: Sequence[PointOwner]) -> list[str | None]:
        """Say of fixes that are kept which lie outside the duty area of their shift, and which look like GCJ-02."""
        flags: list[str | None] = [None] * len(asked)
        units: dict[tuple[str, int], list[int]] = {}
        shifts: dict[int, Shift] = {}
        for i, one in enumerate(asked):
            assert isinstance(one.point, NewFix)
            shift = self.shift_of(one.point)
            if shift is not None and shift.codes and one.plan is not None:
                shifts[i] = shift
                units.setdefault((shift.unit_id, id(shift)), []).append(i)
        for rows in units.values():
            plan, shift = asked[rows[0]].plan, shifts[rows[0]]
            assert plan is not None
            outside = [i for i in rows if not _within(plan, owners[i].grid_code, shift)]
            for i in outside:
                flags[i] = OUTSIDE
            if outside and self._looks_shifted(plan, shift, [asked[i].point for i in rows], len(outside)):
                for i in rows:
                    flags[i] = SHIFTED
        return flags

    def _looks_shifted(self, plan: Plan, shift: Shift, points: Sequence[object], outside: int) -> bool:
        """Tell whether the fixes of a shift fit its area much better once shifted back (``datum_*`` of the rules)."""
        lon = [p.lon for p in points]  # type: ignore[attr-defined]
        lat = [p.lat for p in points]  # type: ignore[attr-defined]
        codes, _ = self._located(plan, lon, lat)
        within, back, count = len(points) - outside, _count(plan, codes, shift), len(points)
        if not self._fits_better(within, back, count):
            return False
        if count < self._rules.datum_fixes:
            # a batch alone is too little: what came before it in this shift decides with it
            window = PointFilter(shift.starts_at - self._tolerance, shift.ends_at + self._tolerance)
            before = self._raw.patrols.frame(window, [shift.unit_id])
            there = set(zip(lon, lat, strict=True))
            x, y = before.geometry.x.tolist(), before.geometry.y.tolist()
            new = [i for i, place in enumerate(zip(x, y, strict=True)) if place not in there]
            kept = before["grid_code"].tolist()
            within += sum(_within(plan, kept[i], shift) for i in new)
            codes, _ = self._located(plan, [x[i] for i in new], [y[i] for i in new])
            back += _count(plan, codes, shift)
            count += len(new)
        return count >= self._rules.datum_fixes and self._fits_better(within, back, count)

    def _fits_better(self, within: int, back: int, count: int) -> bool:
        return back >= self._rules.datum_share * count and back - within >= self._rules.datum_gain * count

    def _located(self, plan: Plan, lon: Sequence[float], lat: Sequence[float]) -> tuple[list[object], object]:
        x, y = gcj02_to_wgs84(np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64))
        codes, answers = locate_many(plan, x, y, nearest_within_m=self._settings.nearest_within_m)
        return codes.tolist(), answers


def _count(plan: Plan, codes: Sequence[object], shift: Shift) -> int:
    return sum(_within(plan, code, shift) for code in codes)


def _within(plan: Plan, code: object, shift: Shift) -> bool:
    return isinstance(code, str) and any(link.code in shift.codes for link in plan.chain(code))

"""Sums of patrols by day and grid, as ``services.ports`` asks for them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from gridmap.analysis.patrol_days import COUNTS, MEASURES, MOMENTS, days_frame
from gridmap.services.ports import ThinnedDay, Within
from gridmap.store import columns as col
from gridmap.store.duty_tables import DaySumRow, ThinnedRow
from gridmap.store.points import owned_within
from gridmap.store.tables import FixRow
from gridmap.store.unit_of_work import Work
from gridmap.store.version_keys import ids_of, version_values, versions_of

#: Held by who adds fixes, shared, and by who throws them away, alone, until the end of the transaction.
_LOCK = 0x7468696E  # "thin"
_VALUES = (*COUNTS, *MEASURES, *MOMENTS)
_LAST = ("hours", "fixes", "last_fix_at")


def thinned_until(work: Work) -> datetime | None:
    """Give the moment before which no fixes are taken in any more; for who writes, it stands until the commit."""
    (row,) = work.rows(sa.select(sa.func.max(ThinnedRow.ends_at)))
    found: datetime | None = row[0]
    return found


def hold_off_thinning(work: Work) -> datetime | None:
    """Begin to add fixes and give the moment before which none may come; who thins waits until the commit."""
    work.begin_writing()
    if work.engine.dialect.name == "postgresql":
        work.rows(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))
    return thinned_until(work)


class PatrolDays:
    """What patrols amount to by day and grid, once their fixes are gone."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def thinned_until(self) -> datetime | None:
        """Give the moment before which no fixes are taken in any more."""
        return thinned_until(self._work)

    def days(self) -> list[ThinnedDay]:
        """Give the days that were summed up, by day."""
        row = ThinnedRow
        query = sa.select(row.day, row.ends_at, row.fixes, row.thinned_at).order_by(row.day)
        return [ThinnedDay(*found) for found in self._work.rows(query)]

    def frame(self, first: date, end: date, within: Within | None = None) -> pd.DataFrame:
        """Give DAY_SUMS of some days, by day and grid."""
        row = DaySumRow
        query = (
            sa.select(row.day, row.grid_code, row.version_id, *(getattr(row, name) for name in (*_VALUES, *_LAST)))
            .where(row.day >= first, row.day < end, *owned_within(self._work.backend, row, within))
            .order_by(row.day, row.grid_code.is_(None), row.grid_code, row.id)
        )
        rows = self._work.rows(query)
        versions = versions_of(self._work, [found[2] for found in rows])
        return days_frame(
            (found[0], found[1], *(version or (None, None)), *found[3:])
            for found, version in zip(rows, versions, strict=True)
        )

    def thin(self, sums: pd.DataFrame, thinned: ThinnedDay, *, expected: int, before: datetime) -> bool:
        """Put the sums of a day in the place of the fixes before a moment, unless fixes came since."""
        work = self._work
        work.begin_writing()
        if work.engine.dialect.name == "postgresql":
            work.rows(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        until = thinned_until(work)
        if until is not None and thinned.ends_at <= until:
            return False
        (count,) = work.rows(sa.select(sa.func.count()).where(FixRow.fixed_at < thinned.ends_at))
        if count[0] != expected:
            return False
        rows = _rows(sums, ids_of(work, version_values(sums)))
        if rows:
            work.write(sa.insert(DaySumRow), rows)
        work.write(sa.insert(ThinnedRow), thinned._asdict())
        work.write(sa.delete(FixRow).where(FixRow.fixed_at < before))
        work.after_delete(FixRow.__table__)  # type: ignore[arg-type]
        return True


def _rows(sums: pd.DataFrame, versions: Sequence[int | None]) -> list[dict[str, Any]]:
    codes = col.texts(sums, "grid_code")
    moments = {
        name: [None if pd.isna(t) else t.to_pydatetime() for t in sums[name]] for name in (*MOMENTS, "last_fix_at")
    }
    values = {name: sums[name].tolist() for name in (*COUNTS, *MEASURES, "day", "hours")} | moments
    values |= {"fixes": [None if pd.isna(n) else int(n) for n in sums["fixes"]]}
    values |= {"grid_code": codes, "version_id": list(versions)}
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]

"""Staff and profiles of grids over time, as ``services.ports`` asks for them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import sqlalchemy as sa

from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile
from gridmap.domain.spans import Span, next_change
from gridmap.errors import Conflict
from gridmap.store import columns as col
from gridmap.store.tables import BoundarySetRow, ProfileRow, StaffRow
from gridmap.store.timed import Key, delete_rows, holds_at, rewriting, set_id_for_writing
from gridmap.store.unit_of_work import Work

_MEMBER = ("grid_code", "role", "name", "phone", "department")
_PROFILE = ("grid_code", "households", "floating_residents", "department", "phone")


class Staff:
    """Who is on duty in a grid, and when."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def replace(self, set_name: str, members: Sequence[StaffMember], *, valid_from: date) -> int:
        """Let these be the staff of a set from a day until the next change on record; give their number."""
        for name in _MEMBER:
            col.require_storable(name, [getattr(m, name) for m in members])
        set_id = set_id_for_writing(self._work, set_name)
        change = rewriting(self._held(set_name), [_values(m, _MEMBER) for m in members], valid_from)
        delete_rows(self._work, StaffRow, change.gone)
        if change.added:
            self._work.write(sa.insert(StaffRow), [_row(set_id, _MEMBER, key, span) for key, span in change.added])
        return len(members)

    def _held(self, set_name: str) -> list[tuple[int, Key, Span]]:
        return _timed(self._work, StaffRow, _MEMBER, set_name)

    def any_of(self, set_name: str) -> bool:
        """Tell whether somebody is on duty in a set on any day."""
        return _any_of(self._work, StaffRow, set_name)

    def next_change(self, set_name: str, day: date) -> date | None:
        """Give the first day after a day on which the staff of a set is another; None where it stays."""
        return next_change((span for _, _, span in self._held(set_name)), day)

    def of_grid(self, set_name: str, code: str, day: date) -> list[StaffMember]:
        """Give the staff of a grid on a day, heads first, then by name."""
        found = self._work.rows(self._of_day(set_name, day).where(StaffRow.grid_code == code))
        return [StaffMember(*row) for row in found]

    def of_day(self, set_name: str, day: date) -> list[StaffMember]:
        """Give the staff of all grids of a set on a day, by code, then as ``of_grid``."""
        return [StaffMember(*row) for row in self._work.rows(self._of_day(set_name, day))]

    def _of_day(self, set_name: str, day: date) -> sa.Select[Any]:
        row = StaffRow
        return (
            sa.select(*(getattr(row, name) for name in _MEMBER))
            .join(BoundarySetRow, BoundarySetRow.id == row.set_id)
            .where(BoundarySetRow.name == set_name, holds_at(row, day))
            # "head" sorts before "worker"
            .order_by(row.grid_code, row.role, row.name, row.phone, row.department, row.id)
        )

    def counts(self, set_name: str, day: date, *, code: str | None = None) -> pd.DataFrame:
        """Give ``grid_code, heads, workers`` of a day; one row a grid that has staff, by code; or of one grid."""
        of_grid = [] if code is None else [StaffRow.grid_code == code]
        rows = self._work.rows(
            sa.select(
                StaffRow.grid_code,
                sa.func.sum(sa.case((StaffRow.role == "head", 1), else_=0)),
                sa.func.sum(sa.case((StaffRow.role == "worker", 1), else_=0)),
            )
            .join(BoundarySetRow, BoundarySetRow.id == StaffRow.set_id)
            .where(BoundarySetRow.name == set_name, holds_at(StaffRow, day), *of_grid)
            .group_by(StaffRow.grid_code)
            .order_by(StaffRow.grid_code)
        )
        return staff_counts([tuple(row) for row in rows])

    def numbers_of(self, set_name: str, code: str, day: date) -> tuple[int, int]:
        """Give the heads and the workers of a grid on a day."""
        rows = self._work.rows(
            sa.select(StaffRow.role)
            .join(BoundarySetRow, BoundarySetRow.id == StaffRow.set_id)
            .where(BoundarySetRow.name == set_name, holds_at(StaffRow, day), StaffRow.grid_code == code)
        )
        roles = [row[0] for row in rows]
        return roles.count("head"), roles.count("worker")

    def headed(self, set_name: str, day: date) -> set[str]:
        """Give the codes of the grids that have a head on a day."""
        rows = self._work.rows(
            sa.select(StaffRow.grid_code)
            .distinct()
            .join(BoundarySetRow, BoundarySetRow.id == StaffRow.set_id)
            .where(BoundarySetRow.name == set_name, StaffRow.role == "head", holds_at(StaffRow, day))
        )
        return {str(row.grid_code) for row in rows}


def staff_counts(rows: Sequence[tuple[str, int, int]]) -> pd.DataFrame:
    """Make the frame of staff numbers."""
    code, heads, workers = zip(*rows, strict=True) if rows else ((),) * 3
    return pd.DataFrame(
        {
            "grid_code": col.text_array(code),
            "heads": pd.array(heads, dtype="int64"),
            "workers": pd.array(workers, dtype="int64"),
        }
    )


class Profiles:
    """What is known of the people of a grid, and when."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def put(self, set_name: str, profiles: Sequence[GridProfile], *, valid_from: date) -> int:
        """Let these be the profiles of their grids from a day until the next change of each; give their number."""
        require_one_each([p.grid_code for p in profiles])
        for name in ("grid_code", "department", "phone"):
            col.require_storable(name, [getattr(p, name) for p in profiles])
        set_id = set_id_for_writing(self._work, set_name)
        held: dict[Any, list[tuple[int, Key, Span]]] = defaultdict(list)
        for row in _timed(self._work, ProfileRow, _PROFILE, set_name):
            held[row[1][0]].append(row)
        gone: list[int] = []
        added: list[dict[str, Any]] = []
        for profile in profiles:
            change = rewriting(held[profile.grid_code], [_values(profile, _PROFILE)], valid_from)
            gone += change.gone
            added += [_row(set_id, _PROFILE, key, span) for key, span in change.added]
        delete_rows(self._work, ProfileRow, gone)
        if added:
            self._work.write(sa.insert(ProfileRow), added)
        return len(profiles)

    def of_grid(self, set_name: str, code: str, day: date) -> GridProfile | None:
        """Give the profile of a grid on a day, if there is one."""
        found = self._work.rows(self._of_day(set_name, day).where(ProfileRow.grid_code == code))
        return GridProfile(*found[0]) if found else None

    def any_of(self, set_name: str) -> bool:
        """Tell whether a profile of a set holds on any day."""
        return _any_of(self._work, ProfileRow, set_name)

    def of_day(self, set_name: str, day: date) -> list[GridProfile]:
        """Give all profiles of a set on a day, by code."""
        return [GridProfile(*row) for row in self._work.rows(self._of_day(set_name, day))]

    def _of_day(self, set_name: str, day: date) -> sa.Select[Any]:
        return (
            sa.select(*(getattr(ProfileRow, name) for name in _PROFILE))
            .join(BoundarySetRow, BoundarySetRow.id == ProfileRow.set_id)
            .where(BoundarySetRow.name == set_name, holds_at(ProfileRow, day))
            .order_by(ProfileRow.grid_code)
        )


def require_one_each(codes: Sequence[str]) -> None:
    """Check that no code comes twice (Conflict ``code_not_unique``)."""
    if len(set(codes)) < len(codes):
        raise Conflict("code_not_unique")


def _any_of(work: Work, table: Any, set_name: str) -> bool:
    query = sa.select(table.id).join(BoundarySetRow, BoundarySetRow.id == table.set_id)
    return bool(work.rows(query.where(BoundarySetRow.name == set_name).limit(1)))


def _timed(work: Work, table: Any, names: tuple[str, ...], set_name: str) -> list[tuple[int, Key, Span]]:
    rows = work.rows(
        sa.select(table.id, table.valid_from, table.valid_to, *(getattr(table, name) for name in names))
        .join(BoundarySetRow, BoundarySetRow.id == table.set_id)
        .where(BoundarySetRow.name == set_name)
        .order_by(table.id)
    )
    return [(row[0], tuple(row[3:]), Span(row[1], row[2])) for row in rows]


def _values(thing: StaffMember | GridProfile, names: tuple[str, ...]) -> Key:
    return tuple(getattr(thing, name) for name in names)


def _row(set_id: int, names: tuple[str, ...], key: Key, span: Span) -> dict[str, Any]:
    return {"set_id": set_id, **dict(zip(names, key, strict=True)), "valid_from": span.start, "valid_to": span.end}

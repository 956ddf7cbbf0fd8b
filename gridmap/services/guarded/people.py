"""Staff and profiles, cut down to a reach."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from gridmap.domain.access import Permission
from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile
from gridmap.services.guarded.guard import Guard

_SEE = Permission.GRIDS_READ
_NAMES = Permission.PEOPLE_READ


class CutStaff:
    """``StaffRepository`` for who does not have everything; how many there are is seen with the grids, who is not."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.staff

    def replace(self, set_name: str, members: Sequence[StaffMember], *, valid_from: date) -> int:
        """Put the staff of a set that is within reach as a whole."""
        self._guard.require_whole(Permission.DATA_IMPORT, set_name)
        return self._raw.replace(set_name, members, valid_from=valid_from)

    def any_of(self, set_name: str) -> bool:
        """Tell whether anybody is known, of a set of which something is within reach."""
        return self._guard.sees(_SEE, set_name) and self._raw.any_of(set_name)

    def next_change(self, set_name: str, day: date) -> date | None:
        """Give the next change, of a set of which something is within reach."""
        return self._raw.next_change(set_name, day) if self._guard.sees(_SEE, set_name) else None

    def of_grid(self, set_name: str, code: str, day: date) -> list[StaffMember]:
        """Give the staff of a grid within reach."""
        codes = self._guard.codes(_NAMES, set_name)
        return self._raw.of_grid(set_name, code, day) if codes is None or code in codes else []

    def of_day(self, set_name: str, day: date) -> list[StaffMember]:
        """Give the staff of the grids within reach."""
        codes = self._guard.codes(_NAMES, set_name)
        return [m for m in self._raw.of_day(set_name, day) if codes is None or m.grid_code in codes]

    def counts(self, set_name: str, day: date, *, code: str | None = None) -> pd.DataFrame:
        """Count the staff of the grids within reach."""
        found = self._raw.counts(set_name, day, code=code)
        codes = self._guard.codes(_SEE, set_name)
        return found if codes is None else found[found["grid_code"].isin(codes)].reset_index(drop=True)

    def numbers_of(self, set_name: str, code: str, day: date) -> tuple[int, int]:
        """Count the staff of a grid within reach."""
        codes = self._guard.codes(_SEE, set_name)
        return self._raw.numbers_of(set_name, code, day) if codes is None or code in codes else (0, 0)

    def headed(self, set_name: str, day: date) -> set[str]:
        """Give the codes within reach that have a head."""
        found = self._raw.headed(set_name, day)
        codes = self._guard.codes(_SEE, set_name)
        return found if codes is None else found & codes


class CutProfiles:
    """``ProfileRepository`` for who does not have everything."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.profiles

    def put(self, set_name: str, profiles: Sequence[GridProfile], *, valid_from: date) -> int:
        """Put profiles of a set that is within reach as a whole."""
        self._guard.require_whole(Permission.DATA_IMPORT, set_name)
        return self._raw.put(set_name, profiles, valid_from=valid_from)

    def of_grid(self, set_name: str, code: str, day: date) -> GridProfile | None:
        """Give the profile of a grid within reach."""
        codes = self._guard.codes(_SEE, set_name)
        return self._raw.of_grid(set_name, code, day) if codes is None or code in codes else None

    def any_of(self, set_name: str) -> bool:
        """Tell whether a profile is known, of a set of which something is within reach."""
        return self._guard.sees(_SEE, set_name) and self._raw.any_of(set_name)

    def of_day(self, set_name: str, day: date) -> list[GridProfile]:
        """Give the profiles of the grids within reach."""
        codes = self._guard.codes(_SEE, set_name)
        return [p for p in self._raw.of_day(set_name, day) if codes is None or p.grid_code in codes]

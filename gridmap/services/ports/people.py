"""Staff and profiles, as the use cases ask for them."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import pandas as pd

from gridmap.domain.incidents import StaffMember
from gridmap.domain.people import GridProfile


class StaffRepository(Protocol):
    """Who is on duty in a grid, and when."""

    def replace(self, set_name: str, members: Sequence[StaffMember], *, valid_from: date) -> int:
        """Let these be the staff of a set from a day until the next change on record; give their number.

        Who is no longer among them ends on that day, who stays goes on, and all other days are as before. Somebody who
        comes twice is two people.

        Raises
        ------
        NotFound
            ``set_not_found``.
        """
        ...

    def any_of(self, set_name: str) -> bool:
        """Tell whether somebody is on duty in a set on any day."""
        ...

    def next_change(self, set_name: str, day: date) -> date | None:
        """Give the first day after a day on which the staff of a set is another; None where it stays."""
        ...

    def of_grid(self, set_name: str, code: str, day: date) -> list[StaffMember]:
        """Give the staff of a grid on a day, heads first, then by name."""
        ...

    def of_day(self, set_name: str, day: date) -> list[StaffMember]:
        """Give the staff of all grids of a set on a day, by code, then as ``of_grid``."""
        ...

    def counts(self, set_name: str, day: date, *, code: str | None = None) -> pd.DataFrame:
        """Give ``grid_code, heads, workers`` of a day; one row a grid that has staff, by code; or of one grid."""
        ...

    def numbers_of(self, set_name: str, code: str, day: date) -> tuple[int, int]:
        """Give the heads and the workers of a grid on a day."""
        ...

    def headed(self, set_name: str, day: date) -> set[str]:
        """Give the codes of the grids that have a head on a day."""
        ...


class ProfileRepository(Protocol):
    """What is known of the people of a grid, and when."""

    def put(self, set_name: str, profiles: Sequence[GridProfile], *, valid_from: date) -> int:
        """Let these be the profiles of their grids from a day until the next change of each; give their number.

        Other grids, and all other days, are as before.

        Raises
        ------
        NotFound
            ``set_not_found``.
        Conflict
            ``code_not_unique``: a grid comes twice.
        """
        ...

    def of_grid(self, set_name: str, code: str, day: date) -> GridProfile | None:
        """Give the profile of a grid on a day, if there is one."""
        ...

    def any_of(self, set_name: str) -> bool:
        """Tell whether a profile of a set holds on any day."""
        ...

    def of_day(self, set_name: str, day: date) -> list[GridProfile]:
        """Give all profiles of a set on a day, by code."""
        ...

"""A clock that is watched minute by minute: the slowest way to count, which nobody can doubt."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from gridmap.domain.calendars import WorkCalendar
from gridmap.domain.deadlines import Limit, Pause

_MINUTE = timedelta(minutes=1)


class Watch:
    """Minutes from a moment on, for so many days."""

    def __init__(self, first: datetime, days: int) -> None:
        self.first, self.minutes = first, days * 1_440
        self._at_work: dict[str, npt.NDArray[np.bool_]] = {}

    def at_work(self, calendar: WorkCalendar) -> npt.NDArray[np.bool_]:
        """Look at each minute by itself: do people work in it?"""
        if calendar.name not in self._at_work:
            self._at_work[calendar.name] = np.array([
                _works(self.first + k * _MINUTE, calendar) for k in range(self.minutes)
            ])  # fmt: skip
        return self._at_work[calendar.name]

    def up_at(self, start: datetime, one: Limit, calendar: WorkCalendar, breaks: Sequence[Pause]) -> datetime | None:
        """Count the minutes of a limit; None where it is not up in all of them."""
        runs = np.ones(self.minutes, dtype=bool) if one.unit.runs_on else self.at_work(calendar).copy()
        runs[: (start - self.first) // _MINUTE] = False
        for pause in breaks:
            end = None if pause.end is None else (pause.end - self.first) // _MINUTE
            runs[(pause.start - self.first) // _MINUTE : end] = False
        minutes = np.flatnonzero(runs)
        left = one.length(calendar) // _MINUTE
        return self.first + (int(minutes[left - 1]) + 1) * _MINUTE if len(minutes) >= left else None


def _works(at: datetime, calendar: WorkCalendar) -> bool:
    here = at.astimezone(calendar.tz)
    off = here.date() in calendar.off or (here.isoweekday() in calendar.weekend and here.date() not in calendar.on)
    return not off and any(opens <= here.time() < closes for opens, closes in calendar.hours)

"""Cases held in memory as they were at a moment, for numbers that may be some seconds old."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import geopandas as gpd

from gridmap.analysis.indicators.coded import Coded
from gridmap.analysis.leading import coded_for_leading
from gridmap.errors import TooLarge
from gridmap.services.ports import CaseFilter, UnitOfWork

#: Cases that one answer may be about: they are held in memory.
MOST_CASES = 1_000_000
#: Days of the cases that are held: a year, and the one that it is compared with.
HELD = timedelta(days=732)


@dataclass(frozen=True)
class CasesHeld:
    """Cases (frames.CASES) as they were at a moment, back to ``since``; ``token`` tells this reading from others."""

    frame: gpd.GeoDataFrame
    at: datetime
    since: datetime
    token: object = field(default_factory=object)
    _coded: dict[str, Coded] = field(default_factory=dict, repr=False, compare=False)

    def coded(self, zone: str) -> Coded:
        """Give them as numbers for the leader's page, made when they are first asked for."""
        if zone not in self._coded:
            self._coded[zone] = coded_for_leading(self.frame, self.at, zone)
        return self._coded[zone]

    def between(self, start: datetime, end: datetime) -> gpd.GeoDataFrame:
        """Give those that were reported in a half-open window."""
        reported = self.frame["reported_at"]
        return self.frame[((reported >= start) & (reported < end)).to_numpy(bool)]


def held_cases(work: UnitOfWork, now: datetime, since: datetime) -> CasesHeld:
    """Read cases back to a moment.

    Raises
    ------
    TooLarge
        ``too_many_cases``.
    """
    where = CaseFilter(start=since)
    require_few(work.cases.count(where))
    return CasesHeld(work.cases.frame(where), now, since)


def require_few(cases: int) -> None:
    """Refuse a question about more cases than memory is meant for (TooLarge ``too_many_cases``)."""
    if cases > MOST_CASES:
        raise TooLarge("too_many_cases", count=cases, limit=MOST_CASES)

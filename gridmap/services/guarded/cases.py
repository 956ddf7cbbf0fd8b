"""Cases, cut down to a reach by the owner of their incidents; books and places, which are everybody's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import compress

import geopandas as gpd

from gridmap.domain.access import Permission
from gridmap.domain.cases import Entry
from gridmap.errors import NotFound
from gridmap.services.guarded.guard import Guard
from gridmap.services.guarded.points import both_within, owned_in
from gridmap.services.ports import (
    Book,
    CaseChange,
    CaseFile,
    CaseFilter,
    CaseLine,
    NearCase,
    NewCase,
    PointOwner,
    RecordLine,
    UnitOfWork,
    Verdict,
    WholeCase,
    Within,
)


class CutCases:
    """``CaseRepository`` for who does not have everything."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.cases

    def _mine(self, where: CaseFilter, permission: Permission = Permission.CASES_READ) -> CaseFilter:
        return replace(where, within=both_within(self._guard.within(permission), where.within))

    def within_reach(self, points: Sequence[tuple[NewCase, PointOwner]]) -> list[bool]:
        """Tell which cases with their owners may be opened."""
        return owned_in(self._guard.within(Permission.INCIDENTS_WRITE), [owner for _, owner in points])

    def take(self, points: Sequence[tuple[NewCase, PointOwner]]) -> list[Verdict]:
        """Open cases that lie within reach, one by one."""
        kept = self.within_reach(points)
        said = iter(self._raw.take([point for point, k in zip(points, kept, strict=True) if k]))
        return [next(said) if k else Verdict.BEYOND for k in kept]

    def take_over(self, cases: Sequence[WholeCase]) -> int:
        """Keep cases with their record; what was done under other names is for who may import everywhere."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        return self._raw.take_over(cases)

    def open_near(
        self, asked: Sequence[tuple[float, float, datetime]], *, metres: float, hours: float
    ) -> list[list[NearCase]]:
        """Give those open cases near points that may be seen."""
        found = self._raw.open_near(asked, metres=metres, hours=hours)
        mine = self._guard.within(Permission.CASES_READ)
        return [list(compress(some, owned_in(mine, list(map(_owner, some))))) for some in found]

    def page(
        self, where: CaseFilter, *, limit: int, after: tuple[datetime, int] | None = None, by_report: bool = False
    ) -> list[CaseLine]:
        """Give a page of the cases within reach."""
        return self._raw.page(self._mine(where), limit=limit, after=after, by_report=by_report)

    def counts(self, where: CaseFilter) -> dict[str, int]:
        """Count the open cases within reach by status."""
        return self._raw.counts(self._mine(where))

    def count(self, where: CaseFilter) -> int:
        """Count the cases within reach."""
        return self._raw.count(self._mine(where))

    def loads(self, units: Sequence[str], within: Within | None = None) -> dict[str, int]:
        """Count the cases within reach that lie with units."""
        return self._raw.loads(units, both_within(self._guard.within(Permission.CASES_READ), within))

    def frame(self, where: CaseFilter) -> gpd.GeoDataFrame:
        """Give the cases within reach."""
        return self._raw.frame(self._mine(where))

    def _in_reach(self, found: CaseFile | None, permission: Permission) -> CaseFile | None:
        mine = self._guard.within(permission)
        return found if found is not None and owned_in(mine, [_owner(found.line)])[0] else None

    def find(self, case_id: str) -> CaseFile | None:
        """Give a case within reach."""
        return self._in_reach(self._raw.find(case_id), Permission.CASES_FILE)

    def record(self, case_id: str) -> list[RecordLine]:
        """Give the record of a case within reach."""
        return [] if self.find(case_id) is None else self._raw.record(case_id)

    def hold(self, case_id: str) -> CaseFile | None:
        """Hold a case within reach."""
        return self._in_reach(self._raw.hold(case_id), Permission.CASES_WRITE)

    def append(
        self, case_id: str, number: int, entry: Entry, author: str, change: CaseChange, owner: PointOwner
    ) -> None:
        """Write a line of the record of a case within reach."""
        if self._in_reach(self._raw.find(case_id), Permission.CASES_WRITE) is None:
            raise NotFound("case_unknown")
        self._raw.append(case_id, number, entry, author, change, owner)


def seen_by(work: UnitOfWork, cases: Sequence[NearCase]) -> list[NearCase]:
    """Leave out the cases that whoever a unit of work is for does not see."""
    guard = getattr(work, "guard", None)
    if not cases or not isinstance(guard, Guard):
        return list(cases)
    return list(compress(cases, owned_in(guard.within(Permission.CASES_READ), list(map(_owner, cases)))))


def _owner(case: NearCase | CaseLine) -> PointOwner:
    return PointOwner(case.grid_code, "", None, case.set_name, None)


class CutBooks:
    """``BookRepository``: what all work goes by can be read by all, and set by who may import everywhere."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.books

    def put(self, book: Book) -> None:
        """Add a book, which is that of all sets."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        self._raw.put(book)

    def at(self, kind: str, day: date) -> Book | None:
        """Give the book of a kind that is valid on a day."""
        return self._raw.at(kind, day)

    def list_books(self) -> list[Book]:
        """Give all, by kind and day."""
        return self._raw.list_books()


class CutPlaces:
    """``PlaceRepository``: names of places are nobody's secret."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.places

    def replace(self, frame: gpd.GeoDataFrame) -> int:
        """Set the places, which are those of all sets."""
        self._guard.require_everywhere(Permission.DATA_IMPORT)
        return self._raw.replace(frame)

    def frame(self) -> gpd.GeoDataFrame:
        """Give all places."""
        return self._raw.frame()

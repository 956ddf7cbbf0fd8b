"""Cases of a file, opened at the desk where all others are: each row judged, all kept or none."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import geopandas as gpd
import pandas as pd

from gridmap.analysis.duplicates import Sighting, alike
from gridmap.analysis.responsibility import JoinSummary
from gridmap.domain.cases import Act, Entry
from gridmap.domain.rules import Finding, Report, Severity, report
from gridmap.services.cases.opening import LIKENESS, judge, opener, reporter_of, sighting
from gridmap.services.guarded import GuardedStore
from gridmap.services.intake import Batch, Desk, Done, ItemResult
from gridmap.services.ports import Added, Clock, NewCase, Store, UnitOfWork
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings

T = TypeVar("T")
#: Cases that are completed and written together.
_AT_ONCE = 1_000
#: Findings kept with their line; the rest are only counted.
_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class CasesOutcome:
    """What an import of cases did, or would do.

    Attributes
    ----------
    bad : int
        Rows that could be read and not kept; ``report`` says why, row by row.
    alike : int
        Rows whose case could be one that was open already or that another row opened; notes of ``report`` name them.
    """

    added: Added
    summary: JoinSummary
    first_at: datetime | None
    last_at: datetime | None
    committed: bool
    bad: int
    alike: int
    report: Report


def import_cases(
    store: Store,
    plans: Plans,
    batches: Iterable[gpd.GeoDataFrame],
    *,
    settings: Settings,
    clock: Clock,
    channel: str | None = None,
    commit: Callable[[int], bool] = lambda bad: False,
) -> CasesOutcome:
    """Open the cases of batches, all or none.

    Parameters
    ----------
    batches : iterable of GeoDataFrame
        As ``files.records`` gives them for cases, in WGS 84.
    channel : str, optional
        Of rows that name none.
    commit : callable
        Asked after the last batch with the number of bad rows. Where it says no, the transaction is let go: what the
        outcome says is what would happen.
    """
    taken = _Taken()
    raw = store.raw if isinstance(store, GuardedStore) else store
    complete = opener(settings, clock)

    def asked() -> Iterator[Batch]:
        role, by, author = reporter_of(store)
        fault = judge(settings.time_zone)
        for frame in batches:
            for rows in _pieces(frame.to_dict("records")):
                now = clock.now()
                entry = Entry(Act.REPORT, by, role, now)
                cases = [_case(row, entry, author, channel) for row in rows]
                taken.lines.append([int(row["line"]) for row in rows])
                said = [(case.lon, case.lat) for case in cases]
                yield Batch(store, plans, "cases", cases, [None] * len(cases), said, complete=complete, judge=fault)

    def asked_whether(work: UnitOfWork) -> bool:
        taken.compare(work)
        return commit(taken.bad)

    committed = Desk(raw, clock, settings).keep_series(asked(), taken.note, asked_whether)
    return taken.outcome(committed)


class _Taken:
    """What became of the rows so far."""

    def __init__(self) -> None:
        #: The lines of each batch.
        self.lines: list[list[int]] = []
        self._statuses: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._times: list[datetime] = []
        self._findings: list[Finding] = []
        self._opened: dict[str, tuple[int, NewCase]] = {}
        self._alike = 0

    @property
    def bad(self) -> int:
        """Rows that are not kept."""
        return self._statuses["rejected"] + self._statuses["quarantined"]

    def note(self, batch: Batch, done: Done) -> None:
        """Note what became of a batch."""
        for line, point, result in zip(self.lines[-1], batch.points, done.results, strict=True):
            self._statuses[result.status] += 1
            if result.status in ("rejected", "quarantined"):
                self._tell(_finding(line, result))
                continue
            self._methods[result.method or "none"] += 1
            self._times.append(point.at)
            if result.status == "accepted" and isinstance(point, NewCase):
                self._opened[point.incident_id] = (line, point)

    def compare(self, work: UnitOfWork) -> None:
        """Find out which of the new cases could be another one that is open, also one of the same file."""
        for some in _pieces(self._opened.values()):
            spots = [(case.lon, case.lat, case.at) for _, case in some]
            near = work.cases.open_near(spots, metres=LIKENESS.metres, hours=LIKENESS.hours)
            for (line, case), others in zip(some, near, strict=True):
                mine = Sighting(case.incident_id, case.lon, case.lat, case.category, case.at, case.component)
                found = alike(mine, list(map(sighting, others)), LIKENESS)
                if found:
                    self._alike += 1
                    codes = tuple(one.case_id for one in found[:5])
                    self._tell(Finding("case_alike", Severity.NOTE, codes, fields={"line": line}))

    def _tell(self, finding: Finding) -> None:
        if len(self._findings) < _KEPT:
            self._findings.append(finding)

    def outcome(self, committed: bool) -> CasesOutcome:
        """Give all of it."""
        added = Added(self._statuses["accepted"], self._statuses["duplicate"])
        found = {name: self._methods[name] for name in ("inside", "border", "nearest", "none")}
        summary = JoinSummary(points=self._methods.total(), **found)
        first, last = (min(self._times), max(self._times)) if self._times else (None, None)
        told = report(sorted(self._findings, key=lambda one: one.fields["line"]))
        return CasesOutcome(added, summary, first, last, committed, self.bad, self._alike, told)


def _pieces(values: Iterable[T]) -> Iterator[list[T]]:
    left = iter(values)
    while piece := list(islice(left, _AT_ONCE)):
        yield piece


def _finding(line: int, result: ItemResult) -> Finding:
    return Finding(str(result.code), Severity.ERROR, fields={"line": line})


def _case(row: dict[Any, Any], entry: Entry, author: str, channel: str | None) -> NewCase:
    """Give the case of a row."""

    def words(name: str) -> str | None:
        value = row[name]
        return None if value is None or pd.isna(value) else str(value)

    place, metres = row["geometry"], row["accuracy_m"]
    return NewCase(
        str(row["incident_id"]),
        row["occurred_at"].to_pydatetime(),
        str(row["category"]),
        place.x,
        place.y,
        words("channel") or channel,
        words("note"),
        entry,
        author,
        kind=row["kind"],
        emergency=bool(row["emergency"]),
        component=words("component"),
        photos=tuple(row["photos"]),
        reporter=words("reporter"),
        accuracy_m=None if metres is None or pd.isna(metres) else float(metres),
        address=words("address"),
    )

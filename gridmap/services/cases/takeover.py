"""Cases of another system, taken over with their whole record: what they come to is read from it by the rules."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from gridmap.domain.cases import Act, Entry, history_of
from gridmap.services.cases.desk import come_to, limit_words
from gridmap.services.cases.guide import Guide, guide
from gridmap.services.clock import day_in
from gridmap.services.ports import CaseChange, NewCase, PointOwner, RecordLine, UnitOfWork, WholeCase
from gridmap.settings import Settings

#: Cases that are written together.
_AT_ONCE = 2_000


class Recorded(NamedTuple):
    """A case, whose it is, and all that was done with it after its report, oldest first, each with its author."""

    case: NewCase
    owner: PointOwner
    later: tuple[tuple[Entry, str], ...]


def take_over(work: UnitOfWork, cases: Iterable[Recorded], settings: Settings) -> int:
    """Keep cases with their record, as if each act had been done at the desk at its time.

    A case that is there stays as it is. Nobody is told of events: what happened then is no news.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    Conflict, InvalidInput
        As ``domain.cases.advance``: a record that the rules do not allow; ``content_differs``.
    """
    left, books, added = iter(cases), _Books(work, settings.time_zone), 0
    while some := list(islice(left, _AT_ONCE)):
        added += work.cases.take_over([_whole(one, books) for one in some])
    return added


class _Books:
    """What held on each day, read once."""

    def __init__(self, work: UnitOfWork, zone: str) -> None:
        self._work = work
        self._zone = zone
        self._known: dict[date, Guide] = {}

    def at(self, moment: datetime) -> Guide:
        day = day_in(moment, self._zone)
        if day not in self._known:
            self._known[day] = guide(self._work, day)
        return self._known[day]


def _whole(one: Recorded, books: _Books) -> WholeCase:
    lines = tuple(_lines(one))
    return WholeCase(one.case, one.owner, lines, became([line.entry for line in lines], one.case, books.at))


def _lines(one: Recorded) -> Iterator[RecordLine]:
    yield RecordLine(1, one.case.entry, one.case.author)
    for number, (entry, author) in enumerate(one.later, 2):
        yield RecordLine(number, entry, author)


def became(record: Sequence[Entry], case: NewCase, books: Callable[[datetime], Guide]) -> CaseChange:
    """Give what a case has become, with the limits that held when it was filed."""
    history = history_of(record)
    limit: str | None = None
    for entry in record:
        # a limit stays unless it is filed anew with a condition
        if entry.act is Act.FILE and (limit is None or entry.names):
            limit = limit_words(books(entry.at).limits.of(case.category, entry.names, case.emergency))
    return come_to(record, history, books(record[-1].at), case.category, case.emergency, limit, None)

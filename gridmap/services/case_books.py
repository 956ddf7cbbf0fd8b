"""What the work on cases goes by, as data with a first day: limits, responsibility, the calendar."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from gridmap.domain.assigning import Rules, packaged_rules, read_rules
from gridmap.domain.calendars import WorkCalendar, packaged_calendar, read_calendar
from gridmap.domain.limits import LimitTable, packaged_limits, read_limits
from gridmap.errors import InvalidInput
from gridmap.services.ports import Book, Clock, Store, UnitOfWork

#: What reads the text of each kind of book, and refuses one that is wrong.
READERS: Mapping[str, Callable[[str], Any]] = {
    "limits": read_limits,
    "rules": read_rules,
    "calendar": read_calendar,
}


def reader_of(kind: str) -> Callable[[str], Any]:
    """Give what reads a kind of book (InvalidInput ``book_kind_unknown``)."""
    if kind not in READERS:
        raise InvalidInput("book_kind_unknown", known=", ".join(READERS))
    return READERS[kind]


def put_book(store: Store, kind: str, content: str, *, valid_from: date, note: str, clock: Clock) -> None:
    """Keep a book from a day on, in the place of one of the same kind and day.

    Raises
    ------
    InvalidInput
        ``book_kind_unknown``, or what is wrong with the book.
    """
    reader_of(kind)(content)
    with store.unit_of_work() as work:
        work.books.put(Book(kind, valid_from, content, note, clock.now()))
        work.commit()


def limits_at(work: UnitOfWork, day: date) -> LimitTable:
    """Give the limits that are valid on a day."""
    book = work.books.at("limits", day)
    return packaged_limits() if book is None else read_limits(book.content)


def rules_at(work: UnitOfWork, day: date) -> Rules:
    """Give the responsibility rules that are valid on a day."""
    book = work.books.at("rules", day)
    return packaged_rules() if book is None else read_rules(book.content)


def calendar_at(work: UnitOfWork, day: date) -> WorkCalendar:
    """Give the working calendar that is valid on a day."""
    book = work.books.at("calendar", day)
    return packaged_calendar() if book is None else read_calendar(book.content)

"""Tables that a city brings for the work on cases, each kept from a day on: limits, responsibility, calendar, more."""

from collections.abc import Callable, Mapping
from datetime import date
from importlib import resources
from typing import Any

from gridmap.domain.alerts import read_alerts
from gridmap.domain.assigning import read_rules
from gridmap.domain.calendars import read_calendar
from gridmap.domain.evaluation import read_evaluation
from gridmap.domain.limits import read_limits
from gridmap.errors import InvalidInput
from gridmap.services.ports import Book, Clock, Store, UnitOfWork

#: What reads the text of each kind of book, and refuses one that is wrong.
READERS: Mapping[str, Callable[[str], Any]] = {
    "limits": read_limits,
    "rules": read_rules,
    "calendar": read_calendar,
    "alerts": read_alerts,
    "evaluation": read_evaluation,
}
_PACKAGED = {
    "limits": "limits/cn.csv",
    "rules": "responsibility/cn.toml",
    "calendar": "calendars/cn.toml",
    "alerts": "alerts/cn.toml",
    "evaluation": "evaluation/jinhua.toml",
}


def reader_of(kind: str) -> Callable[[str], Any]:
    """Give what reads a kind of book.

    Raises
    ------
    InvalidInput
        ``book_kind_unknown``.
    """
    if kind not in READERS:
        raise InvalidInput("book_kind_unknown", known=", ".join(READERS))
    return READERS[kind]


def put_book(
    store: Store, kind: str, content: str, *, valid_from: date, note: str = "", clock: Clock, commit: bool = True
) -> None:
    """Keep a book from a day on, in the place of one of the same kind and day.

    Raises
    ------
    InvalidInput
        ``book_kind_unknown``, or what is wrong with the book.
    """
    reader_of(kind)(content)
    with store.unit_of_work() as work:
        work.books.put(Book(kind, valid_from, content, note, clock.now()))
        if commit:
            work.commit()


def text_at(work: UnitOfWork, kind: str, day: date) -> str:
    """Give the text of the book that is valid on a day; of a kind that nobody imported, as it comes with the package.

    Raises
    ------
    InvalidInput
        ``book_kind_unknown``.
    """
    reader_of(kind)
    book = work.books.at(kind, day)
    if book is not None:
        return book.content
    return (resources.files("gridmap") / "data" / _PACKAGED[kind]).read_text(encoding="utf-8")

"""Tables that a city brings, each kept from a day on: for the work on cases, for services and for patrols."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any

from gridmap.domain.alerts import read_alerts
from gridmap.domain.assigning import read_rules
from gridmap.domain.calendars import read_calendar
from gridmap.domain.evaluation import read_evaluation
from gridmap.domain.limits import read_limits
from gridmap.domain.patrols import PatrolRules, read_patrol_rules
from gridmap.domain.provision import ProvisionBook, read_provision
from gridmap.errors import InvalidInput
from gridmap.services.ports import Book, Clock, Store, UnitOfWork

#: What reads the text of each kind of book, and refuses one that is wrong.
READERS: Mapping[str, Callable[[str], Any]] = {
    "limits": read_limits,
    "rules": read_rules,
    "calendar": read_calendar,
    "alerts": read_alerts,
    "evaluation": read_evaluation,
    "provision": read_provision,
    "patrols": read_patrol_rules,
}
_PACKAGED = {
    "limits": "limits/cn.csv",
    "rules": "responsibility/cn.toml",
    "calendar": "calendars/cn.toml",
    "alerts": "alerts/cn.toml",
    "evaluation": "evaluation/jinhua.toml",
    "provision": "provision/cn.toml",
    "patrols": "patrols/cn.toml",
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


def book_at(work: UnitOfWork, kind: str, day: date) -> Any:
    """Read the book that is valid on a day; what ``text_at`` gives, as its reader of ``READERS`` makes it."""
    return _read(kind, text_at(work, kind, day))


def provision_at(work: UnitOfWork, day: date) -> ProvisionBook:
    """Give what people shall have near by, and what every area shall have, on a day."""
    found: ProvisionBook = book_at(work, "provision", day)
    return found


def patrol_rules_at(work: UnitOfWork, day: date) -> PatrolRules:
    """Give how fixes are cleaned and how often grids are to be visited on a day."""
    found: PatrolRules = book_at(work, "patrols", day)
    return found


# the same text each time, until the city brings another one
@lru_cache(maxsize=32)
def _read(kind: str, content: str) -> Any:
    return READERS[kind](content)

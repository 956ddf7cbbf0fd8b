"""Reading of tables as data in TOML, strictly: what is wrong is told with its place and with what was wanted there."""

import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from gridmap.domain.clauses import Texts
from gridmap.errors import InvalidInput
from gridmap.i18n import LANGUAGES

_LONGEST = 200
_MOST = 500
_LARGEST = Decimal(10) ** 12


class Entry:
    """One table of a file, and where it stands.

    Parameters
    ----------
    held : mapping
        What the table holds.
    at : str
        JSON pointer of it.
    known : collection of str
        All entries that it may have.

    Raises
    ------
    InvalidInput
        Here and in all methods: ``book_wrong`` with the place as a JSON pointer and what was wanted.
    """

    def __init__(self, held: Any, at: str, known: Collection[str]) -> None:
        if not isinstance(held, dict) or held.keys() - set(known):
            raise wrong(at or "/", ", ".join(sorted(known)))
        self._held: Mapping[str, Any] = held
        self.at = at

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def text(self, name: str, wanted: str = '"…"') -> str:
        """Give a short text of one line that is not empty."""
        value = self._held.get(name)
        if not _is_name(value):
            raise wrong(f"{self.at}/{name}", wanted)
        return str(value)

    def one_of(self, name: str, known: Collection[str], usual: str | None = None) -> str:
        """Give one of some words; ``usual`` where there is none."""
        value = self._held.get(name, usual)
        if not isinstance(value, str) or value not in known:
            raise wrong(f"{self.at}/{name}", ", ".join(known))
        return value

    def texts(self, name: str) -> Texts:
        """Give a text in every language."""
        value = self._held.get(name)
        if not isinstance(value, dict) or set(value) != set(LANGUAGES) or not all(map(_is_name, value.values())):
            raise wrong(f"{self.at}/{name}", '{ zh = "…", en = "…" }')
        return {language: value[language] for language in LANGUAGES}

    def names(self, name: str) -> tuple[str, ...]:
        """Give a list of names; empty where there is none, never when it is written."""
        value = self._held.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not 0 < len(value) <= _MOST or not all(map(_is_name, value)):
            raise wrong(f"{self.at}/{name}", '["…"]')
        return tuple(value)

    def number(self, name: str, low: Decimal | int = 0, high: Decimal | int = _LARGEST) -> Decimal:
        """Give a number of ``[low, high]``, exactly as it is written."""
        value = self._held.get(name)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not low <= value <= high:
            raise wrong(f"{self.at}/{name}", f"{low} – {high:,}")
        return Decimal(value)

    def whole(self, name: str, low: int = 0, high: int = int(_LARGEST)) -> int:
        """Give a whole number of ``[low, high]``."""
        value = self._held.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise wrong(f"{self.at}/{name}", f"{low}, {low + 1}, …, {high:,}")
        return value

    def day(self, name: str) -> date:
        """Give a date of 1900 to 2199."""
        value = self._held.get(name)
        if type(value) is not date or not 1900 <= value.year < 2200:
            raise wrong(f"{self.at}/{name}", "2026-01-01")
        return value

    def flag(self, name: str) -> bool:
        """Give true or false; false where there is none."""
        value = self._held.get(name, False)
        if not isinstance(value, bool):
            raise wrong(f"{self.at}/{name}", "true, false")
        return value

    def tables(self, name: str, known: Collection[str], least: int = 0) -> "tuple[Entry, ...]":
        """Give a list of tables."""
        value = self._held.get(name, [])
        if not isinstance(value, list) or not least <= len(value) <= _MOST:
            raise wrong(f"{self.at}/{name}", f"[[{name}]], {least} – {_MOST}")
        return tuple(Entry(row, f"{self.at}/{name}/{n}", known) for n, row in enumerate(value))


def read_book(content: str, known: Collection[str]) -> Entry:
    """Read a file; numbers with a point stay as they are written."""
    try:
        held = tomllib.loads(content, parse_float=_decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        raise wrong("/", "TOML") from None
    return Entry(held, "", known)


def require_unique(entries: Collection[Entry]) -> None:
    """Check that every entry has an ``id`` of its own."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.text("id", '"closing"')
        if name in seen:
            raise wrong(f"{entry.at}/id", "unique")
        seen.add(name)


def wrong(pointer: str, wanted: str) -> InvalidInput:
    """Say that what stands at a place is not what was wanted."""
    return InvalidInput("book_wrong", pointer=pointer, wanted=wanted)


def _decimal(written: str) -> Decimal:
    value = Decimal(written)
    if not value.is_finite() or abs(value) > _LARGEST or -value.as_tuple().exponent > 9:  # type: ignore[operator]
        raise ValueError(written)
    return value


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST and value.isprintable()

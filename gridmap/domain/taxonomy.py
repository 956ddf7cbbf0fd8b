"""The catalogue of incident categories, as data: a city replaces or extends the file, never the program."""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from gridmap.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Category:
    """One class or type of incident.

    ``parent`` is empty for a class. ``weight`` is its usual share among all types, relative to the others; ``months``
    names the season in which it peaks: ``dust``, ``flood``, ``summer``, ``winter`` or none. It holds for events of the
    days ``[valid_from, valid_to)``; None: open end. What was retired stays in the file: old cases have it.
    """

    code: str
    parent: str
    zh: str
    en: str
    weight: float
    months: str
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether an event of a day may have it."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@cache
def categories() -> dict[str, Category]:
    """Read the catalogue that comes with the package: code to category, in file order."""
    return read_categories((resources.files("gridmap") / "data" / "taxonomy.csv").read_text(encoding="utf-8"))


def read_categories(content: str) -> dict[str, Category]:
    """Read a catalogue as CSV; the columns ``valid_from`` and ``valid_to`` may be left out.

    Raises
    ------
    InvalidInput
        ``taxonomy_wrong`` with the row: a day that is none, a stretch that ends before it begins, a code that stands
        twice, a class that is not there.
    """
    found: dict[str, Category] = {}
    for number, r in enumerate(csv.DictReader(content.splitlines()), 2):
        try:
            first, last = (date.fromisoformat(day) if day else None for day in map(r.get, ("valid_from", "valid_to")))
            code, parent, weight = r["code"], r["parent"], float(r["weight"] or 0)
            fits = first is None or last is None or first < last
            if not fits or code in found or (parent and parent not in found):
                raise ValueError
        except ValueError:
            raise InvalidInput("taxonomy_wrong", row=number) from None
        found[code] = Category(code, parent, r["zh"], r["en"], weight, r["months"], first, last)
    return found


def leaves(day: date | None = None) -> list[Category]:
    """Give the types, those an incident may carry; with a day those that hold on it, as their class does."""
    known = categories()
    types = [c for c in known.values() if c.parent]
    return [c for c in types if day is None or (c.holds_on(day) and known[c.parent].holds_on(day))]


@cache
def _codes_by_word() -> dict[str, str]:
    """Give the code of each type by its code and by its names; a name of two types means neither."""
    found: dict[str, str] = {}
    names = [(name, c.code) for c in leaves() for name in {c.zh, c.en.casefold()}]
    counted = Counter(name for name, _ in names)
    found.update({name: code for name, code in names if counted[name] == 1})
    return found | {c.code: c.code for c in leaves()}


def code_of(words: str) -> str | None:
    """Give the code of a type that is named by its code, or by its name in either language; None where it is none."""
    asked = words.strip()
    return _codes_by_word().get(asked) or _codes_by_word().get(asked.casefold())

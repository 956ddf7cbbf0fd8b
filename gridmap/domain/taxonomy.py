"""The catalogue of incident categories, as data: a city replaces or extends the file, never the program."""

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Category:
    """One class or type of incident.

    ``parent`` is empty for a class. ``weight`` is its usual share among all types, relative to the others; ``months``
    names the season in which it peaks: ``dust``, ``flood``, ``summer``, ``winter`` or none.
    """

    code: str
    parent: str
    zh: str
    en: str
    weight: float
    months: str


@cache
def categories() -> dict[str, Category]:
    """Read the catalogue that comes with the package: code to category, in file order."""
    text = (resources.files("gridmap") / "data" / "taxonomy.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {
        r["code"]: Category(r["code"], r["parent"], r["zh"], r["en"], float(r["weight"] or 0), r["months"])
        for r in rows
    }


def leaves() -> list[Category]:
    """Give the types, those an incident may carry."""
    return [c for c in categories().values() if c.parent]


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

"""The catalogue of incident categories, as data: a city replaces or extends the file, never the program."""

import csv
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

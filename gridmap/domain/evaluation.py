"""Evaluation of whoever handles cases, as a table of weights in data.

A table is a TOML file. Those of ``gridmap/data/evaluation`` come with the package, each with its source; a city writes
its own. Each item is worth its points, and losses are taken off them.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources

from gridmap.domain.books import Entry, read_book, require_unique, wrong
from gridmap.domain.clauses import Provenance, Texts
from gridmap.errors import InvalidInput

#: Rates that a loss may go by, and who may be evaluated.
RATES = ("filing", "dispatch_accuracy", "closing", "on_time_closing", "proactive")
SUBJECTS = ("unit", "grid", "area", "channel")
#: Numbers of a case that a loss may go by.
COLUMNS = ("reworks", "returns")


@dataclass(frozen=True, slots=True)
class Shortfall:
    """So many points for each percentage point that a rate is below its target, in proportion.

    ``emergency``: of emergencies alone.
    """

    indicator: str
    target: Decimal
    each: Decimal
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class PerCase:
    """So many points for each case whose ``column`` is from ``low`` to ``high`` (None: no end)."""

    column: str
    low: int
    high: int | None
    each: Decimal


@dataclass(frozen=True, slots=True)
class Noted:
    """So many points for each time that somebody wrote down: no case tells it."""

    note: str
    each: Decimal


Loss = Shortfall | PerCase | Noted


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a table: what it is worth, and what is taken off; never below 0."""

    id: str
    title: Texts = field(hash=False)
    points: Decimal
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """What a city scores as well, and no case can tell."""

    title: Texts = field(hash=False)
    points: Decimal


@dataclass(frozen=True, slots=True)
class EvaluationTable:
    """Weights, with who asks for them. ``by``: who is evaluated, one of ``SUBJECTS``."""

    name: str
    title: Texts = field(hash=False)
    document: str
    provenance: Provenance
    by: str
    items: tuple[Item, ...]
    outside: tuple[Outside, ...] = ()


_TABLE = ("name", "by", "document", "provenance", "title", "item", "outside")
_LOSS = ("indicator", "target", "each", "emergency", "column", "low", "high", "note")


def read_evaluation(content: str) -> EvaluationTable:
    """Read a table.

    Raises
    ------
    InvalidInput
        ``book_wrong`` with the place as a JSON pointer and what was wanted there.
    """
    book = read_book(content, _TABLE)
    items = book.tables("item", ("id", "title", "points", "loss"), least=1)
    require_unique(items)
    return EvaluationTable(
        book.text("name", '"city"'),
        book.texts("title"),
        book.text("document"),
        Provenance(book.one_of("provenance", [p.value for p in Provenance])),
        book.one_of("by", SUBJECTS),
        tuple(_item(item) for item in items),
        tuple(Outside(o.texts("title"), o.number("points")) for o in book.tables("outside", ("title", "points"))),
    )


def _item(item: Entry) -> Item:
    losses = tuple(_loss(loss) for loss in item.tables("loss", _LOSS, least=1))
    return Item(item.text("id"), item.texts("title"), item.number("points"), losses)


def _loss(loss: Entry) -> Loss:
    if sum(name in loss for name in ("indicator", "column", "note")) != 1:
        raise wrong(loss.at, "indicator | column | note")
    each = loss.number("each")
    if "indicator" in loss:
        target = loss.number("target", 0, 100)
        return Shortfall(loss.one_of("indicator", RATES), target, each, loss.flag("emergency"))
    if "note" in loss:
        return Noted(loss.text("note"), each)
    low = loss.whole("low", 1)
    return PerCase(loss.one_of("column", COLUMNS), low, loss.whole("high", low) if "high" in loss else None, each)


def evaluation_tables() -> tuple[str, ...]:
    """Give the names of the tables that come with the package, sorted."""
    folder = resources.files("gridmap") / "data" / "evaluation"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


@cache
def packaged_evaluation(name: str = "jinhua") -> EvaluationTable:
    """Read a table that comes with the package (InvalidInput ``evaluation_unknown``)."""
    if name not in evaluation_tables():
        raise InvalidInput("evaluation_unknown", known=", ".join(evaluation_tables()))
    return read_evaluation((resources.files("gridmap") / "data" / "evaluation" / f"{name}.toml").read_text("utf-8"))

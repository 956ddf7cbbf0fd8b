"""When somebody has to look, as rules in data.

A table is a TOML file. The one of ``gridmap/data/alerts`` comes with the package; a city writes its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from gridmap.domain.books import Entry, read_book, require_unique, wrong
from gridmap.domain.clauses import Texts
from gridmap.domain.evaluation import RATES, SUBJECTS


class AlertKind(StrEnum):
    """What a rule looks at."""

    OVERDUE = "overdue"
    CLUSTER = "cluster"
    RATE = "rate"
    HEAD = "head"
    STATION = "station"


class Grade(StrEnum):
    """How much it presses."""

    URGENT = "urgent"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule.

    Attributes
    ----------
    id : str
    kind : AlertKind
    grade : Grade
    title : Texts
    categories : tuple of str
        Only cases of these classes or types; empty: all.
    least : int
        ``cluster``: so many cases; ``rate``: a smaller denominator tells nothing.
    within_m, within : float, timedelta
        ``cluster``: how near and how soon; ``rate``: cases reported so long ago at most.
    indicator, by, target : str, str, Decimal
        ``rate``: percent; equal passes.
    over : int or None
        ``station``: more floating residents than this. None: as the service is set.
    layers : tuple of str
        ``station``: layers whose open features are stations.
    """

    id: str
    kind: AlertKind
    grade: Grade
    title: Texts = field(hash=False)
    categories: tuple[str, ...] = ()
    least: int = 1
    within_m: float = 0.0
    within: timedelta = timedelta()
    indicator: str = ""
    by: str = ""
    target: Decimal = Decimal(0)
    over: int | None = None
    layers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertRules:
    """A table of rules. ``source``: who says so, by language."""

    name: str
    rules: tuple[AlertRule, ...]
    source: Texts = field(hash=False)


@dataclass(frozen=True, slots=True)
class Alert:
    """What a rule found.

    Attributes
    ----------
    rule : AlertRule
    subject : str
        What it is about: the case, the grid, the unit or area; a cluster: its last case. Empty: cases of nobody.
    about : str
        ``case``, ``grid``, or what ``rule.by`` says.
    measure : Decimal
        Minutes over the limit, cases, percent, floating residents; 0 for a grid without head.
    cases : tuple of str
        The cases behind it.
    fields : mapping
        What its text is filled with.
    lon, lat : float or None
        Where, for cases and clusters. WGS 84.
    """

    rule: AlertRule
    subject: str
    about: str
    measure: Decimal
    cases: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    lon: float | None = None
    lat: float | None = None


_COMMON = frozenset({"id", "kind", "grade", "title"})
#: What rules of each kind may have beside.
_OWN: Mapping[AlertKind, frozenset[str]] = {
    AlertKind.OVERDUE: frozenset({"categories"}),
    AlertKind.CLUSTER: frozenset({"categories", "least", "within_m", "within_h"}),
    AlertKind.RATE: frozenset({"categories", "indicator", "by", "target", "least", "days"}),
    AlertKind.HEAD: frozenset(),
    AlertKind.STATION: frozenset({"over", "layers"}),
}
_KEYS = _COMMON.union(*_OWN.values())
_KILOMETRES = 100_000
_YEAR_H = 8_784
_MONTH = 30


def read_alerts(content: str) -> AlertRules:
    """Read a table of rules.

    Raises
    ------
    InvalidInput
        ``book_wrong`` with the place as a JSON pointer and what was wanted there.
    """
    book = read_book(content, ("name", "source", "alert"))
    rows = book.tables("alert", _KEYS)
    require_unique(rows)
    return AlertRules(book.text("name", '"city"'), tuple(_rule(row) for row in rows), book.texts("source"))


def _rule(row: Entry) -> AlertRule:
    kind = AlertKind(row.one_of("kind", [k.value for k in AlertKind]))
    for name in sorted(_KEYS - _COMMON - _OWN[kind]):
        if name in row:
            raise wrong(f"{row.at}/{name}", ", ".join(sorted(_COMMON | _OWN[kind])))
    held: dict[str, Any] = {
        "id": row.text("id"),
        "kind": kind,
        "grade": Grade(row.one_of("grade", [g.value for g in Grade])),
        "title": row.texts("title"),
        "categories": row.names("categories"),
    }
    match kind:
        case AlertKind.CLUSTER:
            within_m, hours = row.number("within_m", 1, _KILOMETRES), row.number("within_h", Decimal("0.1"), _YEAR_H)
            within = timedelta(microseconds=int(hours * 3_600_000_000))
            return AlertRule(**held, least=row.whole("least", 2), within_m=float(within_m), within=within)
        case AlertKind.RATE:
            named, by = row.one_of("indicator", RATES), row.one_of("by", SUBJECTS)
            least = row.whole("least", 1) if "least" in row else 1
            days = timedelta(days=row.whole("days", 1, _YEAR_H // 24) if "days" in row else _MONTH)
            target = row.number("target", 0, 100)
            return AlertRule(**held, indicator=named, by=by, target=target, least=least, within=days)
        case AlertKind.STATION:
            return AlertRule(**held, over=row.whole("over") if "over" in row else None, layers=row.names("layers"))
    return AlertRule(**held)


@cache
def packaged_alerts(name: str = "cn") -> AlertRules:
    """Read a table that comes with the package."""
    return read_alerts((resources.files("gridmap") / "data" / "alerts" / f"{name}.toml").read_text("utf-8"))

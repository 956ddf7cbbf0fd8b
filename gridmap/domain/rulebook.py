"""Rules of size and shape as data: what each measures, its limits, how strict it is, and who asks for it.

A rulebook is a TOML file. Those of ``gridmap/data/rules`` come with the package; a city writes its own, which may start
from one of them (``extends``) and change numbers by naming a rule again.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any

from gridmap.domain.clauses import BINDING, Clause, Provenance, Texts
from gridmap.domain.rules import Severity
from gridmap.errors import InvalidInput
from gridmap.i18n import LANGUAGES, Language, has


class Measure(StrEnum):
    """What can be measured of an area from what the store holds."""

    AREA = "area_m2"
    HOUSEHOLDS = "households"
    FLOATING = "floating"
    ATTRIBUTE = "attribute"
    PARTS = "parts"
    COMPACTNESS = "compactness"
    WIDTH = "width_m"
    CHILDREN = "children"
    MISSING = "missing"
    PARENT = "parent"
    CUT = "cut"
    ALONG = "along"


#: The unit of each measure, and to how many digits it is told and compared.
UNITS: Mapping[Measure, tuple[str, int]] = {
    Measure.AREA: ("m2", 2),
    Measure.HOUSEHOLDS: ("", 0),
    Measure.FLOATING: ("", 0),
    Measure.ATTRIBUTE: ("", 2),
    Measure.PARTS: ("", 0),
    Measure.COMPACTNESS: ("", 3),
    Measure.WIDTH: ("m", 2),
    Measure.CHILDREN: ("", 0),
    Measure.MISSING: ("", 0),
    Measure.PARENT: ("", 0),
    Measure.CUT: ("", 0),
    Measure.ALONG: ("%", 0),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes
    ----------
    id : str
        Names it in findings; stable, snake_case.
    measure : Measure
    severity : Severity
    provenance : Provenance
    document : str
        Who asks for it: standard, decree, or system.
    clause : Texts
        What it asks for, in short.
    title, text : Texts
        The text has the fields ``codes``, ``measure``, ``low``, ``high``, ``unit`` and ``what``.
    low, high : float or None
        Limits; both are allowed themselves.
    at : str
        ``leaf``: the finest level that tiles; ``any``; or the name of a level.
    kinds, except_kinds : tuple of str
        Only areas of these kinds (or levels of these names), or all but these; empty: all.
    values : tuple of str
        Attributes that must be there (``missing``), kinds of area that are no parent (``parent``), one attribute
        (``attribute``).
    layers : tuple of str
        Layers of buildings (``cut``) or lines (``along``).
    within_m : float
        How near a line a border runs along it; how far a building may reach over a border.
    needs_waiver : bool
        A warning that has to be mended or signed before a plan is published.
    valid_from, valid_to : date or None
        First day, and the day after the last; None: open.
    """

    id: str
    measure: Measure
    severity: Severity
    provenance: Provenance
    document: str
    clause: Texts = field(hash=False)
    title: Texts = field(hash=False)
    text: Texts = field(hash=False)
    low: float | None = None
    high: float | None = None
    at: str = "leaf"
    kinds: tuple[str, ...] = ()
    except_kinds: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    within_m: float = 0.0
    needs_waiver: bool = False
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_at(self, day: date) -> bool:
        """Tell whether it is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)

    @property
    def unit(self) -> str:
        """``m2``, ``m`` or empty."""
        return UNITS[self.measure][0]

    @property
    def digits(self) -> int:
        """To how many digits the measure is told and compared."""
        return UNITS[self.measure][1]

    @property
    def limits(self) -> tuple[str, ...]:
        """Everything that decides whether an area breaks it, as texts."""
        return (self.id, self.measure, f"{self.low}", f"{self.high}", *self.values, *self.layers, f"{self.within_m}")

    def shown(self, value: float | None) -> str:
        """Write a value of its measure."""
        if value is None:
            return "–"
        told = f"{value:,.{self.digits}f}"
        return told.rstrip("0").rstrip(".") if "." in told else told

    @property
    def asked(self) -> Clause:
        """Who asks for it."""
        return Clause(self.document, self.clause, self.provenance)

    def message(self, codes: tuple[str, ...], value: float | None, what: str, language: Language) -> str:
        """Say in a language that an area breaks it."""
        return self.text[language].format(
            codes=", ".join(codes),
            measure=self.shown(value),
            low=self.shown(self.low),
            high=self.shown(self.high),
            unit=self.unit,
            what=what,
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as plain JSON values, without what is as usual."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        plain = {k: _plain(v) for k, v in held.items()}
        usual = {f.name: _plain(f.default) for f in fields(self)}
        return {k: v for k, v in plain.items() if k in _NEEDED or v != usual[k]}


_NEEDED = ("id", "measure", "severity", "provenance", "document", "clause", "title", "text")


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules that a set of boundaries follows. ``name`` is that of the profile, or of the city's own file."""

    name: str
    rules: tuple[Rule, ...] = ()

    def at(self, day: date) -> tuple[Rule, ...]:
        """Give the rules in force on a day."""
        return tuple(rule for rule in self.rules if rule.holds_at(day))

    def to_json(self) -> dict[str, Any]:
        """Give it as plain JSON values; ``rulebook_of`` reads them."""
        return {"name": self.name, "rule": [rule.to_json() for rule in self.rules]}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def profiles() -> tuple[str, ...]:
    """Give the names of the rulebooks that come with the package, sorted."""
    folder = resources.files("gridmap") / "data" / "rules"
    names = [f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")]
    return tuple(sorted(names))


@cache
def profile(name: str) -> Rulebook:
    """Give a rulebook that comes with the package.

    Raises
    ------
    InvalidInput
        ``rules_unknown``.
    """
    if name not in profiles():
        raise InvalidInput("rules_unknown", known=", ".join(profiles()))
    file = resources.files("gridmap") / "data" / "rules" / f"{name}.toml"
    return rulebook_of(tomllib.loads(file.read_text(encoding="utf-8")))


def rulebook_of(held: Mapping[str, Any]) -> Rulebook:
    """Read a rulebook; a rule that the one it extends has, too, changes what it names of it.

    Raises
    ------
    InvalidInput
        ``rules_unknown``: what it extends; ``rules_wrong``, naming the rule by its place and the entry.
    """
    if not held.keys() <= {"name", "extends", "rule"} or not _is_text(held.get("name")):
        raise InvalidInput("rules_wrong", entry="name, extends, rule")
    base = profile(held["extends"]).rules if _is_text(held.get("extends")) else ()
    rules = {rule.id: rule for rule in base}
    given = held.get("rule", [])
    if not isinstance(given, list) or len(given) > _MOST:
        raise InvalidInput("rules_wrong", entry="rule")
    named: set[str] = set()
    for number, entry in enumerate(given, 1):
        place = f"rule[{number}]"
        if not isinstance(entry, Mapping) or not _is_text(entry.get("id")) or entry["id"] in named:
            raise InvalidInput("rules_wrong", entry=f"{place}.id")
        named.add(entry["id"])
        known = rules.get(entry["id"])
        if known is not None and entry.keys() == {"id"}:  # named alone: it is left out
            del rules[known.id]
            continue
        rules[entry["id"]] = _rule({**(known.to_json() if known else {}), **entry}, place)
    return Rulebook(held["name"], tuple(rules.values()))


#: What a text of a rule may be filled with.
_BLANKS = {"codes", "measure", "low", "high", "unit", "what"}
#: So many rules a file may have.
_MOST = 200
_LONGEST = 1_000


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST


def _rule(held: Mapping[str, Any], place: str) -> Rule:
    """Make a rule of an entry (InvalidInput ``rules_wrong``)."""
    known = {f.name for f in fields(Rule)}
    wrong = [name for name in _NEEDED if name not in held] + [f"{place}" for _ in held.keys() - known]
    made: dict[str, Any] = {}
    for name in known & held.keys():
        try:
            made[name] = _READ[name](held[name])
        except (ValueError, TypeError, KeyError):
            wrong.append(name)
    if wrong:
        raise InvalidInput("rules_wrong", entry=f"{place}.{min(wrong)}")
    rule = Rule(**made)
    _require_sense(rule, place)
    return rule


def _require_sense(rule: Rule, place: str) -> None:
    """Check what no entry alone can be asked."""
    low, high = rule.low, rule.high
    measured = rule.measure not in (Measure.MISSING, Measure.PARENT)
    by_value = rule.measure in (Measure.MISSING, Measure.PARENT, Measure.ATTRIBUTE)
    by_layer = rule.measure in (Measure.CUT, Measure.ALONG)
    faults = {
        "id": has(f"finding.{rule.id}") or not rule.id.isascii() or not rule.id.isidentifier(),
        "low": (measured and low is None and high is None) or (low is not None and high is not None and low > high),
        "values": by_value != bool(rule.values) or (rule.measure is Measure.ATTRIBUTE and len(rule.values) != 1),
        "layers": by_layer != bool(rule.layers),
        "severity": rule.severity is Severity.ERROR and rule.provenance not in BINDING,
        # who draws is not told of people: the gate alone asks for them
        "needs_waiver": rule.needs_waiver
        and (
            rule.severity is not Severity.WARNING or rule.provenance not in BINDING or rule.measure is Measure.FLOATING
        ),
        "valid_to": rule.valid_from is not None and rule.valid_to is not None and rule.valid_to <= rule.valid_from,
    }
    for name, wrong in faults.items():
        if wrong:
            raise InvalidInput("rules_wrong", entry=f"{place}.{name}")
    for language in LANGUAGES:
        try:
            blanks = {name for _, name, how, _ in Formatter().parse(rule.text[language]) if name is not None or how}
        except ValueError:
            blanks = {None}
        if not blanks <= _BLANKS:
            raise InvalidInput("rules_wrong", entry=f"{place}.text")


def _text(value: Any) -> str:
    if not _is_text(value):
        raise ValueError
    return str(value)


def _texts(value: Any) -> Texts:
    if not isinstance(value, Mapping) or set(value) != set(LANGUAGES):
        raise ValueError
    return {language: _text(value[language]) for language in LANGUAGES}


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST:
        raise ValueError
    return tuple(_text(v) for v in value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise ValueError
    return float(value)


def _limit(value: Any) -> float | None:
    return None if value is None else _number(value)


def _day(value: Any) -> date | None:
    if value is None or type(value) is date:
        return value
    return date.fromisoformat(_text(value))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


_READ: Mapping[str, Any] = {
    "id": _text,
    "measure": Measure,
    "severity": Severity,
    "provenance": Provenance,
    "document": _text,
    "clause": _texts,
    "title": _texts,
    "text": _texts,
    "low": _limit,
    "high": _limit,
    "at": _text,
    "kinds": _names,
    "except_kinds": _names,
    "values": _names,
    "layers": _names,
    "within_m": _number,
    "needs_waiver": _flag,
    "valid_from": _day,
    "valid_to": _day,
}

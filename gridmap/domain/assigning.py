"""Who handles a case: an ordered table of rules as data, of which the first that fits wins.

A table is a TOML file; ``gridmap/data/responsibility/cn.toml`` comes with the package and tells its entries. A city's
own file takes its place. Nobody's case is lost: where no rule fits, it waits in the queue of the unassigned.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, NamedTuple, TypeGuard

from gridmap.errors import InvalidInput
from gridmap.i18n import Language, text

#: The rule of a case that none fits.
UNASSIGNED = "unassigned"

_MOST, _LONGEST = 500, 200
_ANY = "*"
_KEYS = frozenset({"id", "unit", "categories", "component", "layers", "attributes", "kinds"})


class By(StrEnum):
    """What decided, as the reason tells it."""

    CATEGORY = "category"
    COMPONENT = "component"
    FEATURE = "feature"
    SPECIAL = "special"
    GRID = "grid"
    DESK = "desk"
    NOBODY = "nobody"


class AtPlace(NamedTuple):
    """A facility, road or zone at the place of a case."""

    layer: str
    code: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a case where it happened, at its time.

    Attributes
    ----------
    category : str
        Class or type of the taxonomy.
    component : str or None
        Code of the component that the case names.
    grid_code, grid_kind : str or None
        Of the one responsible grid.
    desk_code : str or None
        The smallest area that holds the place.
    features : sequence of AtPlace
        The nearest or smallest first.
    """

    category: str
    component: str | None = None
    grid_code: str | None = None
    grid_kind: str | None = None
    desk_code: str | None = None
    features: Sequence[AtPlace] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a key of the catalogue, and what its text is filled with. Plain text, never markup."""

    key: str
    fields: Mapping[str, str] = field(hash=False)

    def message(self, language: Language = "en") -> str:
        """Say it in a language."""
        return text(self.key, language, **self.fields)


@dataclass(frozen=True, slots=True)
class Assigned:
    """The answer: who (``grid:CODE``, ``desk:CODE``, ``dept:NAME``; None: the unassigned queue), by which rule, why."""

    unit: str | None
    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; see the packaged file for what its entries mean."""

    id: str
    unit: str
    categories: tuple[str, ...] = ()
    component: bool = False
    layers: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def by(self) -> By:
        """What it decides by: the narrowest of its conditions."""
        if self.layers:
            return By.COMPONENT if self.component else By.FEATURE
        if self.kinds:
            return By.SPECIAL
        if self.categories:
            return By.CATEGORY
        return By.DESK if "{desk}" in self.unit else By.GRID if "{grid}" in self.unit else By.CATEGORY

    def fits(self, place: Place) -> tuple[str, AtPlace | None] | None:
        """Give the unit, and the feature that names it; None: the rule does not fit."""
        if self.categories and not any(within(place.category, c) for c in self.categories):
            return None
        if self.kinds and place.grid_kind not in self.kinds:
            return None
        if (place.grid_code is None and "{grid}" in self.unit) or (place.desk_code is None and "{desk}" in self.unit):
            return None
        found, owner = None, ""
        if self.layers:
            found, owner = self._named(place)
            if found is None:
                return None
        unit = self.unit.replace("{grid}", place.grid_code or "").replace("{desk}", place.desk_code or "")
        # last, so that nothing that an attribute says is filled in again
        return unit.replace("{owner}", owner), found

    def _named(self, place: Place) -> tuple[AtPlace | None, str]:
        """Give the first feature that fits, with the owner that it names, where one is asked for."""
        for feature in place.features:
            if self.component and (place.component is None or feature.code != place.component):
                continue
            if _ANY not in self.layers and feature.layer not in self.layers:
                continue
            if not self.attributes:
                return feature, ""
            for name in self.attributes:
                value = feature.attributes.get(name)
                if isinstance(value, str) and (owner := value.strip()) and _is_name(owner):
                    return feature, owner
        return None, ""


@dataclass(frozen=True, slots=True)
class Rules:
    """A table of rules, in order. ``source``: who says so, by language."""

    name: str
    rules: tuple[Rule, ...]
    source: Mapping[str, str] = field(default_factory=dict, hash=False)


def within(category: str, of: str) -> bool:
    """Tell whether a category is a class or type, or below it: ``E1-02`` is within ``E1``, ``E11-02`` is not."""
    return category == of or category.startswith(of + "-")


def assign(rules: Rules, place: Place) -> Assigned:
    """Tell who handles a case: the first rule that fits.

    There is always an answer: where none fits, ``unit`` is None and ``rule`` is ``unassigned``.
    """
    for number, rule in enumerate(rules.rules, 1):
        if (found := rule.fits(place)) is not None:
            unit, feature = found
            told = {"number": str(number), "rule": rule.id, "unit": unit, "category": place.category}
            told |= {"grid": place.grid_code or "", "kind": place.grid_kind or "", "desk": place.desk_code or ""}
            told |= {"layer": feature.layer if feature else "", "code": feature.code if feature else ""}
            return Assigned(unit, rule.id, Reason(f"responsible.{rule.by.value}", told))
    return Assigned(None, UNASSIGNED, Reason(f"responsible.{By.NOBODY.value}", {"category": place.category}))


@cache
def packaged_rules(name: str = "cn") -> Rules:
    """Read a table that comes with the package."""
    return read_rules((resources.files("gridmap") / "data" / "responsibility" / f"{name}.toml").read_text("utf-8"))


def read_rules(content: str) -> Rules:
    """Read a table of rules.

    Raises
    ------
    InvalidInput
        ``responsibility_wrong`` with the place as a JSON pointer (``/rule/0/unit``) and what was wanted there.
    """
    try:
        held = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise _wrong("/", "TOML") from None
    if held.keys() - {"name", "source", "rule"}:
        raise _wrong("/", "name, source, [[rule]]")
    if not _is_name(held.get("name")):
        raise _wrong("/name", '"city"')
    source = held.get("source", {})
    if not isinstance(source, dict) or not all(_is_name(v) for v in source.values()):
        raise _wrong("/source", '{ zh = "…", en = "…" }')
    rows = held.get("rule", [])
    if not isinstance(rows, list) or len(rows) > _MOST:
        raise _wrong("/rule", f"[[rule]], 0–{_MOST}")
    rules = tuple(_rule(row, f"/rule/{i}") for i, row in enumerate(rows))
    ids: set[str] = {UNASSIGNED}
    for i, rule in enumerate(rules):
        if rule.id in ids:
            raise _wrong(f"/rule/{i}/id", f"unique; not {UNASSIGNED}")
        ids.add(rule.id)
    return Rules(held["name"], rules, source)


def _rule(row: Any, at: str) -> Rule:
    if not isinstance(row, dict) or row.keys() - _KEYS:
        raise _wrong(at, ", ".join(sorted(_KEYS)))
    if not _is_name(row.get("id")):
        raise _wrong(f"{at}/id", '"road_owner"')
    component = row.get("component", False)
    if not isinstance(component, bool):
        raise _wrong(f"{at}/component", "true, false")
    lists = {name: _names(row, name, at) for name in ("categories", "layers", "attributes", "kinds")}
    unit = row.get("unit")
    if not _is_name(unit) or not _is_unit(unit):
        raise _wrong(f"{at}/unit", "grid:{grid}, desk:{desk}, dept:…, dept:{owner}")
    if (component or lists["attributes"]) and not lists["layers"]:
        raise _wrong(f"{at}/layers", '["roads"], ["*"]')
    if ("{owner}" in unit) != bool(lists["attributes"]):
        raise _wrong(f"{at}/attributes", '["owner"], dept:{owner}')
    return Rule(row["id"], unit, component=component, **lists)


def _names(row: Mapping[str, Any], name: str, at: str) -> tuple[str, ...]:
    """Give a list of names; one that is written must not be empty, for then it would fit all or nothing."""
    found = row.get(name, ())
    if name in row and (not isinstance(found, list) or not found or len(found) > _MOST):
        raise _wrong(f"{at}/{name}", '["…"]')
    for i, value in enumerate(found):
        if not _is_name(value):
            raise _wrong(f"{at}/{name}/{i}", '"…"')
    return tuple(found)


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST and value.isprintable()


def _is_unit(value: str) -> bool:
    if value in ("grid:{grid}", "desk:{desk}", "dept:{owner}"):
        return True
    kind, _, name = value.partition(":")
    return kind in ("grid", "desk", "dept") and bool(name.strip()) and "{" not in name and "}" not in name


def _wrong(at: str, wanted: str) -> InvalidInput:
    return InvalidInput("responsibility_wrong", pointer=at, wanted=wanted)

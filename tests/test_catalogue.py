"""Every text that the source asks for is in the catalogue, in both languages, with the fields that it is given."""

import ast
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gridmap.i18n import LANGUAGES, catalogue

ROOT = Path(__file__).resolve().parent.parent
HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Use:
    """One place in the source that names an error code or a rule; ``fields`` None: not all are written there."""

    key: str
    fields: frozenset[str] | None
    place: str


@cache
def sources() -> list[tuple[str, ast.Module]]:
    files = sorted(p for folder in ("gridmap", "api") for p in (ROOT / folder).rglob("*.py"))
    return [(str(p.relative_to(ROOT)), ast.parse(p.read_text(encoding="utf-8"))) for p in files]


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call of a plain or dotted name, with where it stands and the last part of the name."""
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                last = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                yield f"{name}:{node.lineno}", node, last


@cache
def error_classes() -> frozenset[str]:
    """Names of GridmapError and of every class in the source that descends from it."""
    found, before = {"GridmapError"}, 0
    while len(found) > before:
        before = len(found)
        for _, tree in sources():
            for node in ast.walk(tree):
                bases = [b.id for b in node.bases if isinstance(b, ast.Name)] if isinstance(node, ast.ClassDef) else []
                if found & set(bases):
                    found.add(node.name)
    return frozenset(found)


def strings_in(node: ast.expr | None) -> list[str]:
    """The text that an expression can be, where it is written out: a literal, or one of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return strings_in(node.body) + strings_in(node.orelse)
    return []


def keywords(call: ast.Call) -> frozenset[str] | None:
    names = [k.arg for k in call.keywords]
    return None if None in names else frozenset(n for n in names if n is not None)


@cache
def errors_raised() -> tuple[Use, ...]:
    return tuple(
        Use(f"error.{code}", keywords(call), place)
        for place, call, name in calls()
        if name in error_classes() and call.args
        for code in strings_in(call.args[0])
    )


@cache
def rules_used() -> tuple[Use, ...]:
    """Rules given to ``Finding`` or to a function of ours with a parameter ``rule``, or set as ``rule = ...``."""
    at: dict[str, int] = {"Finding": 0}
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                names = [a.arg for a in node.args.args if a.arg not in ("self", "cls")]
                if "rule" in names:
                    at[node.name] = names.index("rule")
    found = []
    for place, call, name in calls():
        if name in at:
            given = [k.value for k in call.keywords if k.arg == "rule"] or call.args[at[name] : at[name] + 1]
            fields = _finding_fields(call) if name == "Finding" else None
            found += [Use(_finding_key(call, rule), fields, place) for g in given for rule in strings_in(g)]
    for name, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "rule" for t in node.targets):
                found += [Use(f"finding.{r}", None, f"{name}:{node.lineno}") for r in strings_in(node.value)]
    return tuple(found)


def _given_fields(call: ast.Call) -> list[ast.expr]:
    return [k.value for k in call.keywords if k.arg == "fields"] or call.args[6:7]


def _finding_key(call: ast.Call, rule: str) -> str:
    """``finding.<rule>``, or ``finding.<rule>.<kind>`` where a literal kind has texts of its own."""
    for given in _given_fields(call):
        if isinstance(given, ast.Dict):
            for k, v in zip(given.keys, given.values, strict=True):
                if isinstance(k, ast.Constant) and k.value == "kind" and isinstance(v, ast.Constant):
                    kind = f"finding.{rule}.{v.value}"
                    return kind if kind in catalogue() else f"finding.{rule}"
    return f"finding.{rule}"


def _finding_fields(call: ast.Call) -> frozenset[str] | None:
    """Names of the literal ``fields`` of a finding; None where they are put together elsewhere."""
    given = _given_fields(call)
    if not given:
        return frozenset()
    if isinstance(given[0], ast.Dict) and all(isinstance(k, ast.Constant) for k in given[0].keys):
        return frozenset(str(k.value) for k in given[0].keys if isinstance(k, ast.Constant))
    return None


def fields_of(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def faults_of(uses: tuple[Use, ...], always: frozenset[str]) -> list[str]:
    """What is wrong between uses and the catalogue."""
    faults = []
    for use in uses:
        entry = catalogue().get(use.key)
        if entry is None:
            faults.append(f"{use.place}: no entry {use.key}")
        elif use.fields is not None:
            lacking = {f for language in LANGUAGES for f in fields_of(entry[language])} - use.fields - always
            if lacking:
                faults.append(f"{use.place}: {use.key} needs {sorted(lacking)}")
    return faults


def test_every_error_code_in_the_source_has_its_texts_and_gives_their_fields():
    assert len(errors_raised()) > 40
    assert faults_of(errors_raised(), frozenset()) == []


def test_every_rule_in_the_source_has_its_texts_and_gives_their_fields():
    assert len(rules_used()) > 10
    assert faults_of(rules_used(), frozenset({"codes", "measure", "unit"})) == []


def test_a_code_without_entry_and_a_missing_field_would_be_found():
    assert faults_of((Use("error.no_such_code", frozenset(), "x"),), frozenset()) == ["x: no entry error.no_such_code"]
    short = Use("error.points_not_parallel", frozenset({"lon"}), "x")
    assert faults_of((short,), frozenset()) == ["x: error.points_not_parallel needs ['lat']"]


def test_every_text_asked_for_by_its_key_exists():
    missing = [
        f"{place}: {key}"
        for place, call, name in calls()
        if name == "text" and isinstance(call.func, ast.Name) and call.args
        for key in strings_in(call.args[0])
        if key not in catalogue()
    ]
    assert missing == []


def test_every_error_text_is_used_by_the_source():
    written = {n.value for _, tree in sources() for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    unused = [k for k in catalogue() if k.startswith("error.") and k.removeprefix("error.") not in written]
    assert unused == []


def test_both_languages_of_a_text_use_the_same_fields_and_are_not_empty():
    assert {key for key, entry in catalogue().items() if fields_of(entry["zh"]) != fields_of(entry["en"])} == set()
    assert {key for key, entry in catalogue().items() if not all(entry[x].strip() for x in LANGUAGES)} == set()
    # counted fields such as {0} would depend on the order of words
    names = {(key, field) for key, entry in catalogue().items() for field in fields_of(entry["zh"])}
    assert {named for named in names if not re.fullmatch(r"[a-z][a-z0-9_]*", named[1])} == set()


def test_errors_and_findings_are_said_in_their_language():
    said = {key: entry for key, entry in catalogue().items() if key.split(".")[0] in ("error", "finding")}
    assert len(said) > 300
    assert {key for key, entry in said.items() if not HAN.search(entry["zh"]) or HAN.search(entry["en"])} == set()

"""Who asks for a rule: the standard, decree or system, what it says, and how sure that is."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from gridmap.i18n import Language


class Provenance(StrEnum):
    """How sure it is that a document asks for a rule.

    ``standard``, ``local``: read in a standard, or in a rule of one city or province. ``city``: the city that uses the
    rule asks for it. ``code``: read in a program, not in the standard. ``memory``: not read. ``practice``: no document.
    """

    STANDARD = "standard"
    LOCAL = "local"
    CITY = "city"
    CODE = "code"
    MEMORY = "memory"
    PRACTICE = "practice"


#: Only what was read in a standard or decree, or what the city itself asks for, may stop a plan or ask for a signature.
BINDING = frozenset({Provenance.STANDARD, Provenance.LOCAL, Provenance.CITY})

Texts = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Clause:
    """What a document asks for."""

    document: str
    says: Texts
    provenance: Provenance

    def to_json(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {"document": self.document, "says": dict(self.says), "provenance": self.provenance.value}


@cache
def _known() -> dict[str, Clause]:
    file = resources.files("gridmap") / "data" / "clauses.toml"
    held = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        rule: Clause(entry["document"], entry["says"], Provenance(entry["provenance"]))
        for entry in held["clause"]
        for rule in entry["rules"]
    }


def clause_of(rule: str) -> Clause | None:
    """Give the clause of a rule of topology, nesting, codes or attributes; None: nobody but gridmap asks for it."""
    return _known().get(rule)

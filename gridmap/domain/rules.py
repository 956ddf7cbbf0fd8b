"""What a valid plan is: findings and the report that gathers all of them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.domain.clauses import Clause, clause_of
from gridmap.i18n import Language, has, text

if TYPE_CHECKING:
    from gridmap.domain.rulebook import Rule
    from gridmap.domain.waivers import Waiver


class Severity(StrEnum):
    """An ``error`` stands in the way of publishing; a ``warning`` is shown and may pass; a ``note`` informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault with rule, severity, codes, measure and geometry.

    ``rule`` is stable and snake_case; the catalogue has ``finding.<rule>``, or ``finding.<rule>.<kind>`` where
    ``fields`` hold a ``kind``, filled from ``fields`` plus ``codes``, ``measure`` and ``unit``.
    ``unit`` is ``m2``, ``m``, ``%`` or empty. ``geometry`` is in WGS 84, lon/lat. ``by`` is the rule of a rulebook that
    is broken; it brings its own texts. ``waiver``: somebody signed for it.
    """

    rule: str
    severity: Severity
    codes: tuple[str, ...] = ()
    measure: float | None = None
    unit: str = ""
    geometry: BaseGeometry | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    by: "Rule | None" = None
    waiver: "Waiver | None" = None

    @property
    def clause(self) -> Clause | None:
        """Who asks for the rule; None: nobody but gridmap."""
        return clause_of(self.rule) if self.by is None else self.by.asked

    def message(self, language: Language = "en") -> str:
        """Say the fault in a language."""
        if self.by is not None:
            return self.by.message(self.codes, self.measure, str(self.fields.get("what", "")), language)
        measure = "" if self.measure is None else f"{self.measure:,.2f}"
        shown = {"codes": ", ".join(self.codes), "measure": measure, "unit": self.unit, **self.fields}
        key = f"finding.{self.rule}"
        kind = f"{key}.{self.fields.get('kind')}"
        return text(kind if has(kind) else key, language, **shown)

    def to_json(self) -> dict[str, Any]:
        """Give the finding as plain JSON values; the geometry as GeoJSON or None."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "codes": list(self.codes),
            "measure": self.measure,
            "unit": self.unit,
            "geometry": None if self.geometry is None else shapely.geometry.mapping(self.geometry),
            "fields": self.fields,
            "clause": None if self.clause is None else self.clause.to_json(),
            "waived": self.waiver is not None,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one check, in a fixed order, and facts about what was checked."""

    findings: tuple[Finding, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __add__(self, other: "Report") -> "Report":
        return Report(self.findings + other.findings, {**self.facts, **other.facts})

    def of(self, *rules: str) -> tuple[Finding, ...]:
        """Give the findings of some rules."""
        return tuple(f for f in self.findings if f.rule in rules)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stand in the way."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def clean(self) -> bool:
        """No finding above a note."""
        return all(f.severity is Severity.NOTE for f in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Give ``{"findings": [...], "summary": {...}}`` as plain JSON values."""
        measures: Counter[str] = Counter()
        for f in self.findings:
            if f.unit == "m2" and f.measure is not None:
                measures[f.rule] += f.measure  # type: ignore[assignment]
        return {
            "findings": [f.to_json() for f in self.findings],
            "summary": {
                "findings": len(self.findings),
                "by_rule": dict(sorted(Counter(f.rule for f in self.findings).items())),
                "by_severity": dict(sorted(Counter(f.severity.value for f in self.findings).items())),
                "m2_by_rule": {k: round(v, 3) for k, v in sorted(measures.items())},
                **self.facts,
            },
        }


def report(findings: Iterable[Finding], **facts: Any) -> Report:
    """Gather findings into a report: errors first, then larger measures first, then rule and codes."""
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    ordered = sorted(findings, key=lambda f: (rank[f.severity], f.rule, -(f.measure or 0.0), f.codes))
    return Report(tuple(ordered), facts)

"""Signed waivers: a planner answers for what a rule only warns of, as long as it stays exactly what was signed for."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.domain.rules import Finding, Severity

#: Gives the shape of an area by its code; None: there is none.
ShapeOf = Callable[[str], BaseGeometry | None]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A signature under a finding, or with ``signed`` False one taken back.

    ``seal`` is that of the finding (``seal_of``). ``author`` is the name at the time, ``author_id`` the account; None:
    nobody's.
    """

    number: int
    rule: str
    codes: tuple[str, ...]
    seal: str
    author_id: str | None
    author: str
    at: datetime
    reason: str
    signed: bool = True


def seal_of(finding: Finding, shape_of: ShapeOf) -> str:
    """Give what stands for all that a planner signs for.

    The rule with its limits, the areas with every vertex as it is stored (whatever the start or winding of rings), and
    the measure as it is told. If any of it changes, the seal is another one, and the waiver has ended.
    """
    rule = finding.by
    told = f"{finding.measure:.3f}" if rule is None and finding.measure is not None else ""
    words = [
        finding.rule,
        *finding.codes,
        "|",
        *(rule.limits if rule is not None else ()),
        "|",
        rule.shown(finding.measure) if rule is not None else told,
        str(finding.fields.get("kind", "")),
        str(finding.fields.get("what", "")),
    ]
    digest = hashlib.sha256(json.dumps(words, ensure_ascii=True).encode())
    for code in finding.codes:
        shape = shape_of(code)
        body = b"" if shape is None else shapely.to_wkb(shapely.normalize(shape), byte_order=1, output_dimension=2)
        digest.update(len(body).to_bytes(8, "big") + body)
    return digest.hexdigest()


def in_force(waivers: Iterable[Waiver]) -> dict[str, Waiver]:
    """Give the waivers that nobody took back, by seal; ``waivers`` in the order of time."""
    last = {waiver.seal: waiver for waiver in waivers}
    return {seal: waiver for seal, waiver in last.items() if waiver.signed}


def settled(findings: Iterable[Finding], held: Mapping[str, Waiver], shape_of: ShapeOf) -> list[Finding]:
    """Put the waivers under the warnings that they were signed for."""
    waived = {(w.rule, w.codes) for w in held.values()}

    def one(finding: Finding) -> Finding:
        if finding.severity is not Severity.WARNING or (finding.rule, finding.codes) not in waived:
            return finding
        return replace(finding, waiver=held.get(seal_of(finding, shape_of)))

    return [one(finding) for finding in findings]


def unsigned(finding: Finding) -> bool:
    """Tell whether a warning has to be mended or signed before its plan is published, and is not."""
    asks = finding.by is not None and finding.by.needs_waiver
    return asks and finding.severity is Severity.WARNING and finding.waiver is None

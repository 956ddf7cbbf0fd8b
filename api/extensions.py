"""What a problem shows beyond its common members: a declared table of fields by error code, and nothing else.

The fields of an error are for its text; only those that stand here leave as members of their own (RFC 9457, 3.2).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import shapely

from gridmap.domain.rules import Finding
from gridmap.errors import GridmapError
from gridmap.i18n import Language

#: Findings that one problem carries; the report of the version has all of them.
MAX_FINDINGS = 100

#: Gives the members of one field.
Show = Callable[[Any, Language], dict[str, Any]]


def _as_is(name: str) -> Show:
    return lambda value, language: {name: value}


def _numbers(value: str, language: Language) -> dict[str, Any]:
    return {"meanwhile": [int(number) for number in value.split(", ") if number]}


def _findings(found: Sequence[Finding], language: Language) -> dict[str, Any]:
    shown: dict[str, Any] = {"findings": [finding_json(f, language) for f in found[:MAX_FINDINGS]]}
    return {**shown, "truncated": True} if len(found) > MAX_FINDINGS else shown


#: Code to field to how it is shown.
SHOWN: Mapping[str, Mapping[str, Show]] = {
    "coordinate_out_of_range": {"hint": _as_is("hint")},
    "outside_service_area": {"hint": _as_is("hint")},
    "redraw_conflict": {"numbers": _as_is("numbers"), "codes": _as_is("codes")},
    "redraw_locked": {"lock": _as_is("lock")},
    "redraw_overlaps": {"area": _as_is("area"), "other": _as_is("other")},
    "redraw_crosses_itself": {"area": _as_is("area")},
    "grid_retired": {"successors": _as_is("successors")},
    "not_publishable": {"findings": _findings},
    "version_stale": {
        "expected": _as_is("expected"),
        "revision": _as_is("revision"),
        "meanwhile": _numbers,
        "changed": _as_is("changed"),
        "changes": _as_is("changes"),
    },
}


def members(error: GridmapError, language: Language) -> dict[str, Any]:
    """Give the members that the problem of an error has beside the common ones."""
    shown: dict[str, Any] = {}
    for name, show in SHOWN.get(error.code, {}).items():
        if name in error.fields:
            shown |= show(error.fields[name], language)
    return shown


def finding_json(finding: Finding, language: Language) -> dict[str, Any]:
    """Give a finding in a reader's language; ``place`` is a point ([lon, lat]) where it can be seen."""
    shape = finding.geometry
    place = None
    if shape is not None and not shape.is_empty:
        point = shapely.point_on_surface(shape)
        place = None if point.is_empty else [round(point.x, 7), round(point.y, 7)]
    measure = finding.measure
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "codes": list(finding.codes),
        "level": finding.fields.get("level"),
        "measure": None if measure is None or measure != measure else round(measure, 3),
        "unit": finding.unit,
        "message": finding.message(language),
        "place": place,
        "clause": None if finding.clause is None else finding.clause.says[language],
        "document": None if finding.clause is None else finding.clause.document,
        "provenance": None if finding.clause is None else finding.clause.provenance.value,
        "needs_waiver": finding.by is not None and finding.by.needs_waiver,
        "waived": finding.waiver is not None,
    }

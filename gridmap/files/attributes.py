"""Attributes of features as they stand in a file: texts, codes, what is wrong with them."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import shapely

from gridmap.domain.rules import Finding, Severity
from gridmap.files.features import finding
from gridmap.files.sandbox import Parsed
from gridmap.files.text import cleaned, is_bad, looks_mojibake
from gridmap.settings import Settings

# Texts beyond the first so many are not looked through for mojibake: it comes in whole columns.
_SAMPLE = 2_000


def source_facts(parsed: Parsed, crs: str) -> dict[str, Any]:
    """Say what a file is: format, layer, CRS, encoding, number of features, hash."""
    return {
        "format": parsed.format.value,
        "layer": parsed.layer,
        "crs": crs,
        "encoding": parsed.encoding,
        "features": len(parsed.faults),
        "sha256": parsed.sha256,
    }


def parser_notes(parsed: Parsed) -> list[Finding]:
    """Give what the parser noted of the file as a whole."""
    return [finding(n["rule"], Severity.WARNING, None, **n["fields"]) for n in parsed.notes]


def at_row(values: list[Any], row: int) -> Any:
    """Give the value of a row, None where there is no such column."""
    return values[row] if values else None


def with_codes(found: list[Finding], codes: list[str | None]) -> list[Finding]:
    """Name the code of the feature that each finding is about, where it has one."""
    return [
        Finding(f.rule, f.severity, f.codes or _code_of(codes, f), f.measure, f.unit, f.geometry, f.fields)
        for f in found
    ]


def _code_of(codes: list[str | None], fault: Finding) -> tuple[str, ...]:
    row = fault.fields.get("feature")
    code = None if row is None else codes[row]
    return () if code is None else (code,)


def read_texts(parsed: Parsed, settings: Settings, found: list[Finding]) -> dict[str | None, list[Any]]:
    """Give all columns as lists; texts with bad characters are found, cleaned, and too long ones cut."""
    made: dict[str | None, list[Any]] = {}
    for name in parsed.attributes.column_names:
        values = parsed.attributes[name].to_pylist()
        doubtful = looked = 0
        for row, value in enumerate(values):
            if isinstance(value, float) and value != value:
                values[row] = None
            if not isinstance(value, str):
                continue
            if is_bad(value):
                found.append(finding("bad_text", Severity.ERROR, row, column=cleaned(name)[:60]))
                values[row] = value = cleaned(value)
            if len(value) > settings.max_free_text:
                found.append(
                    finding(
                        "text_too_long", Severity.ERROR, row, column=cleaned(name)[:60], limit=settings.max_free_text
                    )
                )
                values[row] = value[: settings.max_free_text]
            if looked < _SAMPLE and not value.isascii():
                looked += 1
                doubtful += looks_mojibake(value)
        if doubtful:
            found.append(finding("mojibake_suspect", Severity.WARNING, None, column=cleaned(name)[:60], count=doubtful))
        made[name] = values
    return made


def converted(values: list[Any] | None, to: Callable[[Any], Any], rule: str, found: list[Finding]) -> list[Any]:
    """Convert a column; what cannot be converted is None and a finding of this rule."""
    if values is None:
        return []
    made: list[Any] = []
    for row, value in enumerate(values):
        try:
            made.append(to(value))
        except ValueError:
            made.append(None)
            found.append(finding(rule, Severity.ERROR, row))
    return made


def find_code_faults(codes: list[str | None], geometry: Any, found: list[Finding]) -> None:
    """Find codes that are missing, doubled, or padded with blanks."""
    refused = {f.fields["feature"] for f in found if f.rule == "bad_code"}
    rows: dict[str, list[int]] = defaultdict(list)
    for row, code in enumerate(codes):
        if code is not None:
            rows[code].append(row)
            if code != code.strip() or any(c in code for c in "\t\r\n"):
                found.append(finding("code_padded", Severity.WARNING, row))
        elif row not in refused:
            place = middle(geometry[row])
            found.append(finding("missing_code", Severity.ERROR, row, geometry=place, row=row + 1))
    for code, same in rows.items():
        if len(same) > 1:
            fields = {"feature": same[1], "number": same[1] + 1, "features": same[:100], "rows": len(same)}
            found.append(
                Finding("duplicate_code", Severity.ERROR, (code,), geometry=middle(geometry[same[1]]), fields=fields)
            )


def middle(geometry: Any) -> Any:
    """Give a place in a geometry."""
    return None if geometry is None else shapely.point_on_surface(geometry)

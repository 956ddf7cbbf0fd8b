"""Types of single fields: text that can be shown, degrees, dates and times, boxes."""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from gridmap.domain.attachments import is_reference
from gridmap.domain.features import FeatureState
from gridmap.services.ports import Box

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2})", re.ASCII)
#: Years that a date or time may name: a slip of the pen lies outside, and so does what calendars cannot convert.
YEARS = range(1900, 2200)

# marks that turn or hide text: zero width, bidi embedding, override and isolates
_HIDDEN = frozenset("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u061c") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
_LINES = frozenset("\n\t\r")


def clean_text(value: Any, *, max_length: int, lines: bool = False) -> str:
    """Check a text: no control, surrogate, non-character, direction or zero-width marks, and not too long."""
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "text")
    if len(value) > max_length:
        raise PydanticCustomError("text_too_long", "long", {"max_length": max_length})
    for c in value:
        control = unicodedata.category(c) in ("Cc", "Cs") and not (lines and c in _LINES)
        if control or c in _HIDDEN or ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF:
            raise PydanticCustomError("bad_text", "text")
    return value


def _short(value: Any) -> str:
    return clean_text(value, max_length=200)


def _name(value: Any) -> str:
    text = _short(value)
    if not text.strip():
        raise PydanticCustomError("text_empty", "text")
    return text


def _free(value: Any) -> str:
    return clean_text(value, max_length=4_000, lines=True)


def _reference(value: Any) -> str:
    text = _name(value)
    if not is_reference(text):
        raise PydanticCustomError("reference_not_allowed", "reference")
    return text


def _number(value: Any) -> float:
    if not isinstance(value, str) or len(value) > 64 or not _NUMBER.fullmatch(value):
        raise PydanticCustomError("wrong_type", "number")
    return float(value)


def _integer(value: Any) -> Any:
    if isinstance(value, int):
        return value  # a default
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        raise PydanticCustomError("wrong_type", "integer")
    return int(value)


def parse_day_or_time(value: Any) -> date | datetime:
    """Read ``YYYY-MM-DD`` or an RFC 3339 time with its offset."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return parse_time(value)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise PydanticCustomError("bad_time", "date or time")
    return day


def parse_day(value: Any) -> date:
    """Read ``YYYY-MM-DD``."""
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "date")
    try:
        day = date.fromisoformat(value) if _DATE.fullmatch(value) else date.min
    except ValueError:
        day = date.min
    if day.year not in YEARS:
        raise PydanticCustomError("bad_date", "date")
    return day


def parse_time(value: Any) -> datetime:
    """Read an RFC 3339 time with its offset, and give it in UTC."""
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "time")
    try:
        if not _TIME.fullmatch(value):
            raise ValueError
        at = datetime.fromisoformat(value.upper())
        if at.year not in YEARS:
            raise ValueError
        return at.astimezone(UTC)
    except ValueError:
        raise PydanticCustomError("bad_time", "time") from None


def _box(value: Any) -> Box:
    parts = value.split(",") if isinstance(value, str) else []
    if len(parts) != 4 or not all(len(p) <= 64 and _NUMBER.fullmatch(p) for p in parts):
        raise PydanticCustomError("bad_bbox", "bbox")
    x0, y0, x1, y1 = (float(p) for p in parts)
    if not (-180 <= x0 <= x1 <= 180 and -90 <= y0 <= y1 <= 90):
        raise PydanticCustomError("bad_bbox", "bbox")
    return (x0, y0, x1, y1)


def _list_of_names(value: Any) -> tuple[str, ...]:
    return tuple(_name(part) for part in clean_text(value, max_length=2_000).split(","))


def _states(value: Any) -> tuple[str, ...]:
    names = _list_of_names(value)
    if not set(names) <= set(FeatureState):
        raise PydanticCustomError("value_not_allowed", "state", {"expected": ", ".join(FeatureState)})
    return names


def _schema(kind: str, description: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "description": description, **more})


#: A text of one line that must say something.
Name = Annotated[str, BeforeValidator(_name), _schema("string", "one line of text", minLength=1, maxLength=200)]
#: A text of one line.
Short = Annotated[str, BeforeValidator(_short), _schema("string", "one line of text", maxLength=200)]
#: What stands for an attachment: an address, a hash, a name or a path.
Reference = Annotated[
    str, BeforeValidator(_reference), _schema("string", "reference of an attachment", minLength=1, maxLength=200)
]
#: A text of several lines.
Free = Annotated[str, BeforeValidator(_free), _schema("string", "text, with line breaks", maxLength=4_000)]

#: A number in a query string, in plain ASCII digits.
QueryNumber = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_number)]
QueryInteger = Annotated[int, BeforeValidator(_integer)]

#: A date, read in the district's time zone, or a time with its offset.
DayOrTime = Annotated[
    date | datetime,
    BeforeValidator(parse_day_or_time),
    _schema("string", "date (YYYY-MM-DD, in the district's time zone) or RFC 3339 time with its offset", maxLength=40),
]
#: A date.
Day = Annotated[date, BeforeValidator(parse_day), _schema("string", "date (YYYY-MM-DD)", format="date")]
#: A time with its offset; UTC once read.
Time = Annotated[
    datetime, BeforeValidator(parse_time), _schema("string", "RFC 3339 time with its offset", format="date-time")
]
#: ``west,south,east,north`` in degrees.
BoxText = Annotated[Any, BeforeValidator(_box), _schema("string", "west,south,east,north in WGS 84 degrees")]
#: Names joined by commas.
Names = Annotated[
    Any, BeforeValidator(_list_of_names), _schema("string", "one or more categories, joined by commas", minLength=1)
]

#: States of features joined by commas.
States = Annotated[
    Any, BeforeValidator(_states), _schema("string", "planned, built, open; several joined by commas", minLength=1)
]

#: A JSON number, finite; nothing is read as one that is not.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]

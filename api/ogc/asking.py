"""What is asked of a collection, read from the parameters of the standard."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from pydantic_core import PydanticCustomError

from api.deps import Context
from api.fields import Name, QueryInteger, parse_day_or_time
from api.ogc.collections import TEMPORAL, Collection
from api.requests import Strict
from api.strict import parse_json
from gridmap.analysis.cql2 import Filter, read_json, read_text
from gridmap.crs import CRS84_URI, box_from_reference, from_reference, require_reference
from gridmap.domain.boundaries import ALWAYS
from gridmap.errors import InvalidInput
from gridmap.i18n import Language

#: Features in a page where the reader names no number, and at most.
PAGE, MOST = 100, 10_000

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
#: Longest list of names, and longest value that is looked at; a filter has its own limit.
_NAMES, _LONGEST = 50, 10_000

Text = Annotated[str, Field(max_length=_LONGEST)]


class PageQuery(Strict):
    """How a page of the API is told."""

    f: Literal["json", "html"] | None = Field(None, description="form of the answer; else what Accept says")
    lang: Language | None = Field(None, description="language of the answer; else what Accept-Language says")


class ItemQuery(Strict):
    """How one feature is told."""

    f: Literal["json", "html"] | None = Field(None, description="form of the answer; else what Accept says")
    lang: Language | None = Field(None, description="language of the answer; else what Accept-Language says")
    crs: Name | None = Field(None, description="reference system of the answer, by its address")
    datetime: Text | None = Field(None, description="day or time on which the feature is told")


class ItemsQuery(Strict):
    """Which features, and how they are told."""

    f: Literal["json", "html", "ndjson", "csv", "fgb", "parquet"] | None = Field(
        None, description="form of the answer; else what Accept says"
    )
    lang: Language | None = Field(None, description="language of the answer; else what Accept-Language says")
    limit: Annotated[QueryInteger, Field(ge=1)] | None = Field(
        None, description=f"features in a page; {PAGE} if left out"
    )
    bbox: Text | None = Field(None, description="box in which features lie, in part or as a whole")
    bbox_crs: Name | None = Field(None, alias="bbox-crs", description="reference system of bbox")
    crs: Name | None = Field(None, description="reference system of the answer, by its address")
    datetime: Text | None = Field(None, description="day, time, or interval with / in which features are valid")
    filter: Text | None = Field(None, description="CQL2")
    filter_lang: Literal["cql2-text", "cql2-json"] = Field(
        "cql2-text", alias="filter-lang", description="form of filter"
    )
    filter_crs: Name | None = Field(None, alias="filter-crs", description="reference system of shapes in filter")
    sortby: Text | None = Field(None, description="properties to sort by, with + or -, joined by commas")
    properties: Text | None = Field(None, description="properties that are told, joined by commas")
    cursor: Name | None = Field(None, description="where to go on, from the last page")


@dataclass(frozen=True, slots=True)
class When:
    """Closed span of moments; None: open."""

    start: date | datetime | None = None
    end: date | datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which features, in what order, and how they are told.

    Attributes
    ----------
    ground : shapely geometry, optional
        They meet it. WGS 84, lon/lat.
    when : When, optional
    filter : Filter, optional
        Its shapes WGS 84, lon/lat.
    by : tuple of (str, bool)
        Properties to sort by, and whether downwards.
    names : tuple of str
        Properties that are told.
    crs : str
        Of the answer.
    """

    names: tuple[str, ...]
    ground: Any = None
    when: When | None = None
    filter: Filter | None = None
    by: tuple[tuple[str, bool], ...] = ()
    crs: str = CRS84_URI
    limit: int = PAGE
    #: What a cursor is bound to: everything but where it stands.
    question: tuple[str, ...] = field(default=(), compare=False)

    @property
    def narrowed(self) -> bool:
        """Whether not all features that are valid then are asked for."""
        return self.ground is not None or self.filter is not None


def asked_of(ctx: Context, collection: Collection, q: ItemsQuery) -> Asked:
    """Read what is asked of a collection.

    Raises
    ------
    InvalidInput, CrsError
        ``bad_bbox``, ``bad_datetime``, ``crs_not_given``, ``box_reversed``, ``filter_...``, ``property_unknown``,
        ``filter_lang_alone``.
    """
    known = collection.properties
    when = None if q.datetime is None else _when(q.datetime)
    if q.filter is None and (q.filter_crs is not None or q.filter_lang == "cql2-json"):
        raise InvalidInput("filter_lang_alone")
    if q.bbox is None and q.bbox_crs is not None:
        raise InvalidInput("filter_lang_alone")
    question = (
        collection.id,
        *(str(v) for v in q.model_dump(exclude={"f", "lang", "limit", "cursor", "crs"}).values()),
    )
    return Asked(
        names=tuple(known) if q.properties is None else _names(q.properties, known),
        ground=None if q.bbox is None else _ground(q.bbox, q.bbox_crs or CRS84_URI),
        when=when if collection.sort in TEMPORAL else None,
        filter=None if q.filter is None else _filter(ctx, q, known),
        by=() if q.sortby is None else _sorted(q.sortby, known),
        crs=require_reference(q.crs or CRS84_URI),
        limit=min(q.limit or PAGE, MOST),
        question=question,
    )


def _filter(ctx: Context, q: ItemsQuery, known: Mapping[str, Any]) -> Filter:
    assert q.filter is not None
    if q.filter_lang == "cql2-text":
        found = read_text(q.filter)
    else:
        found = read_json(parse_json(q.filter.encode("utf-8", "replace"), max_depth=ctx.settings.max_json_depth))
    unknown = found.properties - {*known, GEOMETRY}
    if unknown:
        raise InvalidInput("filter_property_unknown", known=", ".join((*known, GEOMETRY)))
    crs = require_reference(q.filter_crs or CRS84_URI)
    return found.shapes(lambda shape: from_reference(np.array([shape], dtype=object), crs)[0])


#: What filters call the geometry.
GEOMETRY = "geometry"


def _ground(said: str, crs: str) -> Any:
    parts = said.split(",")
    if len(parts) not in (4, 6) or not all(len(p) <= 40 and _NUMBER.fullmatch(p) for p in parts):
        raise InvalidInput("bad_box")
    numbers = [float(part) for part in parts]
    half = len(numbers) // 2
    sides = (*numbers[:2], *numbers[half : half + 2])
    if not np.isfinite(sides).all():
        raise InvalidInput("bad_box")
    return box_from_reference((sides[0], sides[1], sides[2], sides[3]), require_reference(crs))


def _when(said: str) -> When:
    ends = said.split("/")
    if len(ends) > 2 or not said:
        raise InvalidInput("bad_datetime")
    if len(ends) == 1:
        only = _moment(ends[0])
        return When(only, only)
    start, end = (None if _open(part, far) else _moment(part) for part, far in zip(ends, _FAR, strict=True))
    if start is None and end is None:
        return When()
    if start is not None and end is not None and _first(start) > _first(end):
        raise InvalidInput("bad_datetime")
    return When(start, end)


#: What QGIS (to 3.30) writes for an end that is open, and a year that has the same days.
_FAR = (("0000", "2000"), ("9999", "1999"))


def _open(said: str, far: tuple[str, str]) -> bool:
    if said in ("", ".."):
        return True
    year, like = far
    return said.startswith(f"{year}-") and bool(_moment(like + said[4:]))


def _moment(said: str) -> date | datetime:
    try:
        return parse_day_or_time(said)
    except PydanticCustomError:
        raise InvalidInput("bad_datetime") from None


def _first(at: date | datetime) -> datetime:
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)


def days_of(ctx: Context, when: When) -> tuple[date | None, date | None]:
    """Give the first and the last day of a span, in the district's time zone."""
    return tuple(None if end is None else ctx.day(end) for end in (when.start, when.end))  # type: ignore[return-value]


def window_of(ctx: Context, when: When) -> tuple[datetime | None, datetime | None]:
    """Give a span as the half-open window of times that fixes and incidents are asked with."""
    start, end = ctx.moment(when.start), when.end
    if end is None:
        return start, None
    if isinstance(end, datetime):
        return start, end + timedelta(microseconds=1)
    return start, ctx.moment(end + timedelta(days=1))


def _sorted(said: str, known: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    # a plus in an address is a space
    parts = [part.strip() for part in said.split(",")]
    by = [(part.lstrip("+-") if part[:1] in "+-" else part, part.startswith("-")) for part in parts]
    _require_known([name for name, _ in by], known)
    return tuple(by)


def _names(said: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    names = said.split(",") if said else []
    _require_known(names, known)
    return tuple(names)


def _require_known(names: list[str], known: Mapping[str, Any]) -> None:
    if len(names) > _NAMES or len(set(names)) < len(names) or not set(names) <= set(known):
        raise InvalidInput("property_unknown", known=", ".join(known))


def told_since(day: date) -> date | None:
    """Give a first day; None where it always was."""
    return None if day == ALWAYS else day


def bound(*parts: Any) -> str:
    """Write plain values as one text, for keys and cursors."""
    return json.dumps(parts, ensure_ascii=False, default=str)

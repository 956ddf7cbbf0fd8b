"""CQL2 from text or JSON into one tree, checked and bounded before anything is asked of it."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeAlias

import shapely
from lark import Lark, Transformer, v_args
from lark.exceptions import LarkError

from gridmap.analysis.cql2.grammar import GRAMMAR
from gridmap.errors import InvalidInput

#: Characters of a filter, its depth, its nodes, and the vertices of its shapes.
MAX_TEXT, MAX_DEPTH, MAX_NODES, MAX_VERTICES = 8_192, 32, 1_000, 20_000

COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "^", "div"})
SPATIAL = frozenset(
    {"s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within"}
)
TEMPORAL = frozenset(
    {
        "t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedby", "t_finishes",
        "t_intersects", "t_meets", "t_metby", "t_overlappedby", "t_overlaps", "t_startedby", "t_starts",
    }
)  # fmt: skip
FOLDING = frozenset({"casei", "accenti"})
#: How many operands each operator takes; None: two or more.
_ARITY: Mapping[str, int | None] = {
    **dict.fromkeys(("and", "or"), None),
    **dict.fromkeys(("not", "isnull", *FOLDING), 1),
    **dict.fromkeys(("like", "in", *COMPARISONS, *ARITHMETIC, *SPATIAL, *TEMPORAL), 2),
    "between": 3,
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the features."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a finite number, or true or false."""

    value: str | float | bool


@dataclass(frozen=True, slots=True)
class Moment:
    """A day or a time (UTC)."""

    at: date | datetime


@dataclass(frozen=True, slots=True)
class Interval:
    """Two moments or properties; None: open."""

    start: "Moment | Property | None"
    end: "Moment | Property | None"


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry, in the reference system of the filter."""

    geometry: Any


@dataclass(frozen=True, slots=True)
class Items:
    """What stands in brackets after ``in``."""

    values: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Op:
    """An operator with its operands; its name is in small letters."""

    name: str
    args: tuple["Node", ...]


Node: TypeAlias = Property | Literal | Moment | Interval | Shape | Items | Op


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was read."""

    root: Node
    properties: frozenset[str]

    def shapes(self, change: Callable[[Any], Any]) -> "Filter":
        """Give the filter with each geometry in it changed."""
        return Filter(_with_shapes(self.root, change), self.properties)


def read_text(text: str) -> Filter:
    """Read CQL2 text.

    Raises
    ------
    InvalidInput
        ``filter_malformed``, ``filter_too_large``, ``filter_too_deep``, ``filter_operator_unknown``.
    """
    if len(text) > MAX_TEXT:
        raise InvalidInput("filter_too_large", limit=MAX_TEXT)
    try:
        made = _parser().parse(text)
    except LarkError:
        raise InvalidInput("filter_malformed") from None
    return read_json(made)


def read_json(value: Any) -> Filter:
    """Read CQL2 JSON that was parsed.

    Raises
    ------
    InvalidInput
        As ``read_text``.
    """
    reader = _Reader()
    root = reader.read(value, 0)
    if not (isinstance(root, Op | Property) or (isinstance(root, Literal) and isinstance(root.value, bool))):
        raise InvalidInput("filter_malformed")
    return Filter(root, frozenset(reader.properties))


def read_shape(value: Any) -> Any:
    """Read a GeoJSON geometry strictly: numbers where they belong, and not too many (InvalidInput ``filter_...``)."""
    found = _Reader().read(value, 0)
    if not isinstance(found, Shape):
        raise InvalidInput("filter_malformed")
    return found.geometry


class _Reader:
    """Makes nodes of JSON, and counts them."""

    def __init__(self) -> None:
        self.properties: set[str] = set()
        self._nodes = self._vertices = 0

    def read(self, value: Any, depth: int) -> Node:
        """Give the node of a value."""
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise InvalidInput("filter_too_deep", limit=MAX_DEPTH)
        if self._nodes > MAX_NODES:
            raise InvalidInput("filter_too_large", limit=MAX_NODES)
        match value:
            case bool() | str():
                return Literal(value)
            case int() | float() if math.isfinite(number := _number(value)):
                return Literal(number)
            case {"op": str(name), "args": list(args)} if len(value) == 2:
                return self._op(name.lower(), args, depth)
            case {"property": str(name)} if len(value) == 1:
                self.properties.add(name)
                return Property(name)
            case {"date": str(said)} if len(value) == 1:
                return Moment(_day(said))
            case {"timestamp": str(said)} if len(value) == 1:
                return Moment(_time(said))
            case {"interval": [start, end]} if len(value) == 1:
                return Interval(self._end(start), self._end(end))
            case {"bbox": list(sides)} if len(value) == 1:
                return Shape(_box(sides))
            case {"type": str()}:
                return Shape(self._shape(value))
        raise InvalidInput("filter_malformed")

    def _op(self, name: str, args: list[Any], depth: int) -> Op:
        if name not in _ARITY:
            raise InvalidInput("filter_operator_unknown", known=", ".join(sorted(_ARITY)))
        arity = _ARITY[name]
        if (len(args) < 2) if arity is None else (len(args) != arity):
            raise InvalidInput("filter_malformed")
        if name == "in":
            if not isinstance(args[1], list) or not args[1]:
                raise InvalidInput("filter_malformed")
            items = tuple(self.read(item, depth + 1) for item in args[1])
            return Op(name, (self.read(args[0], depth + 1), Items(items)))
        return Op(name, tuple(self.read(arg, depth + 1) for arg in args))

    def _end(self, value: Any) -> Moment | Property | None:
        match value:
            case "..":
                return None
            case str():
                return Moment(_day(value) if _DATE.fullmatch(value) else _time(value))
            case {"property": str()} | {"date": str()} | {"timestamp": str()}:
                found = self.read(value, 0)
                assert isinstance(found, Moment | Property)
                return found
        raise InvalidInput("filter_malformed")

    def _shape(self, value: Mapping[str, Any]) -> Any:
        kinds = _DEPTHS
        if value["type"] == "GeometryCollection" and isinstance(value.get("geometries"), list) and len(value) == 2:
            parts = value["geometries"]
            if len(parts) > MAX_NODES or not all(isinstance(p, Mapping) and p.get("type") in kinds for p in parts):
                raise InvalidInput("filter_malformed")
            return shapely.geometrycollections([self._shape(part) for part in parts])
        if value["type"] not in kinds or len(value) != 2 or "coordinates" not in value:
            raise InvalidInput("filter_malformed")
        self._count(value["coordinates"], kinds[value["type"]])
        try:
            return shapely.force_2d(shapely.geometry.shape(dict(value)))
        except (ValueError, TypeError, IndexError, KeyError, shapely.errors.ShapelyError):
            raise InvalidInput("filter_malformed") from None

    def _count(self, coordinates: Any, depth: int) -> None:
        """Check that numbers stand where they belong, and count the vertices."""
        if not isinstance(coordinates, list):
            raise InvalidInput("filter_malformed")
        if depth > 0:
            if not coordinates:
                raise InvalidInput("filter_malformed")
            for part in coordinates:
                self._count(part, depth - 1)
            return
        self._vertices += 1
        if self._vertices > MAX_VERTICES:
            raise InvalidInput("filter_too_large", limit=MAX_VERTICES)
        if not 2 <= len(coordinates) <= 3 or not all(_is_number(c) for c in coordinates):
            raise InvalidInput("filter_malformed")


#: How deep the positions of a geometry lie.
_DEPTHS = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(_number(value))


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _box(sides: Sequence[Any]) -> Any:
    if len(sides) not in (4, 6) or not all(_is_number(side) for side in sides):
        raise InvalidInput("filter_malformed")
    half = len(sides) // 2
    (x0, y0), (x1, y1) = sides[:2], sides[half : half + 2]
    if y0 > y1:
        raise InvalidInput("filter_malformed")
    if x0 > x1:  # over the line of date
        return shapely.union(shapely.box(x0, y0, 180.0, y1), shapely.box(-180.0, y0, x1, y1))
    return shapely.box(x0, y0, x1, y1)


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said if _DATE.fullmatch(said) else "")
    except ValueError:
        raise InvalidInput("filter_malformed") from None


def _time(said: str) -> datetime:
    try:
        found = datetime.fromisoformat(said if _TIME.fullmatch(said) else "")
    except ValueError:
        raise InvalidInput("filter_malformed") from None
    return found.astimezone(UTC)


def _with_shapes(node: Node, change: Callable[[Any], Any]) -> Node:
    match node:
        case Shape(geometry):
            return Shape(change(geometry))
        case Op(name, args):
            return Op(name, tuple(_with_shapes(arg, change) for arg in args))
    return node


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_ToJson())


def _operation(name: str) -> Callable[..., dict[str, Any]]:
    def made(_: Any, *args: Any) -> dict[str, Any]:
        return {"op": name, "args": list(args)}

    return made


def _refused(name: str) -> Callable[..., dict[str, Any]]:
    """Make an operation and say that it does not hold."""

    def made(self: "_ToJson", *args: Any) -> dict[str, Any]:
        return {"op": "not", "args": [getattr(self, name)(*args)]}

    return made


def _geometry(kind: str) -> Callable[..., dict[str, Any]]:
    def made(_: Any, *parts: Any) -> dict[str, Any]:
        # the first words are the name of the kind, and a Z
        found = [part for part in parts if isinstance(part, list)]
        return {"type": kind, "coordinates": found if kind.startswith("Multi") else found[0]}

    return made


@v_args(inline=True)
class _ToJson(Transformer[Any, Any]):
    """Makes CQL2 JSON of the parts of a text, from the inside out and without recursion."""

    eq, ne, lt, gt, le, ge = map(_operation, ("=", "<>", "<", ">", "<=", ">="))
    plus, minus, times, over, modulo, power, div = map(_operation, ("+", "-", "*", "/", "%", "^", "div"))
    like, between, null = map(_operation, ("like", "between", "isNull"))
    not_like, not_between, not_in, not_null = map(_refused, ("like", "between", "in_", "null"))
    not_ = _operation("not")
    point, line_string, polygon = map(_geometry, ("Point", "LineString", "Polygon"))
    multi_point, multi_line_string, multi_polygon = map(_geometry, ("MultiPoint", "MultiLineString", "MultiPolygon"))

    def start(self, root: Any) -> Any:
        return root

    def or_(self, *parts: Any) -> Any:
        return parts[0] if len(parts) == 1 else {"op": "or", "args": list(parts)}

    def and_(self, *parts: Any) -> Any:
        return parts[0] if len(parts) == 1 else {"op": "and", "args": list(parts)}

    def in_(self, value: Any, *items: Any) -> Any:
        return {"op": "in", "args": [value, list(items)]}

    def negative(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
        return {"op": "*", "args": [-1.0, value]}

    def number(self, said: str) -> float:
        return float(said)

    def text(self, said: str) -> str:
        return str(said[1:-1].replace("''", "'"))

    def true(self, _: Any) -> bool:
        return True

    def false(self, _: Any) -> bool:
        return False

    def name(self, said: str) -> Any:
        return {"property": str(said)}

    def quoted(self, said: str) -> Any:
        return {"property": str(said[1:-1].replace('""', '"'))}

    def date(self, _: Any, said: str) -> Any:
        return {"date": self.text(said)}

    def timestamp(self, _: Any, said: str) -> Any:
        return {"timestamp": self.text(said)}

    def interval(self, _: Any, start: Any, end: Any) -> Any:
        return {"interval": [start, end]}

    def bbox(self, _: Any, *sides: float) -> Any:
        return {"bbox": list(sides)}

    def call(self, name: str, *args: Any) -> Any:
        return {"op": str(name), "args": list(args)}

    def signed(self, *parts: str) -> float:
        return float("".join(parts))

    def position(self, *numbers: float) -> list[float]:
        return list(numbers)

    def point_text(self, position: list[float]) -> list[float]:
        return position

    def line_text(self, *positions: list[float]) -> list[Any]:
        return list(positions)

    def polygon_text(self, *rings: list[Any]) -> list[Any]:
        return list(rings)

    def collection(self, *parts: Any) -> Any:
        return {"type": "GeometryCollection", "geometries": [part for part in parts if isinstance(part, dict)]}

"""A filter judged over columns: which rows it holds for. Nothing of it is ever made into the text of a query.

Three values, as CQL2 asks: where an operand is missing a test is neither true nor false; such rows are left out.
"""

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap.analysis.cql2.reading import (
    ARITHMETIC,
    COMPARISONS,
    FOLDING,
    SPATIAL,
    TEMPORAL,
    Filter,
    Interval,
    Items,
    Literal,
    Moment,
    Node,
    Op,
    Property,
    Shape,
)
from gridmap.errors import InvalidInput

Bools: TypeAlias = npt.NDArray[np.bool_]


class Kind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"
    TIME = "time"
    SHAPE = "shape"


_NUMBERS = (Kind.INTEGER, Kind.NUMBER)
_TIMES = (Kind.DAY, Kind.TIME)


@dataclass(frozen=True, slots=True)
class Column:
    """The values of a property.

    ``values``: text and shapes as objects with None where missing; numbers as float64 with NaN; flags as bool; days as
    ``datetime64[D]``, times (UTC) as ``datetime64[us]``, with NaT.
    """

    kind: Kind
    values: npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Value:
    """An operand: of each row, or one for all (shape ``()``). ``known``: where it is there."""

    kind: Kind
    values: Any
    known: Any


@dataclass(frozen=True, slots=True)
class _Truth:
    true: Any
    known: Any


def judge(filter_: Filter, columns: Mapping[str, Column], rows: int, time_zone: str) -> Bools:
    """Tell for which rows a filter holds.

    Parameters
    ----------
    columns : mapping of str to Column
        Each of ``rows`` values; shapes in the reference system of the filter's.
    time_zone : str
        Where a day begins and ends.

    Raises
    ------
    InvalidInput
        ``filter_property_unknown``, ``filter_types``, ``filter_geometry``.
    """
    judge_ = _Judge(columns, rows, ZoneInfo(time_zone))
    with np.errstate(all="ignore"):
        found = judge_.truth(filter_.root)
    return np.array(np.broadcast_to(np.logical_and(found.true, found.known), rows))


class _Judge:
    def __init__(self, columns: Mapping[str, Column], rows: int, zone: ZoneInfo) -> None:
        self._columns = columns
        self._rows = rows
        self._zone = zone

    # -- true or false

    def truth(self, node: Node) -> _Truth:
        """Judge a test."""
        if isinstance(node, Op):
            name, args = node.name, node.args
            if name in ("and", "or"):
                return self._joined(name, args)
            if name == "not":
                inner = self.truth(args[0])
                return _Truth(np.logical_not(inner.true), inner.known)
            if name == "isnull":
                return _Truth(np.logical_not(self._value(args[0]).known), True)
            if name in COMPARISONS:
                return self._compared(_COMPARE[name], self._value(args[0]), self._value(args[1]))
            if name == "between":
                value, low, high = (self._value(arg) for arg in args)
                if value.kind in (Kind.TEXT, Kind.FLAG):
                    raise InvalidInput("filter_types")
                return _both(self._compared(operator.ge, value, low), self._compared(operator.le, value, high))
            if name == "in":
                return self._in(args)
            if name == "like":
                return self._like(args)
            if name in SPATIAL:
                return self._spatial(_SPATIAL[name], args)
            if name in TEMPORAL:
                return self._temporal(_TEMPORAL[name], args)
        value = self._value(node)
        if value.kind is not Kind.FLAG:
            raise InvalidInput("filter_types")
        return _Truth(value.values, value.known)

    def _joined(self, name: str, args: tuple[Node, ...]) -> _Truth:
        found = self.truth(args[0])
        for arg in args[1:]:
            other = self.truth(arg)
            if name == "and":
                found = _both(found, other)
            else:
                either = _both(_not(found), _not(other))
                found = _not(either)
        return found

    def _compared(self, compare: Callable[[Any, Any], Any], a: _Value, b: _Value) -> _Truth:
        a, b = self._alike(a, b)
        if a.kind is Kind.SHAPE:
            raise InvalidInput("filter_types")
        if a.kind is Kind.FLAG and compare not in (operator.eq, operator.ne):
            raise InvalidInput("filter_types")
        known = np.logical_and(a.known, b.known)
        if a.kind is Kind.TEXT:
            return _Truth(_by_text(compare, a, b, known), known)
        return _Truth(compare(a.values, b.values), known)

    def _alike(self, a: _Value, b: _Value) -> tuple[_Value, _Value]:
        """Bring two operands to one kind (InvalidInput ``filter_types``)."""
        if a.kind in _NUMBERS and b.kind in _NUMBERS:
            return a, b
        if a.kind in _TIMES and b.kind in _TIMES and a.kind is not b.kind:
            return self._as_times(a), self._as_times(b)
        if a.kind is not b.kind:
            raise InvalidInput("filter_types")
        return a, b

    def _as_times(self, value: _Value) -> _Value:
        return value if value.kind is Kind.TIME else _Value(Kind.TIME, self._starts(value.values), value.known)

    def _in(self, args: tuple[Node, ...]) -> _Truth:
        value, items = self._value(args[0]), args[1]
        assert isinstance(items, Items)
        wanted = [self._alike(value, self._value(item))[1] for item in items.values]
        if value.kind is Kind.TEXT and all(item.values.shape == () for item in wanted):
            texts = {item.values.item() for item in wanted}
            flat = np.ravel(value.values)
            hit = np.fromiter((v in texts for v in flat.tolist()), dtype=bool, count=len(flat))
            return _Truth(hit.reshape(np.shape(value.values)), value.known)
        found = self._compared(operator.eq, value, wanted[0])
        for item in wanted[1:]:
            found = _not(_both(_not(found), _not(self._compared(operator.eq, value, item))))
        return found

    def _like(self, args: tuple[Node, ...]) -> _Truth:
        value, pattern = self._value(args[0]), self._value(args[1])
        if value.kind is not Kind.TEXT or pattern.kind is not Kind.TEXT or pattern.values.shape != ():
            raise InvalidInput("filter_types")
        fits = wildcard(str(pattern.values.item()))
        flat = np.ravel(value.values).tolist()
        hit = np.fromiter((v is not None and fits(v) for v in flat), dtype=bool, count=len(flat))
        return _Truth(hit.reshape(np.shape(value.values)), value.known)

    # -- space

    def _spatial(self, predicate: Callable[[Any, Any], Any], args: tuple[Node, ...]) -> _Truth:
        a, b = (self._value(arg) for arg in args)
        if a.kind is not Kind.SHAPE or b.kind is not Kind.SHAPE:
            raise InvalidInput("filter_types")
        for one in (a, b):
            if one.values.shape == ():
                shapely.prepare(one.values)
        try:
            found = predicate(a.values, b.values)
        except shapely.GEOSException:
            raise InvalidInput("filter_geometry") from None
        return _Truth(found, np.logical_and(a.known, b.known))

    # -- time

    def _temporal(self, test: Callable[..., Any], args: tuple[Node, ...]) -> _Truth:
        (a0, a1, a_known), (b0, b1, b_known) = (self._span(arg) for arg in args)
        return _Truth(test(a0, a1, b0, b1), np.logical_and(a_known, b_known))

    def _span(self, node: Node) -> tuple[Any, Any, Any]:
        """Give the first and the last moment of an operand; a day is all of it."""
        if isinstance(node, Interval):
            start, _, known = self._span(node.start) if node.start is not None else (_FIRST, _FIRST, True)
            _, end, also = self._span(node.end) if node.end is not None else (_LAST, _LAST, True)
            # a property without a value is an open end
            start, end = np.where(known, start, _FIRST), np.where(also, end, _LAST)
            return start, end, True
        value = self._value(node)
        if value.kind is Kind.DAY:
            following = self._starts(value.values + np.timedelta64(1, "D"))
            return self._starts(value.values), following - np.timedelta64(1, "us"), value.known
        if value.kind is not Kind.TIME:
            raise InvalidInput("filter_types")
        return value.values, value.values, value.known

    def _starts(self, days: Any) -> Any:
        """Give the times at which days begin."""
        flat = pd.DatetimeIndex(np.ravel(np.clip(days, *_DAYS)))
        local = flat.as_unit("us").tz_localize(self._zone, ambiguous=True, nonexistent="shift_forward")
        return local.tz_convert("UTC").tz_localize(None).to_numpy().reshape(np.shape(days))

    # -- operands

    def _value(self, node: Node) -> _Value:
        match node:
            case Property(name):
                if name not in self._columns:
                    raise InvalidInput("filter_property_unknown", known=", ".join(self._columns))
                column = self._columns[name]
                return _Value(column.kind, column.values, _known(column))
            case Literal(bool(value)):
                return _Value(Kind.FLAG, np.array(value), True)
            case Literal(str(value)):
                return _Value(Kind.TEXT, np.array(value, dtype=object), True)
            case Literal(value):
                return _Value(Kind.NUMBER, np.array(value, dtype=np.float64), True)
            case Moment(at):
                if isinstance(at, datetime):
                    return _Value(Kind.TIME, np.array(at.replace(tzinfo=None), dtype="datetime64[us]"), True)
                return _Value(Kind.DAY, np.array(at, dtype="datetime64[D]"), True)
            case Shape(geometry):
                return _Value(Kind.SHAPE, np.array(geometry, dtype=object), True)
            case Op(name, args) if name in ARITHMETIC:
                return self._calculated(_ARITHMETIC[name], args)
            case Op(name, args) if name in FOLDING:
                return self._folded(_FOLD[name], args[0])
            case Op():
                found = self.truth(node)
                return _Value(Kind.FLAG, found.true, found.known)
        raise InvalidInput("filter_types")

    def _calculated(self, operation: Callable[[Any, Any], Any], args: tuple[Node, ...]) -> _Value:
        a, b = (self._value(arg) for arg in args)
        if a.kind not in _NUMBERS or b.kind not in _NUMBERS:
            raise InvalidInput("filter_types")
        found = operation(a.values, b.values)
        return _Value(Kind.NUMBER, found, np.isfinite(found))

    def _folded(self, fold: Callable[[str], str], node: Node) -> _Value:
        value = self._value(node)
        if value.kind is not Kind.TEXT:
            raise InvalidInput("filter_types")
        flat = np.ravel(value.values)
        made = np.empty(len(flat), dtype=object)
        made[:] = [None if v is None else fold(v) for v in flat.tolist()]
        return _Value(Kind.TEXT, made.reshape(np.shape(value.values)), value.known)


def _known(column: Column) -> Any:
    match column.kind:
        case Kind.TEXT | Kind.SHAPE:
            return column.values != None  # noqa: E711 - of each element
        case Kind.INTEGER | Kind.NUMBER:
            return ~np.isnan(column.values)
        case Kind.DAY | Kind.TIME:
            return ~np.isnat(column.values)
    return True


def _not(truth: _Truth) -> _Truth:
    return _Truth(np.logical_not(truth.true), truth.known)


def _both(a: _Truth, b: _Truth) -> _Truth:
    """True where both are; false where one is known to be false; else unknown."""
    true = np.logical_and(a.true, b.true)
    sure = np.logical_and(a.known, b.known)
    false = np.logical_or(
        np.logical_and(a.known, np.logical_not(a.true)), np.logical_and(b.known, np.logical_not(b.true))
    )
    return _Truth(np.logical_and(true, sure), np.logical_or(sure, false))


def _by_text(compare: Callable[[Any, Any], Any], a: _Value, b: _Value, known: Any) -> Any:
    """Compare texts by their code points where both are there."""
    if compare is operator.eq:
        return np.equal(a.values, b.values)
    if compare is operator.ne:
        return np.not_equal(a.values, b.values)
    left, right, there = np.broadcast_arrays(a.values, b.values, known)
    made = np.zeros(there.shape, dtype=bool)
    made[there] = compare(left[there], right[there])
    return made


def wildcard(pattern: str) -> Callable[[str], bool]:
    r"""Make the test of a LIKE pattern: ``%`` any text, ``_`` one character, ``\`` before either stands for itself.

    What lies between two ``%`` is looked for at its first place, so that no pattern takes more than linear time each.
    """
    parts: list[str] = [""]
    marks = iter(pattern)
    for c in marks:
        if c == "\\":
            c = next(marks, "\\")
            parts[-1] += re.escape(c)
        elif c == "%":
            parts.append("")
        else:
            parts[-1] += "." if c == "_" else re.escape(c)
    compiled = [re.compile(part, re.DOTALL) for part in parts]
    if len(compiled) == 1:
        return lambda value: compiled[0].fullmatch(value) is not None
    first, *middle, _ = compiled
    ending = re.compile(parts[-1] + r"\Z", re.DOTALL)

    def fits(value: str) -> bool:
        found = first.match(value)
        if found is None:
            return False
        at = found.end()
        for part in middle:
            found = part.search(value, at)
            if found is None:
                return False
            at = found.end()
        # all characters of a part have one length: the last one begins so far from the end
        return ending.search(value, at) is not None

    return fits


def _without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _whole(a: Any, b: Any) -> Any:
    return np.trunc(np.divide(a, b))


_COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "%": np.fmod, "^": np.float_power, "div": _whole,
}  # fmt: skip
_FOLD: Mapping[str, Callable[[str], str]] = {"casei": str.casefold, "accenti": _without_marks}
_SPATIAL: Mapping[str, Callable[[Any, Any], Any]] = {
    name: getattr(shapely, name.removeprefix("s_")) for name in SPATIAL
}
_FIRST, _LAST = np.datetime64("0001-01-01T00:00:00", "us"), np.datetime64("9999-12-31T23:59:59.999999", "us")
#: Days of which the start in any zone can be told.
_DAYS = (np.datetime64("0001-01-02", "D"), np.datetime64("9999-12-30", "D"))

#: Of two spans (first and last moment each); the words are those of Allen's relations, as the standard has them.
_TEMPORAL: Mapping[str, Callable[[Any, Any, Any, Any], Any]] = {
    "t_after": lambda a0, a1, b0, b1: a0 > b1,
    "t_before": lambda a0, a1, b0, b1: a1 < b0,
    "t_contains": lambda a0, a1, b0, b1: (a0 < b0) & (a1 > b1),
    "t_disjoint": lambda a0, a1, b0, b1: (a0 > b1) | (a1 < b0),
    "t_during": lambda a0, a1, b0, b1: (a0 > b0) & (a1 < b1),
    "t_equals": lambda a0, a1, b0, b1: (a0 == b0) & (a1 == b1),
    "t_finishedby": lambda a0, a1, b0, b1: (a0 < b0) & (a1 == b1),
    "t_finishes": lambda a0, a1, b0, b1: (a0 > b0) & (a1 == b1),
    "t_intersects": lambda a0, a1, b0, b1: (a0 <= b1) & (a1 >= b0),
    "t_meets": lambda a0, a1, b0, b1: a1 == b0,
    "t_metby": lambda a0, a1, b0, b1: a0 == b1,
    "t_overlappedby": lambda a0, a1, b0, b1: (a0 > b0) & (a0 < b1) & (a1 > b1),
    "t_overlaps": lambda a0, a1, b0, b1: (a0 < b0) & (a1 > b0) & (a1 < b1),
    "t_startedby": lambda a0, a1, b0, b1: (a0 == b0) & (a1 > b1),
    "t_starts": lambda a0, a1, b0, b1: (a0 == b0) & (a1 < b1),
}

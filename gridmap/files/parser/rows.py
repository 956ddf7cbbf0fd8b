"""Gather features into an Arrow table whose columns keep every value as it was written.

pyarrow is imported where a table is made: a file that is refused before then costs a tenth of the time.
"""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gridmap.errors import FileError, TooLarge
from gridmap.files.parser.wkb import Shape

if TYPE_CHECKING:
    import pyarrow as pa

GEOMETRY, FAULT, HAS_Z = "__geometry__", "__fault__", "__z__"
MAX_COLUMNS = 500
#: Where a stream holds the facts about its file, in the metadata of its schema.
FACTS = b"gridmap"
_INT64 = 2**63


@dataclass(slots=True)
class Rows:
    """Features one by one, with the limits of a file held at every step."""

    limits: dict[str, Any]
    shapes: list[Shape] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=dict)
    vertices: int = 0

    def add(self, shape: Shape, properties: dict[str, Any]) -> None:
        """Add a feature.

        Raises
        ------
        TooLarge
            ``too_many_features``, ``too_many_vertices``, ``geometry_too_large``, ``too_many_columns``.
        """
        row = len(self.shapes)
        if row >= self.limits["features"]:
            raise TooLarge("too_many_features", limit=self.limits["features"])
        check_vertices(self.limits, shape.vertices, self.vertices + shape.vertices, row)
        self.vertices += shape.vertices
        self.shapes.append(shape)
        for name, value in properties.items():
            column = self.columns.get(name)
            if column is None:
                if len(self.columns) >= MAX_COLUMNS:
                    raise TooLarge("too_many_columns", limit=MAX_COLUMNS)
                column = self.columns[name] = []
            if len(column) < row:
                column.extend([None] * (row - len(column)))
            column.append(value)

    def table(self) -> "pa.Table":
        """Give the Arrow table: attributes, then geometry (WKB), fault and whether a height was dropped."""
        import pyarrow as pa

        size = len(self.shapes)
        arrays: dict[str, pa.Array] = {}
        for name, values in self.columns.items():
            values.extend([None] * (size - len(values)))
            arrays[name] = column_of(values)
        arrays[GEOMETRY] = pa.array([s.wkb for s in self.shapes], pa.large_binary())
        arrays[FAULT] = pa.array([s.fault for s in self.shapes], pa.string())
        arrays[HAS_Z] = pa.array([s.has_z for s in self.shapes], pa.bool_())
        return pa.table(arrays)


def check_vertices(limits: dict[str, Any], one: int, total: int, row: int) -> None:
    """Hold the limits on vertices.

    Raises
    ------
    TooLarge
        ``geometry_too_large`` with the feature, ``too_many_vertices``.
    """
    if one > limits["geometry_vertices"]:
        raise TooLarge("geometry_too_large", feature=row, limit=limits["geometry_vertices"])
    if total > limits["vertices"]:
        raise TooLarge("too_many_vertices", limit=limits["vertices"])


def column_of(values: list[Any]) -> "pa.Array":
    """Give a column its narrowest type that keeps every value; mixed values become text as they were written."""
    import pyarrow as pa

    kinds = {type(v) for v in values if v is not None}
    if not kinds or kinds == {str}:
        return _text(values)
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(v is None or -_INT64 <= v < _INT64 for v in values):
        return pa.array(values, pa.int64())
    if kinds == {float}:
        return pa.array(values, pa.float64())
    if kinds == {int, float} and all(v is None or abs(v) < 2**53 for v in values):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return _text([v if v is None else to_text(v) for v in values])


def to_text(value: Any) -> str:
    """Write any JSON value as text; text stays."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda _: None)


def _text(values: list[Any]) -> "pa.Array":
    import pyarrow as pa

    try:
        return pa.array(values, pa.large_string())
    except UnicodeError:  # a lone surrogate, written as an escape in JSON
        raise FileError("lone_surrogate") from None

"""Features as columns: what collections are answered from, whatever they were read from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.cql2.judging import Column, Kind

Ints = npt.NDArray[np.int64]

#: What a place in an order is kept as: the values sorted by, then the id; None: the value is missing.
Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Table:
    """Features: ids that differ, in the order of their code points; columns; and shapes (WGS 84, lon/lat).

    Attributes
    ----------
    ids : array of str, shape (n,)
    columns : mapping of str to Column
    shapes : array of shapely geometries, shape (n,)
    """

    ids: npt.NDArray[np.object_]
    columns: Mapping[str, Column]
    shapes: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, ids: Sequence[str], columns: Mapping[str, Column], shapes: npt.ArrayLike) -> "Table":
        """Make a table of rows in any order."""
        named = objects(ids)
        whole = cls(named, columns, np.asarray(shapes, dtype=object))
        order = np.argsort(named, kind="stable")
        return whole if (order == np.arange(len(named))).all() else whole.take(order)

    def take(self, rows: npt.NDArray[Any]) -> "Table":
        """Give some rows, by place or by mask."""
        columns = {name: Column(c.kind, c.values[rows]) for name, c in self.columns.items()}
        return Table(self.ids[rows], columns, self.shapes[rows])

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What was made of this table and is worth keeping as long as it."""
        return {}

    def order(self, by: Sequence[tuple[str, bool]]) -> Ints:
        """Give the rows by some columns (name, and whether downwards), then by id; what is missing comes last."""
        keys: list[npt.NDArray[Any]] = [np.arange(len(self))]
        for name, down in reversed(by):
            ranks, missing = _ranks(self.columns[name])
            keys += [-ranks if down else ranks, missing]
        return np.lexsort(keys)

    def key(self, row: int, by: Sequence[tuple[str, bool]]) -> Key:
        """Give the place of a row in an order."""
        return (*(_said(self.columns[name], row) for name, _ in by), str(self.ids[row]))

    def later(self, key: Key, by: Sequence[tuple[str, bool]]) -> npt.NDArray[np.bool_]:
        """Tell which rows come after a place, be there still a row in it or not."""
        after = self.ids > key[-1]
        for (name, down), said in reversed(list(zip(by, key[:-1], strict=True))):
            column = self.columns[name]
            values, missing = column.values, absent(column)
            if said is None:
                after = missing & after
                continue
            known = ~missing
            value = _read(column.kind, said)
            same, beyond = np.zeros(len(self), dtype=bool), np.zeros(len(self), dtype=bool)
            same[known] = values[known] == value
            beyond[known] = values[known] < value if down else values[known] > value
            after = missing | beyond | (same & after)
        return np.asarray(after, dtype=bool)


def objects(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    """Put values into an array of objects, whatever they are."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def column_of(kind: Kind, values: Any) -> Column:
    """Make a column of values of a frame, where missing ones are None, NaN or NaT."""
    series = pd.Series(values)
    match kind:
        case Kind.TEXT:
            return Column(kind, objects([None if pd.isna(v) else str(v) for v in series.tolist()]))
        case Kind.INTEGER | Kind.NUMBER:
            return Column(kind, pd.to_numeric(series).to_numpy(dtype=np.float64, na_value=np.nan))
        case Kind.FLAG:
            return Column(kind, series.to_numpy(dtype=bool))
        case Kind.DAY:
            days = [np.datetime64("NaT") if v is None or pd.isna(v) else np.datetime64(v, "D") for v in series.tolist()]
            return Column(kind, np.array(days, dtype="datetime64[D]"))
    times = pd.DatetimeIndex(pd.to_datetime(series, utc=True)).tz_localize(None)
    return Column(kind, times.to_numpy().astype("datetime64[us]"))


def absent(column: Column) -> npt.NDArray[np.bool_]:
    """Tell where a column has no value."""
    if column.kind in (Kind.TEXT, Kind.SHAPE):
        return np.asarray(column.values == None)  # noqa: E711 - of each element
    return np.asarray(pd.isna(column.values))


def _ranks(column: Column) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    missing = absent(column)
    ranks = np.zeros(len(missing), dtype=np.int64)
    if (~missing).any():
        ranks[~missing] = np.unique(column.values[~missing], return_inverse=True)[1]
    return ranks, missing


def _said(column: Column, row: int) -> str | None:
    value = column.values[row]
    if value is None or pd.isna(value):
        return None
    return repr(float(value)) if column.kind in (Kind.INTEGER, Kind.NUMBER) else str(value)


def _read(kind: Kind, said: str) -> Any:
    match kind:
        case Kind.INTEGER | Kind.NUMBER:
            return float(said)
        case Kind.FLAG:
            return said == "True"
        case Kind.DAY:
            return np.datetime64(said, "D")
        case Kind.TIME:
            return np.datetime64(said, "us")
    return said

"""Rows of any table in one neutral form, whichever database they lie in; some thousands at a time.

Neutral is: whole numbers, floats, text, days as ``YYYY-MM-DD``, times as microseconds since 1970 UTC, flags as 0 and 1,
JSON as its text, geometry as shapely objects in EPSG:4326. Forms are read from the database itself, so that a store of
an earlier revision can be read, too.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geoalchemy2
import numpy as np
import shapely
import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.store.blobs import Geometries, decode
from gridmap.store.geopackage import time_texts
from gridmap.store.tables import Base, JsonText, StampRow

Kind = Literal["integer", "number", "text", "flag", "day", "time", "json", "shape"]

#: Rows in one piece.
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class TableForm:
    """A table and its columns by name, each with what it holds."""

    name: str
    columns: tuple[tuple[str, Kind], ...]

    @property
    def plain(self) -> list[str]:
        """Names of the columns that are no geometry."""
        return [name for name, kind in self.columns if kind != "shape"]

    @property
    def shape(self) -> str | None:
        """Name of the geometry column, if there is one."""
        return next((name for name, kind in self.columns if kind == "shape"), None)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table: values of each column, and the geometries."""

    columns: dict[str, list[Any]]
    shapes: Geometries | None

    def __len__(self) -> int:
        return len(self.columns["id"])


def forms_of(connection: sa.Connection) -> list[TableForm]:
    """Give the tables of the store that a database has, each after those it refers to; stamps are each store's own."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names())
    forms = []
    for table in Base.metadata.sorted_tables:
        if table.name in there and table.name != StampRow.__tablename__:
            columns = {
                c["name"]: _kind(c["type"], table.columns.get(c["name"])) for c in inspector.get_columns(table.name)
            }
            forms.append(TableForm(table.name, tuple(sorted(columns.items()))))
    return forms


def _kind(there: Any, model: sa.Column[Any] | None) -> Kind:
    if isinstance(there, geoalchemy2.Geometry):
        return "shape"
    if isinstance(there, sa.JSON) or (model is not None and isinstance(model.type, JsonText)):
        return "json"
    kinds: tuple[tuple[type[Any], Kind], ...] = (
        (sa.Boolean, "flag"),
        (sa.Integer, "integer"),
        (sa.Date, "day"),
        (sa.DateTime, "time"),
        (sa.Numeric, "number"),
        (sa.Float, "number"),
    )
    return next((kind for cls, kind in kinds if isinstance(there, cls)), "text")


def count_rows(connection: sa.Connection, forms: Sequence[TableForm]) -> int:
    """Count the rows of all tables."""
    return sum(int(connection.exec_driver_sql(f'select count(*) from "{f.name}"').scalar_one()) for f in forms)


def read(connection: sa.Connection, form: TableForm, *, chunk: int = CHUNK) -> Iterator[Chunk]:
    """Give all rows of a table by id; memory stays flat.

    Raises
    ------
    StoreUnavailable
        ``store_damaged``: a value that its column cannot hold.
    """
    query = _query(connection, form)
    after = None
    while True:
        rows = connection.exec_driver_sql(
            query.format(where="" if after is None else f"where id > {after}", limit=chunk)
        ).all()
        if not rows:
            return
        yield _chunk(connection, form, rows)
        after = int(rows[-1][-1])


def _query(connection: sa.Connection, form: TableForm) -> str:
    wanted = [*form.plain, *([form.shape] if form.shape else []), "id"]
    if connection.dialect.name == "postgresql":
        how = {
            "time": "cast(extract(epoch from {c}) * 1000000 as bigint)",
            "day": "to_char({c}, 'YYYY-MM-DD')",
            "json": "cast({c} as text)",
            "flag": "cast({c} as integer)",
            "shape": "ST_AsBinary({c}, 'NDR')",
        }
    else:
        how = {}
    kinds = dict(form.columns)
    selected = ", ".join(how.get(kinds[c], "{c}").format(c=f'"{c}"') for c in wanted)
    return f'select {selected} from "{form.name}" {{where}} order by id limit {{limit}}'


def _chunk(connection: sa.Connection, form: TableForm, rows: Sequence[Any]) -> Chunk:
    values = [list(column) for column in zip(*rows, strict=True)]
    columns = dict(zip(form.plain, values, strict=False))
    shapes = None
    if connection.dialect.name == "sqlite":
        for name, kind in form.columns:
            if kind == "time":
                columns[name] = _micros(columns[name])
        if form.shape:
            shapes = decode(values[len(form.plain)])
    elif form.shape:
        shapes = np.asarray(shapely.force_2d(shapely.from_wkb(np.array(values[len(form.plain)], dtype=object))))
    return Chunk(columns, shapes)


def _micros(texts: list[str | None]) -> list[int | None]:
    """Read times of fixed width as microseconds since 1970."""
    some = [i for i, v in enumerate(texts) if v is not None]
    try:
        if any(len(texts[i] or "") != 27 for i in some):
            raise ValueError
        bare = np.array([texts[i] for i in some], dtype="U26").astype("datetime64[us]").astype(np.int64).tolist()
    except (ValueError, TypeError):
        raise StoreUnavailable("store_damaged") from None
    if len(some) == len(texts):
        return list(bare)
    out: list[int | None] = [None] * len(texts)
    for i, v in zip(some, bare, strict=True):
        out[i] = v
    return out


def as_time_texts(micros: list[int | None]) -> list[str | None]:
    """Write microseconds since 1970 as text of fixed width."""
    texts = time_texts(np.array([0 if v is None else v for v in micros], dtype=np.int64).astype("datetime64[us]"))
    return [None if v is None else t for v, t in zip(micros, texts, strict=True)]


def raw_sqlite(connection: sa.Connection) -> sqlite3.Connection:
    """Give the driver's connection of an embedded store."""
    raw = connection.connection.dbapi_connection
    if not isinstance(raw, sqlite3.Connection):
        raise StoreUnavailable("store_failed")
    return raw

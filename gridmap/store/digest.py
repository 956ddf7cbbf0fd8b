"""What a store holds, as one digest a table: the same on both databases where the same rows lie in them.

A digest is the SHA-256 over the digests of the columns, by name; that of a column is the SHA-256 over its values in
order of row id. Values are written so that different ones never look alike: whole numbers in decimal, floats as their
shortest decimal that reads back as the same (``repr``), text with its length, times as microseconds since 1970 UTC,
JSON with sorted keys, geometry as little-endian WKB after ``shapely.normalize``.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import shapely
import sqlalchemy as sa

from gridmap.errors import StoreUnavailable
from gridmap.store.exchange import Chunk, Kind, TableForm, read
from gridmap.store.progress import Move, unseen


@dataclass(frozen=True, slots=True)
class TableDigest:
    """Rows and digest of a table, and what its columns were taken for."""

    name: str
    rows: int
    digest: str
    columns: tuple[tuple[str, Kind], ...]

    @property
    def form(self) -> TableForm:
        """The form in which the table was read."""
        return TableForm(self.name, self.columns)

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "TableDigest":
        """Read what ``to_json`` gave."""
        return TableDigest(
            str(value["name"]),
            int(value["rows"]),
            str(value["digest"]),
            tuple((str(name), kind) for name, kind in value["columns"]),
        )


class Digester:
    """Takes the chunks of one table in order of row id."""

    def __init__(self, form: TableForm) -> None:
        self._form = form
        self._hashes = {name: hashlib.sha256() for name, _ in form.columns}
        self._rows = 0

    def add(self, chunk: Chunk) -> None:
        """Take some rows."""
        self._rows += len(chunk)
        for name, kind in self._form.columns:
            self._hashes[name].update(_shapes(chunk) if kind == "shape" else _BYTES[kind](chunk.columns[name]))

    def result(self) -> TableDigest:
        """Give the digest of what came."""
        whole = hashlib.sha256()
        for name, kind in self._form.columns:
            whole.update(f"{name}:{kind}:{self._hashes[name].hexdigest()};".encode())
        return TableDigest(self._form.name, self._rows, whole.hexdigest(), self._form.columns)


def digests(connection: sa.Connection, forms: Iterable[TableForm], move: Move = unseen) -> list[TableDigest]:
    """Read tables from end to end, on the snapshot that the connection sees, and give their digests."""
    found = []
    for form in forms:
        digester = Digester(form)
        for chunk in read(connection, form):
            digester.add(chunk)
            move(len(chunk))
        found.append(digester.result())
    return found


def _whole(values: list[int | None]) -> bytes:
    return "".join(["-;" if v is None else f"{v};" for v in values]).encode()


def _floats(values: list[float | None]) -> bytes:
    # one zero: SQLite keeps no sign of it
    return "".join(["-;" if v is None else f"{v + 0.0!r};" for v in values]).encode()


def _texts(values: list[str | None]) -> bytes:
    return "".join(["-;" if v is None else f"{len(v)}:{v};" for v in values]).encode(errors="surrogatepass")


def _json(values: list[str | None]) -> bytes:
    try:
        return _texts([None if v is None else json.dumps(json.loads(v), sort_keys=True) for v in values])
    except ValueError:
        raise StoreUnavailable("store_damaged") from None


def _shapes(chunk: Chunk) -> bytes:
    if chunk.shapes is None:
        return b""
    return b"".join(shapely.to_wkb(shapely.normalize(chunk.shapes), byte_order=1, output_dimension=2).tolist())


_BYTES: dict[str, Callable[[list[Any]], bytes]] = {
    "integer": _whole,
    "flag": _whole,
    "time": _whole,
    "number": _floats,
    "text": _texts,
    "day": _texts,
    "json": _json,
}

"""Points as an Arrow IPC stream: two columns of plain doubles, read where they lie.

A stream says itself how long its parts are, and may be packed or refer to dictionaries. None of that is needed for two
columns of numbers, and all of it can lie, so only the plain form is taken: each record batch is checked against the
bytes that are there before one of them is looked at. Nothing is unpacked, and nothing is copied.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from api.errors import NotParsable, UnsupportedBody
from gridmap.analysis.locator import METHODS, Answers
from gridmap.errors import InvalidInput, TooLarge
from gridmap.services.responsibility import Plan

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

Floats = npt.NDArray[np.float64]

_COLUMNS = ("lon", "lat")
#: Record batches in a stream; writers make them of thousands of rows.
_MOST_BATCHES = 10_000
#: Bytes of a flatbuffer's struct of two int64: a node (rows, nulls) or a buffer (offset, length).
_PAIR = struct.Struct("<qq")


@dataclass(frozen=True, slots=True)
class Part:
    """One record batch."""

    lon: Floats
    lat: Floats


def require_arrow_type(content_type: str | None) -> None:
    """Check that a body is declared as an Arrow stream (UnsupportedBody ``arrow_type_needed``)."""
    if (content_type or "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise UnsupportedBody("arrow_type_needed")


def read_points(body: bytes, *, most: int) -> list[Part]:
    """Read a stream of points.

    Parameters
    ----------
    body : bytes
        A schema of the columns ``lon`` and ``lat`` (float64, degrees) in any order, and record batches.
    most : int
        Points at most.

    Raises
    ------
    NotParsable
        ``arrow_malformed``: it is no stream, ends too early, goes on after its end, or its lengths do not fit.
    InvalidInput
        ``arrow_columns``, ``arrow_packed``, ``arrow_nulls``, ``number_not_finite``.
    TooLarge
        ``too_many_points``.
    """
    try:
        return list(_parts(body, most))
    except (pa.ArrowException, struct.error, OSError, ValueError, OverflowError, MemoryError):
        raise NotParsable("arrow_malformed") from None


def _parts(body: bytes, most: int) -> Iterator[Part]:
    source = pa.BufferReader(body)
    messages = pa.ipc.MessageReader.open_stream(source)
    order: tuple[int, int] | None = None
    rows = batches = 0
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            break
        if order is None:
            order = _order(message)
            continue
        if message.type != "record batch":
            raise InvalidInput("arrow_columns")
        batches += 1
        columns = _columns(message)
        rows += len(columns[0])
        if rows > most or batches > _MOST_BATCHES:
            raise TooLarge("too_many_points", limit=most)
        yield Part(columns[order[0]], columns[order[1]])
    if order is None or source.tell() != len(body):
        raise NotParsable("arrow_malformed")


def _order(message: pa.Message) -> tuple[int, int]:
    """Give where lon and lat stand in a schema of just these."""
    if message.type != "schema":
        raise NotParsable("arrow_malformed")
    schema = pa.ipc.read_schema(message)
    if sorted(schema.names) != sorted(_COLUMNS) or any(kind != pa.float64() for kind in schema.types):
        raise InvalidInput("arrow_columns")
    return schema.names.index("lon"), schema.names.index("lat")


def _columns(message: pa.Message) -> list[Floats]:
    """Give the columns of a record batch as they lie in its body.

    The metadata is read by hand (https://arrow.apache.org/docs/format/Columnar.html, ``Message.fbs``): a reader that
    makes arrays of it would unpack buffers before anybody could ask how large they become.
    """
    meta = _Flat(bytes(message.metadata))
    batch = meta.table(meta.root(), 2)
    if batch is None:
        raise NotParsable("arrow_malformed")
    if meta.table(batch, 3) is not None:
        raise InvalidInput("arrow_packed")
    rows = meta.int64(batch, 0)
    nodes, buffers = meta.pairs(batch, 1), meta.pairs(batch, 2)
    if len(nodes) != 2 or len(buffers) != 4 or any(count != rows for count, _ in nodes):
        raise NotParsable("arrow_malformed")
    if any(nulls != 0 for _, nulls in nodes):
        raise InvalidInput("arrow_nulls")
    content = memoryview(message.body) if message.body is not None else memoryview(b"")
    found = []
    for offset, length in buffers[1::2]:
        if rows < 0 or offset < 0 or length < 8 * rows or offset + length > len(content):
            raise NotParsable("arrow_malformed")
        found.append(np.frombuffer(content, dtype="<f8", count=rows, offset=offset) if rows else np.zeros(0))
    if not all(np.isfinite(column.sum()) or np.isfinite(column).all() for column in found):
        raise InvalidInput("number_not_finite")
    return found


class _Flat:
    """Just enough of a flatbuffer; a place outside of it is a ``struct.error``."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def _read(self, form: str, at: int) -> int:
        if at < 0:
            raise struct.error
        return int(struct.unpack_from(form, self._data, at)[0])

    def root(self) -> int:
        """Give the place of the root table."""
        return self._read("<I", 0)

    def _field(self, table: int, number: int) -> int | None:
        places = table - self._read("<i", table)
        slot = 4 + 2 * number
        if slot + 2 > self._read("<H", places):
            return None
        step = self._read("<H", places + slot)
        return table + step if step else None

    def table(self, table: int, number: int) -> int | None:
        """Give the place of a table that a field refers to."""
        at = self._field(table, number)
        return None if at is None else at + self._read("<I", at)

    def int64(self, table: int, number: int) -> int:
        """Give a number; 0 where it is left out."""
        at = self._field(table, number)
        return 0 if at is None else self._read("<q", at)

    def pairs(self, table: int, number: int) -> list[tuple[int, int]]:
        """Give a vector of structs of two numbers; of more than a few, as many as tell that they are too many."""
        at = self.table(table, number)
        if at is None:
            return []
        count = min(self._read("<I", at), 5)
        return [_PAIR.unpack_from(self._data, at + 4 + k * _PAIR.size) for k in range(count)]


def write_answers(plan: Plan, codes: pa.Array, parts: list[Answers], *, border: bool) -> bytes:
    """Write the answers about each part as a record batch: who owns each point, and how that was found.

    ``grid_code`` and ``method`` refer to dictionaries that come once; the schema names the set and the version.
    """
    fields = [
        pa.field("grid_code", pa.dictionary(pa.int32(), pa.string())),
        pa.field("method", pa.dictionary(pa.int8(), pa.string()), nullable=False),
    ]
    if border:
        fields.append(pa.field("border_m", pa.float64()))
    schema = pa.schema(fields, metadata={"set": plan.boundary_set.name, "version": str(plan.version.number)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        for found in parts:
            owner = found.owner.astype(np.int32, copy=False)
            columns = [
                pa.DictionaryArray.from_arrays(pa.array(owner, mask=owner < 0), codes, safe=False),
                pa.DictionaryArray.from_arrays(pa.array(found.method), _METHODS, safe=False),
            ]
            if found.border_m is not None:
                columns.append(pa.array(found.border_m, mask=np.isnan(found.border_m)))
            stream.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    return bytes(sink.getvalue())


_METHODS = pa.array([method.value for method in METHODS])

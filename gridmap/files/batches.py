"""Streams of Arrow batches: cut to size, and texts written out only where memory allows."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gridmap.errors import FileError, TooLarge

#: Rows in a batch where nothing is known of their size.
USUAL_ROWS = 100_000
_MOST_ROWS = 1 << 20
# A few of these are in memory at once.
_SUITABLE_BYTES = 24 << 20
# Texts and geometries of one batch, written out.
_MAX_BATCH_BYTES = 500_000_000
# Read so much of a column at a time, for one group of rows may hold a gigabyte.
READ_BYTES = 4 << 20


def suitable_rows(metadata: pq.FileMetaData) -> int:
    """Give the rows of a batch of some 32 MiB of a Parquet file."""
    sizes = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
    row_bytes = max(sum(sizes) / max(metadata.num_rows, 1), 1.0)
    return int(min(max(_SUITABLE_BYTES / row_bytes, 1_000), _MOST_ROWS))


def rechunked(batches: Iterator[pa.RecordBatch], rows: int, schema: pa.Schema) -> Iterator[pa.Table]:
    """Cut a stream of batches of any size into tables of ``rows`` rows."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        while batch.num_rows:
            piece = batch.slice(0, rows - size)
            held.append(piece)
            size += piece.num_rows
            batch = batch.slice(piece.num_rows)
            if size == rows:
                yield pa.Table.from_batches(held).cast(schema)
                held, size = [], 0
    if held:
        yield pa.Table.from_batches(held).cast(schema)


def parquet_batches(file: pq.ParquetFile, rows: int, groups: tuple[int, ...] | None = None) -> Iterator[pa.RecordBatch]:
    """Stream a Parquet file, or some groups of its rows; it was opened with texts as dictionaries: here they end.

    Raises
    ------
    FileError
        ``corrupt``.
    TooLarge
        ``unpacked_too_large``.
    """
    try:
        for batch in file.iter_batches(batch_size=rows, row_groups=groups, use_threads=False):
            yield _written_out(batch)
    except (pa.ArrowException, OSError):
        raise FileError("corrupt") from None


def is_bytes(kind: pa.DataType) -> bool:
    """Tell whether values of a type are texts or bytes of any length."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _written_out(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Replace dictionaries by their values, unless they would fill the memory."""
    columns, size = [], 0
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and is_bytes(column.type.value_type):
            lengths = pc.take(pc.binary_length(column.dictionary).cast(pa.int64()), column.indices)
            size += pc.sum(lengths).as_py() or 0
            if size > _MAX_BATCH_BYTES:
                raise TooLarge("unpacked_too_large", limit=_MAX_BATCH_BYTES)
            column = column.dictionary_decode()
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)

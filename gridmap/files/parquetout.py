"""Write Parquet table by table: words as dictionaries, the rest as it was written in the file it came from."""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_CODECS = {"SNAPPY": "snappy", "ZSTD": "zstd", "LZ4": "lz4", "UNCOMPRESSED": "none"}
_WIDTHS = {"INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}
# A dictionary pays while its column is smaller than this part of the plain values.
_WORTH = 0.7
# The codes of some hundred thousand grids.
_DICTIONARY_BYTES = 8 << 20


class ParquetTables:
    """Takes tables of one schema; each becomes a group of rows."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._writer, self._schema = writer, schema

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        if not table.schema.equals(self._schema):
            table = table.cast(self._schema)
        self._writer.write_table(table)


@contextmanager
def open_parquet(
    path: Path, schema: pa.Schema, *, words: Sequence[str] = (), like: pq.FileMetaData | None = None
) -> Iterator[ParquetTables]:
    """Open a writer; parameters as in ``write.open_writer``."""
    written = schema
    for name in words:
        at = schema.get_field_index(name)
        written = written.set(at, schema.field(at).with_type(pa.dictionary(pa.int32(), schema.field(at).type)))
    paths = _leaves(written)
    known = _columns(like)
    own = [p for p in paths if p not in words]
    with pq.ParquetWriter(
        path,
        written,
        store_schema=False,
        compression={p: known[p][0] if p in known else "zstd" for p in paths},
        use_dictionary=[p for p in paths if p in words or known.get(p, ("", True))[1]],
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        # Smallest and greatest of words in no order help nobody, and cost more than writing them.
        write_statistics=own,
    ) as writer:
        # Readers that know Arrow go by the schema in the file: they must see texts, however the writer got them.
        stated = {b"ARROW:schema": base64.b64encode(schema.serialize().to_pybytes())}
        writer.add_key_value_metadata({**(schema.metadata or {}), **stated})
        yield ParquetTables(writer, written)


def _leaves(schema: pa.Schema) -> list[str]:
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    made = pq.ParquetFile(sink.getvalue()).schema
    return [made.column(i).path for i in range(len(made.names))]


def _columns(metadata: pq.FileMetaData | None) -> dict[str, tuple[str, bool]]:
    """Give compression, and whether a dictionary pays, by path of column."""
    if metadata is None or metadata.num_row_groups == 0:
        return {}
    group = metadata.row_group(0)
    found = {}
    for at in range(group.num_columns):
        column = group.column(at)
        coded = any("DICTIONARY" in encoding for encoding in column.encodings)
        text = metadata.schema.column(at).logical_type.type == "STRING"
        plain = _WIDTHS.get(column.physical_type, 0) * column.num_values
        found[column.path_in_schema] = (
            _CODECS.get(column.compression, "zstd"),
            text or (coded and column.total_uncompressed_size < _WORTH * plain),
        )
    return found

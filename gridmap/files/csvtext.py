"""CSV as text, streamed: every cell stays the characters that stand in the file."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from gridmap.errors import ColumnError, FileError, TextError, TooLarge
from gridmap.files.text import codec_of, is_bad, judge_file, public_name

#: The longest row, in bytes; an unclosed quote ends here and not at the end of the memory.
MAX_ROW_BYTES = 4 << 20
_MAX_COLUMNS = 500
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class CsvText:
    """A CSV file that was looked at: how to decode and split it, and its header."""

    path: Path
    codec: str
    delimiter: str
    columns: tuple[str, ...]

    @property
    def encoding(self) -> str:
        """Name of the encoding."""
        return public_name(self.codec)

    @property
    def schema(self) -> pa.Schema:
        """Every column as text."""
        return pa.schema([(c, pa.string()) for c in self.columns])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Stream the rows, all columns as text; empty cells are empty texts.

        Raises
        ------
        FileError
            ``row_width``: a row has another number of cells than the header; ``row_too_long``.
        TextError
            ``encoding_wrong``.
        """
        bad: list[int] = []

        def on_bad_row(row: pa.csv.InvalidRow) -> str:
            bad.append(row.number or 0)
            return "error"

        try:
            reader = pa.csv.open_csv(
                self.path,
                read_options=pa.csv.ReadOptions(
                    use_threads=False,
                    block_size=MAX_ROW_BYTES,
                    encoding="utf8" if self.codec == "utf-8-sig" else self.codec,
                ),
                parse_options=pa.csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=on_bad_row
                ),
                convert_options=pa.csv.ConvertOptions(
                    column_types=self.schema, strings_can_be_null=False, quoted_strings_can_be_null=False
                ),
            )
            with reader:
                yield from reader
        except StopIteration:  # pragma: no cover - an empty reader ends by itself
            return
        except UnicodeDecodeError:
            raise TextError("encoding_wrong", encoding=self.encoding) from None
        except pa.ArrowInvalid as error:
            if bad:
                raise FileError("row_width", line=bad[0]) from None
            if "straddling" in str(error) or "too large" in str(error):
                raise FileError("row_too_long", line="?", limit=MAX_ROW_BYTES) from None
            if "UTF8" in str(error) or "UTF-8" in str(error):
                raise TextError("encoding_wrong", encoding=self.encoding) from None
            raise FileError("corrupt") from None


def look_at(path: Path, encoding: str | None = None) -> CsvText:
    """Find out encoding, separator and header of a CSV file.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        Asked for where the bytes are not plainly UTF-8.

    Raises
    ------
    EncodingAmbiguous
        ``encoding_ambiguous``.
    TextError
        ``encoding_unknown``, ``encoding_wrong``, ``not_text``.
    ColumnError
        ``bad_header``.
    """
    codec = codec_of(encoding) if encoding is not None else judge_file(path)
    try:
        with path.open(encoding=codec, newline="") as file:
            head = file.read(1 << 20)
    except UnicodeDecodeError:
        raise TextError("encoding_wrong", encoding=public_name(codec)) from None
    line = re.split(r"\r\n|\n|\r", head, maxsplit=1)[0]
    outside = re.sub(r'"[^"]*"', "", line)
    delimiter = max(_DELIMITERS, key=outside.count)
    try:
        columns = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise ColumnError("bad_header") from None
    if len(columns) > _MAX_COLUMNS:
        raise TooLarge("too_many_columns", limit=_MAX_COLUMNS)
    names = [c.strip() for c in columns]
    if not names or not all(names) or len(set(columns)) != len(columns) or any(is_bad(c) for c in columns):
        raise ColumnError("bad_header")
    return CsvText(path, codec, delimiter, tuple(columns))

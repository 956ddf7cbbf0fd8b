"""Bring Arrow columns of any file to the few plain types that leave the child."""

from typing import Any

import pyarrow as pa
import pyarrow.types as pt


def plain(array: pa.ChunkedArray) -> pa.Array | None:
    """Give a column as int64, double, bool or large_string; None for nested and binary columns, which are left out.

    Numbers that fit no plain type exactly (decimals, unsigned 64 bits) and times become text.
    """
    kind = array.type
    if pt.is_dictionary(kind):
        return plain(array.cast(kind.value_type))
    if pt.is_boolean(kind):
        wanted: Any = pa.bool_()
    elif pt.is_integer(kind) and kind != pa.uint64():
        wanted = pa.int64()
    elif pt.is_floating(kind):
        wanted = pa.float64()
    elif pt.is_string(kind) or pt.is_large_string(kind) or kind == pa.string_view():
        wanted = pa.large_string()
    elif pt.is_decimal(kind) or pt.is_temporal(kind) or pt.is_integer(kind):
        wanted = pa.large_string()
        if pt.is_time(kind) or pt.is_duration(kind):
            return None
    elif pt.is_null(kind):
        wanted = pa.large_string()
    else:
        return None
    combined = array.cast(wanted).combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined

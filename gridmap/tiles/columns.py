"""What tiles say of features: columns with each value written once, as layers of tiles hold them."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: Identifiers of features stay below this: browsers keep no larger whole numbers.
_MOST = 1 << 53


@dataclass(frozen=True, slots=True)
class Columns:
    """Values of features.

    Attributes
    ----------
    keys : tuple of str
        Their names.
    values : tuple of bytes
        All different values of all columns, as messages of MVT (4.4).
    tags : array of int, shape (n, len(keys))
        Number of the value of each feature in each column; -1: none.
    ids : array of int, shape (n,)
        Identifier of each feature, the same in every tile and every version that has it.
    """

    keys: tuple[str, ...]
    values: tuple[bytes, ...]
    tags: npt.NDArray[np.int32]
    ids: npt.NDArray[np.int64]


def columns_of(ids: Sequence[str], columns: dict[str, Iterable[Any]]) -> Columns:
    """Write columns of texts, numbers and truths; what is missing (None, NaN) is no value."""
    numbers: dict[Any, int] = {}
    values: list[bytes] = []
    tags = np.full((len(ids), len(columns)), -1, dtype=np.int32)
    for k, column in enumerate(columns.values()):
        for row, value in enumerate(column):
            if value is None or value != value:
                continue
            key = (type(value), value)
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(values)
                values.append(value_message(value))
            tags[row, k] = number
    return Columns(tuple(columns), tuple(values), tags, np.array([number_of(one) for one in ids], dtype=np.int64))


def beside(one: Columns, two: Columns) -> Columns:
    """Put the rows of two tables beneath each other; a key of both is one column."""
    keys = (*one.keys, *(key for key in two.keys if key not in one.keys))
    tags = np.full((len(one.ids) + len(two.ids), len(keys)), -1, dtype=np.int32)
    tags[: len(one.ids), : len(one.keys)] = one.tags
    for k, key in enumerate(two.keys):
        tag = two.tags[:, k]
        tags[len(one.ids) :, keys.index(key)] = np.where(tag < 0, -1, tag + len(one.values))
    return Columns(keys, one.values + two.values, tags, np.r_[one.ids, two.ids])


def number_of(identifier: str) -> int:
    """Give a whole number that stands for an identifier: itself where it is one, else 52 bits of its hash."""
    if identifier.isascii() and identifier.isdigit() and identifier[0] != "0" and int(identifier) < _MOST:
        return int(identifier)
    return int.from_bytes(hashlib.blake2b(identifier.encode("utf-8", "replace"), digest_size=8).digest()) >> 12


def value_message(value: Any) -> bytes:
    """Write one value with the type that it has (MVT 2.1, 4.4)."""
    if isinstance(value, (bool, np.bool_)):
        body = b"\x38" + (b"\x01" if value else b"\x00")
    elif isinstance(value, (int, np.integer)):
        whole = int(value)
        body = b"\x28" + varint(whole) if whole >= 0 else b"\x30" + varint((-whole << 1) - 1)
    elif isinstance(value, (float, np.floating)):
        body = b"\x19" + struct.pack("<d", value)
    else:
        text = str(value).encode("utf-8", "replace")
        body = b"\x0a" + varint(len(text)) + text
    return varint(len(body)) + body


def varint(value: int) -> bytes:
    """Write a whole number from 0 on in groups of seven bits."""
    out = bytearray()
    while value >= 128:
        out.append((value & 127) | 128)
        value >>= 7
    out.append(value)
    return bytes(out)

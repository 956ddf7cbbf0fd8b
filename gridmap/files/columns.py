"""Choose columns by their usual names, and bring their values to codes, names and counts without changing them."""

import math
from collections.abc import Sequence
from typing import Any

from gridmap.errors import ColumnError

CODE_NAMES = ("code", "grid_code", "编码", "网格编码", "网格编号", "编号", "代码", "adcode", "id", "mapid", "precinct")
NAME_NAMES = ("name", "grid_name", "名称", "网格名称")
PARENT_NAMES = ("parent_code", "上级编码", "上级网格编码")
KIND_NAMES = ("kind", "类别", "网格类别")
HOUSEHOLDS_NAMES = ("households", "户数", "住户数")

_EXACT = 2**53


def listed(columns: Sequence[str]) -> str:
    """Give names of columns for a message, cut to a readable length."""
    from gridmap.files.text import cleaned

    shown = [cleaned(c)[:60] for c in columns[:40]]
    return ", ".join(shown) + (", …" if len(columns) > 40 else "")


def choose(
    columns: Sequence[str], given: str | None, usual: Sequence[str], *, what: str, required: bool = True
) -> str | None:
    """Choose the column for a purpose: the given one, else the first of the usual names, whatever its case.

    Raises
    ------
    ColumnError
        ``column_not_found``: the given one does not exist; ``column_unknown``: none has a usual name;
        ``column_ambiguous``: two have the same usual name but for case.
    """
    if given is not None:
        if given not in columns:
            raise ColumnError("column_not_found", what=what, columns=listed(columns))
        return given
    for name in usual:
        same = [c for c in columns if c.strip().casefold() == name.casefold()]
        if len(same) > 1:
            raise ColumnError("column_ambiguous", what=what, columns=listed(same))
        if same:
            return same[0]
    if required:
        raise ColumnError("column_unknown", what=what, columns=listed(columns))
    return None


def to_code(value: Any) -> str | None:
    """Give a code as text: texts as they are, whole numbers as digits; None where there is none.

    Raises
    ------
    ValueError
        A number that is not whole, or too large to be exact; true or false.

    Examples
    --------
    >>> to_code("00123"), to_code(110101), to_code(110101.0), to_code("  ")
    ('00123', '110101', '110101', None)
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, int):
        return str(value)
    number = float(value)
    if math.isnan(number):
        return None
    if not number.is_integer() or abs(number) >= _EXACT:
        raise ValueError
    return str(int(number))


def to_count(value: Any) -> int | None:
    """Give a count as an int; None where there is none.

    Raises
    ------
    ValueError
        Negative, not whole, or not a number.
    """
    code = to_code(value)
    if code is None:
        return None
    if not code.strip().isascii() or not code.strip().isdigit() or len(code.strip()) > 12:
        raise ValueError
    return int(code)

"""Frames of what a store says about versions; every store makes them of its rows by these."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from gridmap.store import columns as col


def count_frame(rows: Iterable[Any], *names: str) -> pd.DataFrame:
    """Make the frame of counts from rows of a number, texts and a count."""
    columns = list(zip(*rows, strict=True)) or [()] * (len(names) + 1)
    number, *texts, count = columns
    return pd.DataFrame(
        {
            "number": pd.array(number, dtype="int64"),
            **{name: col.text_array(values) for name, values in zip(names, texts, strict=False)},
            names[-1]: pd.array(count, dtype="int64"),
        }
    )


def life_frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Make the frame of the versions in which a code stands."""
    level, number, start, end = zip(*rows, strict=True) if rows else ((),) * 4
    return pd.DataFrame(
        {
            "level": col.text_array(level),
            "number": pd.array(number, dtype="int64"),
            "valid_from": pd.Series(list(start), dtype=object),
            "valid_to": pd.Series(list(end), dtype=object),
        }
    )

"""Runs of equal rows in sorted columns."""

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]


def starts_of_runs(*columns: npt.NDArray) -> Flags:
    """Tell which rows start a run of rows that are equal in all columns; columns are of one length."""
    first = np.ones(len(columns[0]), dtype=bool)
    first[1:] = False
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first


def ends_of_runs(first: Flags) -> Flags:
    """Tell which rows end a run, from those that start one."""
    return np.r_[first, True][1:]

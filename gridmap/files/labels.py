"""What a join adds to a batch of points: the owner's code, how it was found, metres to its border; as Arrow columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gridmap.analysis.locator import METHODS, Locator
from gridmap.analysis.responsibility import JoinSummary
from gridmap.crs import Datum, to_wgs84
from gridmap.errors import ColumnError, InvalidInput
from gridmap.files.degrees import Floats

#: Every column that a join can add, in the order in which they stand.
ADDED: dict[str, pa.DataType] = {"grid_code": pa.string(), "method": pa.string(), "border_m": pa.float64()}
_METHODS = pa.array([m.value for m in METHODS], pa.string())


def added_columns(names: Sequence[str] | None) -> tuple[str, ...]:
    """Give the columns to add, in their order; all where none are named.

    Raises
    ------
    InvalidInput
        ``join_columns``: none, or one that is not known.
    """
    if names is None:
        return tuple(ADDED)
    if not names or not set(names) <= set(ADDED):
        raise InvalidInput("join_columns", known=", ".join(ADDED))
    return tuple(name for name in ADDED if name in names)


class Labeller:
    """Finds the owners of batches of points. It never changes and may be shared by threads, as the locator may.

    Parameters
    ----------
    locator : Locator
        The grids.
    columns : sequence of str, optional
        Which of ``ADDED``; all without it. Without ``border_m`` nothing is measured; ``grid_code`` alone, with no
        nearest grid asked for, takes the locator's bulk call.
    datum : Datum, optional
        What the degrees mean, where it is not WGS 84.
    nearest_within_m : float
        As in ``Locator.locate_many``.

    Raises
    ------
    InvalidInput
        ``join_columns``, as in ``added_columns``.
    """

    def __init__(
        self,
        locator: Locator,
        *,
        columns: Sequence[str] | None = None,
        datum: Datum | None = None,
        nearest_within_m: float = 0.0,
    ) -> None:
        self.locator = locator
        self.columns = added_columns(columns)
        self.datum = datum or Datum.WGS84
        self.nearest_within_m = nearest_within_m
        self._words = pa.array(locator.codes, pa.string())

    def require_free(self, names: Sequence[str]) -> None:
        """Check that no column of a file has the name of a new one.

        Raises
        ------
        ColumnError
            ``column_taken``.
        """
        taken = [name for name in self.columns if name in names]
        if taken:
            raise ColumnError("column_taken", columns=", ".join(taken))

    def label(self, lon: Floats, lat: Floats) -> tuple[dict[str, pa.Array], JoinSummary]:
        """Find the owner of each point.

        Parameters
        ----------
        lon, lat : float64 arrays of one length
            Degrees in ``datum``; NaN where the place could not be read.

        Returns
        -------
        dict of str to Array
            The new columns; texts as dictionaries. Empty where there is no owner or no place.
        JoinSummary
        """
        good = None if np.isfinite(lon).all() else np.flatnonzero(np.isfinite(lon))
        x, y = (lon, lat) if good is None else (lon[good], lat[good])
        x, y = to_wgs84(x, y, self.datum)
        unreadable = len(lon) - len(x)
        if self.columns == ("grid_code",) and not self.nearest_within_m > 0:
            owner = self.locator.owners(x, y, threads=1)
            located = int(np.count_nonzero(owner >= 0))
            summary = JoinSummary(len(lon), none=len(x) - located, unreadable=unreadable, located=located)
            return {"grid_code": _words(_spread(owner, good, len(lon), -1), self._words)}, summary
        border = "border_m" in self.columns
        answers = self.locator.locate_many(x, y, nearest_within_m=self.nearest_within_m, border=border)
        made: dict[str, pa.Array] = {}
        if "grid_code" in self.columns:
            made["grid_code"] = _words(_spread(answers.owner.astype(np.int32), good, len(lon), -1), self._words)
        if "method" in self.columns:
            made["method"] = _words(_spread(answers.method, good, len(lon), -1), _METHODS)
        if answers.border_m is not None:
            # A millimetre is more than any boundary is worth, and keeps the text short. NaN is "no owner" here.
            metres = _spread(np.round(answers.border_m, 3), good, len(lon), np.nan)
            made["border_m"] = pa.array(metres, pa.float64(), from_pandas=True)
        return made, JoinSummary.of(answers, unreadable=unreadable)


def _spread(values: npt.NDArray[Any], good: npt.NDArray[np.int64] | None, size: int, empty: float) -> npt.NDArray[Any]:
    if good is None:
        return values
    full = np.full(size, empty, dtype=values.dtype)
    full[good] = values
    return full


def _words(position: npt.NDArray[Any], words: pa.Array) -> pa.DictionaryArray:
    """Give words by position; -1 is an empty cell."""
    missing = position < 0
    index = pa.array(position.astype(np.int32, copy=False), pa.int32(), mask=missing if missing.any() else None)
    return pa.DictionaryArray.from_arrays(index, words, safe=False)

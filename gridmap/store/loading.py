"""Large imports into a nearly empty table: what both stores share.

With few rows before and many after, it is far cheaper to make indexes anew at the end than to keep them row by row. So
the first large batch of a unit of work makes the store ready for a load (``begin_load`` of either backend): the
secondary indexes go, rows are added, and before the commit the indexes are made again. No reader is kept waiting.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa

from gridmap.store.blobs import Geometries

#: A load begins with a batch of at least so many rows ...
LOAD_FROM = 20_000
#: ... into a table that holds at most so many.
NEARLY_EMPTY = 10_000


class Load(Protocol):
    """A table being filled by one unit of work, which alone may write to it until it ends."""

    keys: "Keys | None"

    def add(self, columns: Mapping[str, Sequence[Any]], geometry: Geometries) -> int:
        """Add rows whose keys are known to be new; give their number."""
        ...

    def wait(self) -> None:
        """Wait until the connection is free for another statement."""
        ...

    def finish(self) -> None:
        """Make whole what was put off: indexes, statistics. The table can be asked again."""
        ...

    def undo(self, connection: sa.Connection) -> None:
        """Put right what the rollback, which has just happened, does not."""
        ...


class Keys:
    """The keys of a table that nobody else writes to: tells what is new without asking the database.

    Of each key eight bytes are kept. A key that shares them with another one is in doubt, and the database is asked.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._seen: list[npt.NDArray[np.uint64]] = []
        self.note(keys)

    def doubtful(self, keys: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Tell which keys may be there already; all others are certainly new."""
        marks = _marks(keys)
        order = np.argsort(marks)
        asked = marks[order]  # in order, so that the search walks through memory instead of jumping
        hit = np.zeros(len(marks), dtype=bool)
        for seen in self._seen:
            hit |= seen[np.searchsorted(seen, asked).clip(max=len(seen) - 1)] == asked
        found = np.empty_like(hit)
        found[order] = hit
        return found

    def note(self, keys: Sequence[str]) -> None:
        """Remember keys that were added."""
        if len(keys):
            self._seen.append(np.sort(_marks(keys)))


def _marks(keys: Sequence[str]) -> npt.NDArray[np.uint64]:
    return np.asarray(pd.util.hash_array(np.array(keys, dtype=object), categorize=False), dtype=np.uint64)

"""What a hotspot owes to its scale: whether it stays one where the neighbours of neighbours count, too."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.hotspots import Judged, getis_ord
from gridmap.analysis.neighbours import Neighbours, wider
from gridmap.analysis.saying import Statement, say


class WiderReach(NamedTuple):
    """Hot places, how many of them stay hot at double the reach, and how many others become so."""

    hot: int
    stay: int
    join: int


def wider_reach(found: pd.DataFrame, beside: Neighbours) -> WiderReach | None:
    """Judge the same figures once more with neighbours of neighbours.

    Parameters
    ----------
    found : DataFrame
        Of ``getis_ord`` or ``rate_hotspots``.
    beside : Neighbours
        Those that it was made with.

    Returns
    -------
    WiderReach or None
        None where nothing could be judged.

    Raises
    ------
    InvalidInput
        ``lengths_differ``.

    Notes
    -----
    Half the reach is no neighbour at all, and by itself a place is compared with nothing: there is no such test. Rare
    places get no more draws than others here, so a hotspot at the edge of significance may be lost to that.
    """
    summary = found.attrs["summary"]
    if summary["reason"] is not None:
        return None
    again = getis_ord(
        found["value"].to_numpy(dtype=np.float64), wider(beside), side=summary["side"], rate=summary["rate"],
        draws=summary["draws"], most_draws=10 * summary["draws"], seed=summary["seed"],
    )  # fmt: skip
    now, then = _hot(found), _hot(again)
    return WiderReach(int(now.sum()), int((now & then).sum()), int((then & ~now).sum()))


def _hot(found: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return np.asarray(found["judged"] == Judged.HOT.value, dtype=np.bool_)


def say_wider(found: WiderReach | None) -> Statement:
    """Say it for the card of a map; None: not compared."""
    if found is None:
        return say("scales_unchecked")
    return say("wider", hot=found.hot, stay=found.stay, join=found.join)

"""What Gi* found, said of each place and of all: "27 more than expected, very unlikely by chance"."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.hotspots import Judged
from gridmap.analysis.saying import Statement, by_chance, rounded, say


def say_places(found: pd.DataFrame) -> list[Statement]:
    """Say of each place what was found.

    Parameters
    ----------
    found : DataFrame
        Of ``getis_ord``, of counts or of rates, also ``with_peaks``.

    Returns
    -------
    list of Statement
        One a place, in order. Places that stand out by themselves by how much; hot and cold places by how much more or
        less than expected; usual ones as such, also those that stand out but may be chance; those that were not judged
        with the reason.
    """
    summary = found.attrs["summary"]
    columns = (found[name].to_list() for name in ("value", "beside", "more", "p", "z", "judged"))
    said = [
        _one(value, beside, more, p, z, judged, summary)
        for value, beside, more, p, z, judged in zip(*columns, strict=True)
    ]
    if "peak" in found.columns:
        figures = found[["count", "usual", "peak_p"]].to_numpy(dtype=np.float64)
        for k in np.flatnonzero(alone(found)).tolist():
            said[k] = say_peak(*figures[k].tolist())
    return said


def alone(found: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which places of ``with_peaks`` stand out by themselves and are not hot with those around them."""
    return np.asarray(found["peak"].to_numpy(dtype=bool) & (found["judged"] != Judged.HOT.value).to_numpy(dtype=bool))


def say_peak(value: float, expected: float, p: float) -> Statement:
    """Say of one place that it stands out by itself: how many it holds, how many would be usual, and by what chance."""
    return say("peak_here", value=rounded(value), expected=rounded(expected), chance=by_chance(p))


def say_peaks(summary: Mapping[str, Any]) -> Statement | None:
    """Say how many places stand out by themselves, by the summary of ``lone_peaks``; None: none could be judged."""
    if summary.get("peaks_reason", summary["reason"]) is not None:
        return None
    percent = rounded(100 * summary["rate"])
    return say("peaks_found", count=summary["peaks"], percent=percent) if summary["peaks"] else say("peaks_none")


def _one(
    value: float, beside: int, more: float, p: float, z: float, judged: str, summary: dict[str, object]
) -> Statement:
    if judged == Judged.HOT:
        return say("place_hot", more=rounded(more), chance=by_chance(p))
    if judged == Judged.COLD:
        return say("place_cold", less=rounded(-more), chance=by_chance(p))
    if judged == Judged.USUAL:
        # a high sum that is owed to the place itself, or that one place in many shows by chance
        if z > 2:
            return say("place_peak" if p > 0.05 else "place_may_be_chance", more=rounded(more))
        return say("place_usual")
    if value != value:
        return say("place_unknown")
    if summary["reason"] is not None:
        return say(f"silent_{summary['reason']}")
    return say("place_island" if not beside else "place_all_beside")


def say_finds(found: pd.DataFrame) -> list[Statement]:
    """Say of all places what was found, and what may be false in it."""
    summary = found.attrs["summary"]
    if summary["reason"] is not None:
        said = [say(f"silent_{summary['reason']}")]
    else:
        side, percent = summary["side"], rounded(100 * summary["rate"])
        said = [say(f"found_{side}", hot=summary["hot"], cold=summary["cold"], judged=summary["judged"])]
        said.append(say("found_false" if summary["hot"] + summary["cold"] else "found_nothing", percent=percent))
    peaks = say_peaks(summary) if "peaks" in summary else None
    return said if peaks is None else [*said, peaks]


def say_hotspots(found: pd.DataFrame) -> list[Statement]:
    """Say what ``say_finds`` does, what was left out, and how it was judged: the sentences of a map's card."""
    summary, said = found.attrs["summary"], say_finds(found)
    if summary["reason"] is not None:
        return said
    left = summary["places"] - summary["judged"]
    if left:
        said.append(say("found_left_out", count=left))
    draws = summary["draws"]
    said.append(say("found_by_draws", draws=f"{draws:,}", seed=summary["seed"]) if draws else say("found_by_formula"))
    return said

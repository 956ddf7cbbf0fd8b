"""What Gi* found, said of each place and of all: "27 more than expected, very unlikely by chance"."""

import pandas as pd

from gridmap.analysis.hotspots import Judged
from gridmap.analysis.saying import Statement, by_chance, rounded, say


def say_places(found: pd.DataFrame) -> list[Statement]:
    """Say of each place what was found.

    Parameters
    ----------
    found : DataFrame
        Of ``getis_ord``, of counts or of rates.

    Returns
    -------
    list of Statement
        One a place, in order. Hot and cold places by how much more or less than expected; usual ones as such, also
        those that stand out but may be chance; those that were not judged with the reason.
    """
    summary = found.attrs["summary"]
    columns = (found[name].to_list() for name in ("value", "beside", "more", "p", "z", "judged"))
    return [
        _one(value, beside, more, p, z, judged, summary)
        for value, beside, more, p, z, judged in zip(*columns, strict=True)
    ]


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


def say_hotspots(found: pd.DataFrame) -> list[Statement]:
    """Say of all places what was found, how, and what may be false in it: the sentences of a map's card."""
    summary = found.attrs["summary"]
    if summary["reason"] is not None:
        return [say(f"silent_{summary['reason']}")]
    side, percent = summary["side"], rounded(100 * summary["rate"])
    said = [say(f"found_{side}", hot=summary["hot"], cold=summary["cold"], judged=summary["judged"])]
    if summary["hot"] + summary["cold"]:
        said.append(say("found_false", percent=percent))
    else:
        said.append(say("found_nothing", percent=percent))
    left = summary["places"] - summary["judged"]
    if left:
        said.append(say("found_left_out", count=left))
    draws = summary["draws"]
    said.append(say("found_by_draws", draws=f"{draws:,}", seed=summary["seed"]) if draws else say("found_by_formula"))
    return said

"""What Moran's I found, in plain words: of all places, and of each."""

import pandas as pd

from gridmap.analysis.moran import Gathering, Kind
from gridmap.analysis.saying import Statement, by_chance, rounded, say


def say_gathering(found: Gathering | None) -> Statement:
    """Say whether a figure gathers at all; None: nothing can be said."""
    if found is None:
        return say("gathering_silent")
    if found.p > 0.05:
        return say("gathering_none", i=f"{found.i:.2f}", chance=by_chance(found.p))
    return say("gathering", i=f"{found.i:.2f}", chance=by_chance(found.p))


def say_kinds(found: pd.DataFrame) -> list[Statement]:
    """Say of each place of ``local_moran`` how it compares with those around it, in order."""
    said = []
    for value, lag, p, kind in zip(*(found[name].to_list() for name in ("value", "lag", "p", "kind")), strict=True):
        if kind == Kind.NOT_JUDGED.value:
            said.append(say("place_unknown" if value != value else "kind_not_judged"))
        elif kind == Kind.NONE.value:
            said.append(say("kind_none"))
        else:
            said.append(say(f"kind_{kind}", value=rounded(value), lag=rounded(lag), chance=by_chance(p)))
    return said

"""Emerging hotspots: which places became hot, stay hot, grow, fade or come and go, by the eight published classes."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from gridmap.analysis.hotspots import RATE, Judged, getis_ord
from gridmap.analysis.neighbours import Neighbours, neighbours_in_time
from gridmap.analysis.saying import Statement, rounded, say
from gridmap.analysis.trend import mann_kendall
from gridmap.errors import InvalidInput

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Fewer periods than this make no history (the least that the published method takes).
LEAST_STEPS = 10
#: Hot in at least this share of the periods: nearly always hot.
NEARLY_ALWAYS = 0.9


class Pattern(StrEnum):
    """How a place was hot, or cold, over time."""

    NEW = "new"
    CONSECUTIVE = "consecutive"
    INTENSIFYING = "intensifying"
    PERSISTENT = "persistent"
    DIMINISHING = "diminishing"
    SPORADIC = "sporadic"
    OSCILLATING = "oscillating"
    HISTORICAL = "historical"
    NONE = "none"
    NOT_JUDGED = "not_judged"


class Emerging(NamedTuple):
    """Patterns of places, and what each period was: for a map, and for its slider.

    ``places``: one row a place (``emerging_hotspots``). ``judged``: array of str, shape (n, steps), a word of
    ``Judged`` for each place and period. ``z``: array of float, shape (n, steps).
    """

    places: pd.DataFrame
    judged: npt.NDArray[np.object_]
    z: Floats


def emerging_hotspots(
    counts: npt.ArrayLike,
    beside: Neighbours,
    *,
    recorded: Sequence[bool] | Flags | None = None,
    back: int = 1,
    rate: float = RATE,
    draws: int = 999,
    most_draws: int = 99_999,
    seed: int = 1,
) -> Emerging:
    """Judge every place in every period, and say what became of it.

    Parameters
    ----------
    counts : array of float, shape (n, steps)
        Incidents, or a rate, of each place in each period, the oldest first. NaN: not known.
    beside : Neighbours
        Of the n places.
    recorded : array of bool, shape (steps,), optional
        False: nothing was recorded in that period (a gap), so its zeros are no zeros. It is left out.
    back : int
        So many periods before count as neighbours, too; 0 or more.
    rate, draws, most_draws, seed
        As ``getis_ord``; ``rate`` holds over all places and periods together, and for trends among those tested.

    Returns
    -------
    Emerging
        ``places``: ``pattern`` (``Pattern``), ``side`` (``hot``, ``cold``, or empty), ``hot`` and ``cold`` (in how
        many periods), ``periods`` (in how many it was judged), ``trend_z``, ``trend_p`` (of its z over time), ``more``
        (than expected, in the last period). ``attrs["summary"]``: ``places``, ``steps``, ``gaps``, ``last_step``
        (number of the last recorded period; the patterns hold as of it), a count of each pattern as ``hot_new`` and so
        on, ``rate``, ``back``, ``draws``, ``seed``, and ``reason`` where nothing was judged: ``too_few_steps``,
        ``too_few`` or ``all_equal``.

    Raises
    ------
    InvalidInput
        ``lengths_differ``; ``setting_negative`` (back); as ``getis_ord``.

    Notes
    -----
    Source: the published definitions of Emerging Hot Spot Analysis (Esri, Space Time Pattern Mining), space-time Gi*
    with all places and periods as the ground that is compared with, two-sided. Of a place that is hot in the last
    period: *new* - never before; *consecutive* - a run of at least two that ends now, never before it; hot in at
    least 90 % of the periods: *intensifying*, *diminishing* or *persistent* by the trend of z; else *oscillating*
    where it was cold before, or *sporadic*. Not hot now but in at least 90 %: *historical*. The same for cold.
    Differences: significance comes from conditional draws, so a lone peak is not hot; trends are tested with the
    overlap of neighbouring windows taken into account, and adjusted for their number. An island is not judged: its own
    past says nothing about the places around it.
    """
    x = np.array(counts, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(beside):
        raise InvalidInput("lengths_differ", name="counts")
    if back < 0:
        raise InvalidInput("setting_negative", name="back")
    n, steps = x.shape
    there = np.ones(steps, dtype=bool) if recorded is None else np.asarray(recorded, dtype=bool)
    if there.shape != (steps,):
        raise InvalidInput("lengths_differ", name="recorded")
    x[:, ~there] = np.nan
    summary = {"places": n, "steps": steps, "gaps": int((~there).sum()), "rate": rate, "back": back}
    if there.sum() < LEAST_STEPS:
        judged, z, more = np.full((n, steps), Judged.NOT_JUDGED.value, dtype=object), np.full((n, steps), np.nan), None
        reason: str | None = "too_few_steps"
    else:
        found = getis_ord(
            x.T.ravel(), neighbours_in_time(beside, steps, back), side="both", rate=rate, draws=draws,
            most_draws=most_draws, seed=seed,
        )  # fmt: skip
        reason = found.attrs["summary"]["reason"]
        judged, z, more = (found[name].to_numpy().reshape(steps, n).T for name in ("judged", "z", "more"))
    last = int(np.flatnonzero(there)[-1]) if there.any() else steps - 1
    known = judged != Judged.NOT_JUDGED.value
    hot, cold = judged == Judged.HOT.value, judged == Judged.COLD.value
    trend = mann_kendall(np.where(known, z, np.nan), overlap=back) if steps else None
    tested = nearly_always(hot.sum(axis=1), known.sum(axis=1)) | nearly_always(cold.sum(axis=1), known.sum(axis=1))
    slope = np.zeros(n)
    if trend is not None and tested.any():
        q = np.ones(n)
        q[tested] = scipy.stats.false_discovery_control(np.nan_to_num(trend.p[tested], nan=1.0), method="bh")
        slope = np.where(q <= rate, np.sign(np.nan_to_num(trend.s)), 0.0)
    rows = []
    for i in range(n):
        mine = known[i]
        if steps == 0 or not mine[last] or mine.sum() < LEAST_STEPS:
            rows.append((Pattern.NOT_JUDGED.value, ""))
            continue
        rows.append(pattern_of(hot[i, mine], cold[i, mine], float(slope[i])))
    places = pd.DataFrame(rows, columns=["pattern", "side"], dtype="str")
    places["hot"], places["cold"], places["periods"] = hot.sum(axis=1), cold.sum(axis=1), known.sum(axis=1)
    places["trend_z"] = np.nan if trend is None else trend.z
    places["trend_p"] = np.nan if trend is None else trend.p
    places["more"] = np.nan if more is None else more[:, last].astype(np.float64)
    counted = (places["side"] + "_" + places["pattern"]).value_counts()
    places.attrs["summary"] = {
        **summary, "last_step": last, "draws": draws, "seed": seed, "reason": reason,
        **{f"{s}_{p.value}": int(counted.get(f"{s}_{p.value}", 0)) for s in ("hot", "cold") for p in list(Pattern)[:8]},
        "not_judged": int((places["pattern"] == Pattern.NOT_JUDGED.value).sum()),
    }  # fmt: skip
    return Emerging(places, judged, z)


def nearly_always(count: npt.ArrayLike, of: npt.ArrayLike) -> Flags:
    """Tell what is at least ``NEARLY_ALWAYS`` of something."""
    return (np.asarray(of) > 0) & (np.asarray(count) >= NEARLY_ALWAYS * np.asarray(of) - 1e-9)


def pattern_of(hot: Flags, cold: Flags, slope: float) -> tuple[str, str]:
    """Give pattern and side of one place.

    Parameters
    ----------
    hot, cold : array of bool, shape (steps,)
        The oldest period first; never both.
    slope : float
        Above 0: its z rises, more than chance explains; below 0: falls; 0: neither.
    """
    sides = [("hot", hot, cold, slope), ("cold", cold, hot, -slope)]
    # what a place is now comes before what it was
    for side, mine, other, up in reversed(sides) if cold[-1] else sides:
        pattern = _pattern(mine, other, up)
        if pattern is not Pattern.NONE:
            return pattern.value, side
    return Pattern.NONE.value, ""


def _pattern(mine: Flags, other: Flags, up: float) -> Pattern:
    count, steps = int(mine.sum()), len(mine)
    always = bool(nearly_always(count, steps))
    if not mine[-1]:
        return Pattern.HISTORICAL if always else Pattern.NONE
    if count == 1 and not always:
        return Pattern.NEW
    if always:
        return Pattern.INTENSIFYING if up > 0 else Pattern.DIMINISHING if up < 0 else Pattern.PERSISTENT
    if mine[-count:].all():
        return Pattern.CONSECUTIVE
    return Pattern.OSCILLATING if other.any() else Pattern.SPORADIC


def say_emerging(found: Emerging) -> list[Statement]:
    """Say of each place what became of it, in order."""
    said = []
    reason = found.places.attrs["summary"]["reason"]
    for pattern, side, hot, cold, periods, more in zip(
        *(found.places[c] for c in ("pattern", "side", "hot", "cold", "periods", "more")), strict=True
    ):
        if pattern == Pattern.NOT_JUDGED:
            said.append(say(f"silent_{reason}") if reason else say("class_not_judged"))
        elif pattern == Pattern.NONE:
            said.append(say("class_none"))
        else:
            times = hot if side == "hot" else cold
            kind = say(f"class_is_{side}")
            said.append(say(f"class_{pattern}", kind=kind, times=times, periods=periods, more=rounded(abs(more))))
    return said


def say_changes(found: Emerging) -> list[Statement]:
    """Say what became of all places together, and what cannot be claimed: the sentences of a map's card."""
    summary = found.places.attrs["summary"]
    if summary["reason"]:
        return [say(f"silent_{summary['reason']}")]
    said = [
        say("class_count", pattern=say(f"class_name_{p.value}"), kind=say(f"class_is_{s}"), count=summary[f"{s}_{p}"])
        for s in ("hot", "cold")
        for p in list(Pattern)[:8]
        if summary[f"{s}_{p.value}"]
    ] or [say("class_nothing")]
    said.append(say("class_false", percent=rounded(100 * summary["rate"])))
    if summary["gaps"]:
        said.append(say("class_gaps", count=summary["gaps"], steps=summary["steps"]))
    if summary["last_step"] < summary["steps"] - 1:
        said.append(say("class_old", count=summary["steps"] - 1 - summary["last_step"]))
    if summary["not_judged"]:
        said.append(say("found_left_out", count=summary["not_judged"]))
    return said

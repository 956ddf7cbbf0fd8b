"""Incidents by patrol effort: how many an hour and a visit, with what chance leaves open, and who found them."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from gridmap.analysis.segments import Floats
from gridmap.analysis.sight import sight_counts, sights
from gridmap.errors import ColumnError, InvalidInput

#: What a worker reports of a round; all other channels are those of citizens and offices.
PATROL_CHANNELS = frozenset({"patrol"})


def poisson_rate(
    count: npt.ArrayLike, exposure: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Give rates and their exact intervals.

    Parameters
    ----------
    count : int array
        Events.
    exposure : float array
        What they are counted by, such as hours; 0: there is no rate (NaN).
    confidence : float
        Of ``(0, 1)``.

    Returns
    -------
    rate, low, high : float arrays
        The interval of Garwood (1936, Biometrika 28:437), from quantiles of chi squared: it holds the true rate at
        least as often as ``confidence`` says. Without an event it starts at 0.

    Raises
    ------
    InvalidInput
        ``setting_negative``: a count or an exposure.
    ValueError
        ``confidence`` is not of ``(0, 1)``.
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError("confidence must lie between 0 and 1")
    n, by = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(exposure, dtype=np.float64))
    if (n < 0).any() or (by < 0).any():
        raise InvalidInput("setting_negative", name="count, exposure")
    tail = (1.0 - confidence) / 2.0
    low = np.where(n > 0, scipy.stats.chi2.ppf(tail, 2.0 * np.maximum(n, 1.0)) / 2.0, 0.0)
    high = scipy.stats.chi2.isf(tail, 2.0 * (n + 1.0)) / 2.0
    out = [np.full(n.shape, np.nan) for _ in range(3)]
    for target, value in zip(out, (n, low, high), strict=True):
        np.divide(value, by, out=target, where=by > 0)
    return out[0], out[1], out[2]


def incident_rates(effort: pd.DataFrame, incidents: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Set incidents against the effort of patrols.

    Parameters
    ----------
    effort : DataFrame
        Of ``effort_of_grids``: one row a grid.
    incidents : DataFrame
        One row an incident of the same time: ``grid_code``, ``channel``.
    confidence : float
        Of the intervals.

    Returns
    -------
    DataFrame
        One row a row of ``effort``: ``grid_code``, ``visits``, ``hours``, ``incidents``, ``patrol_found``,
        ``citizen_found`` (all other channels), ``sight`` (a word of ``Sight``; seen: somebody dwelt there), and
        ``per_hour`` and ``per_visit`` of what patrols found, each with ``_low`` and ``_high``; NaN where nobody was.
        ``attrs["summary"]``: the same of all grids together, ``elsewhere`` (incidents of no grid of these),
        ``patrol_share`` of all incidents and a count of each sight.

    Raises
    ------
    ColumnError
        ``column_missing``.
    InvalidInput
        As ``poisson_rate``.
    """
    missing = [c for c in ("grid_code", "channel") if c not in incidents]
    if missing:
        raise ColumnError("column_missing", contract="incidents", columns=", ".join(missing))
    codes = effort["grid_code"]
    own = incidents["channel"].isin(PATROL_CHANNELS)
    every, patrols = (
        codes.map(rows["grid_code"].value_counts()).fillna(0).astype("int64").to_numpy()
        for rows in (incidents, incidents[own])
    )
    hours, visits = effort["minutes"].to_numpy() / 60.0, effort["visits"].to_numpy()
    result = pd.DataFrame(
        {
            "grid_code": codes.array,
            "visits": visits,
            "hours": hours,
            "incidents": every,
            "patrol_found": patrols,
            "citizen_found": every - patrols,
            "sight": sights(effort["dwells"].to_numpy() > 0, every),
        }
    )
    summary: dict[str, float] = {
        "visits": int(visits.sum()),
        "hours": float(hours.sum()),
        "incidents": int(every.sum()),
        "patrol_found": int(patrols.sum()),
        "citizen_found": int((every - patrols).sum()),
        "elsewhere": len(incidents) - int(every.sum()),
        "patrol_share": float(patrols.sum() / every.sum()) if every.sum() else float("nan"),
        **sight_counts(result["sight"]),
    }
    for name, by in (("per_hour", hours), ("per_visit", visits)):
        whole = poisson_rate([int(patrols.sum())], [float(by.sum())], confidence=confidence)
        each = poisson_rate(patrols, by, confidence=confidence)
        for end, value, total in zip(("", "_low", "_high"), each, whole, strict=True):
            result[name + end] = value
            summary[name + end] = float(total[0])
    result.attrs["summary"] = summary
    return result

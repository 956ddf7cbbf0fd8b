"""Where to go tomorrow: grids that are overdue, hot or never seen, and what going there brings."""

import math

import numpy as np
import pandas as pd

from gridmap.errors import ColumnError, InvalidInput


def patrol_list(
    recency: pd.DataFrame, incidents: pd.DataFrame, *, count: int = 20, window_days: float = 30.0
) -> pd.DataFrame:
    """Suggest which grids to visit tomorrow, by the incidents that nobody was there to see.

    A grid brings what has been happening in it, per day, times the days since somebody looked. Grids that are neither
    overdue nor hot nor never seen are left out.

    Parameters
    ----------
    recency : DataFrame
        ``code``, ``days_since`` (days since the last visit; missing: never seen), ``norm_days`` (days its class allows;
        missing: no norm).
    incidents : DataFrame
        ``grid_code``, ``incidents`` of the window; ``hot`` (bool) where known from a hotspot analysis.
    count : int
        So many grids at most, > 0.
    window_days : float
        Length of the window, > 0. Never seen counts as not seen since it began, or since the longest pause of any other
        grid if that is longer.

    Returns
    -------
    DataFrame
        ``rank`` from 1, ``code``, ``overdue``, ``hot``, ``never`` (bool), ``days_since``, ``days_over``, ``incidents``,
        ``unseen`` (incidents expected since somebody looked), ``share`` (of those of all grids) and ``share_so_far``.
        The largest share first; without incidents the longest over its norm, then by code. A grid is overdue when
        ``days_since`` is more than ``norm_days``; one day more than a norm of 7 is 8.

    Raises
    ------
    ColumnError
        ``column_missing``, ``code_duplicate``.
    InvalidInput
        ``not_positive``.
    """
    for name, frame, columns in (
        ("recency", recency, ("code", "days_since", "norm_days")),
        ("incidents", incidents, ("grid_code", "incidents")),
    ):
        missing = [c for c in columns if c not in frame.columns]
        if missing:
            raise ColumnError("column_missing", contract=name, columns=", ".join(missing))
    for name, value in (("count", count), ("window_days", window_days)):
        if not (math.isfinite(value) and value > 0):
            raise InvalidInput("not_positive", name=name)
    codes = recency["code"].astype(str).to_numpy(dtype=object)
    keyed = incidents.set_index(incidents["grid_code"].astype(str))
    doubled = int(pd.Index(codes).duplicated().sum()) + int(keyed.index.duplicated().sum())
    if doubled:
        raise ColumnError("code_duplicate", count=doubled)
    since = pd.to_numeric(recency["days_since"]).to_numpy(dtype=np.float64, na_value=np.nan)
    norm = pd.to_numeric(recency["norm_days"]).to_numpy(dtype=np.float64, na_value=np.nan)
    never = np.isnan(since)
    longest = max(window_days, float(np.nanmax(since)) if (~never).any() else 0.0)
    waited = np.where(never, longest, since)
    over = np.where(np.isnan(norm), 0.0, np.maximum(0.0, waited - np.nan_to_num(norm)))
    happened = keyed["incidents"].reindex(codes).fillna(0).to_numpy(dtype=np.float64)
    hot = np.zeros(len(codes), dtype=bool)
    if "hot" in keyed.columns:
        hot = keyed["hot"].reindex(codes).eq(True).to_numpy(dtype=bool)
    unseen = happened / window_days * waited
    total = float(unseen.sum())
    made = pd.DataFrame(
        {
            "code": codes,
            "overdue": ~never & (since > norm),
            "hot": hot,
            "never": never,
            "days_since": since,
            "days_over": over,
            "incidents": happened.astype("int64"),
            "unseen": unseen,
            "share": unseen / total if total else np.zeros(len(codes)),
        }
    )
    made = made[made["overdue"] | made["hot"] | made["never"]]
    made = made.sort_values(["share", "days_over", "code"], ascending=[False, False, True]).head(count)
    made = made.reset_index(drop=True)
    made.insert(0, "rank", np.arange(1, len(made) + 1))
    return made.assign(share_so_far=made["share"].cumsum())

"""Where patrols shall go tomorrow: grids that are overdue, hot or never seen, by what nobody was there to see."""

from datetime import datetime

import geopandas as gpd
import numpy as np
import pandas as pd

from gridmap.analysis.hotspots import Judged, getis_ord
from gridmap.analysis.neighbours import neighbours_of
from gridmap.analysis.patrol_list import patrol_list

_DAY_S = 86_400.0


def tomorrow(
    grids: gpd.GeoDataFrame, figures: pd.DataFrame, window: tuple[datetime, datetime], *, count: int
) -> pd.DataFrame:
    """Suggest the grids to visit next; the same as ``analysis.patrol_list``.

    Parameters
    ----------
    grids : GeoDataFrame
        frames.GRIDS, in the order of ``figures``.
    figures : DataFrame
        frames.PATROLLED of the window: ``code``, ``name``, ``days``, ``norm_days``, ``incidents``. A grid that nobody
        stayed in within the window is one that was never seen.
    window : (datetime, datetime)
        Half-open.
    count : int
        So many grids at most.

    Returns
    -------
    DataFrame
        As ``analysis.patrol_list``, with ``name`` and ``norm_days``. Hot is what Getis-Ord Gi* finds in the incidents.
        ``attrs["summary"]``: ``listed``, ``due`` (all that are overdue, hot or never seen), ``share`` (of the incidents
        nobody was there to see, that of the list).
    """
    length = (window[1] - window[0]).total_seconds() / _DAY_S
    happened = figures["incidents"].to_numpy(dtype=np.float64)
    hot = getis_ord(happened, neighbours_of(np.asarray(grids.geometry.array, dtype=object)))["judged"] == Judged.HOT
    recency = figures[["code", "norm_days"]].assign(days_since=figures["days"])
    incidents = pd.DataFrame({"grid_code": figures["code"], "incidents": happened, "hot": hot.to_numpy(dtype=bool)})
    whole = patrol_list(recency, incidents, count=max(1, len(figures)), window_days=length)
    made = whole.head(count).copy()
    known = figures.set_index("code")
    made["name"] = known["name"].reindex(made["code"]).to_numpy()
    made["norm_days"] = known["norm_days"].reindex(made["code"]).to_numpy()
    made.attrs["summary"] = {"listed": len(made), "due": len(whole), "share": float(made["share"].sum())}
    return made

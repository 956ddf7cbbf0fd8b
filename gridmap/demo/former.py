"""The borders before those of the demonstration: some grids that had grown too large were still whole.

So a leader, a planner and whoever looks a code up find a redraw that has happened.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridmap.demo.tiling import shared_borders

#: How many grids of the former borders were split in two.
SPLIT = 12


def former_frame(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the plan before the redraw.

    Parameters
    ----------
    frame : GeoDataFrame
        All levels of the plan, as ``load.plan_frame`` gives them.

    Returns
    -------
    GeoDataFrame
        The same with ``SPLIT`` grids less: the two neighbours of an area that have most households together are one,
        under the code and the name of the first, in the areas where these are most. Areas and streets are the same.
    """
    grids = frame[frame["level"] == "grid"]
    households = grids["households"].to_numpy(dtype=np.int64)
    shapes, area = np.asarray(grids.geometry.array), grids["parent_code"].to_numpy(dtype=object)
    pairs, _ = shared_borders(shapes)
    pairs = np.sort(pairs[area[pairs[:, 0]] == area[pairs[:, 1]]], axis=1)
    together = households[pairs].sum(axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -together))
    # the largest of each area, then the largest of the district
    of_area = pd.Series(area[pairs[order, 0]])
    kept, gone = pairs[order[~of_area.duplicated().to_numpy()][:SPLIT]].T
    rows, sums = grids.index[kept], households[kept] + households[gone]
    former = frame.copy()
    former.loc[rows, "households"] = sums
    former.loc[rows, "geometry"] = [
        shapely.coverage_union_all(shapes[[a, b]]) for a, b in zip(kept, gone, strict=True)
    ]  # fmt: skip
    return former.drop(index=grids.index[gone]).reset_index(drop=True)

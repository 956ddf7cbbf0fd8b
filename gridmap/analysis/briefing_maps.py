"""The two maps of a briefing in values: where incidents are dense, and where nobody looked."""

import math
from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.analysis.bandwidths import choose_bandwidth, other_scales, say_scales
from gridmap.analysis.briefing import Effort, Heat, Seen
from gridmap.analysis.classes import quantile_classes
from gridmap.analysis.density import density
from gridmap.analysis.hotspot_words import say_hotspots, say_places
from gridmap.analysis.hotspots import Judged, getis_ord
from gridmap.analysis.incident_rates import poisson_rate
from gridmap.analysis.neighbours import neighbours_of
from gridmap.analysis.saying import Statement, say
from gridmap.crs import from_metric, metric_epsg_of, to_metric
from gridmap.domain.patrols import Sight

#: Cells of a density map on paper; finer ones cannot be told apart there.
_MOST_CELLS = 8_000
#: Cells a bandwidth.
_FINE = 10
#: Bandwidths that a map of a district can show: below, it shows addresses; above, nothing but its outline.
_NARROW_M, _WIDE_M = 100.0, 1_000.0
#: Incidents that are drawn one by one.
MOST_DOTS = 2_000


def heat_of(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, counts: npt.ArrayLike, mine: npt.ArrayLike, *, days: int
) -> Heat:
    """Show where incidents are dense on some grids, and which of these stand out among all.

    Parameters
    ----------
    incidents : GeoDataFrame
        frames.INCIDENTS of the period with ``grid_code``, those around the grids shown as well: what lies just beyond
        their border is part of the density this side of it.
    grids : GeoDataFrame
        frames.GRIDS: all that are known, so that those at the border of what is shown have their neighbours.
    counts : array of int, shape (n,)
        Incidents of each grid.
    mine : array of bool, shape (n,)
        The grids shown.
    days : int
        Length of the period; one day is shown as dots, as there is no density to speak of.
    """
    shown = np.asarray(mine, dtype=np.bool_)
    here = incidents[incidents["grid_code"].isin(grids["code"][shown])]
    each = np.asarray(counts, dtype=np.float64)
    found = getis_ord(each, neighbours_of(grids.geometry.array))
    said_of = say_places(found)
    rows = np.flatnonzero(shown & (found["judged"] == Judged.HOT).to_numpy())
    rows = rows[np.argsort(-found["more"].to_numpy()[rows], kind="stable")]
    names = _names(grids)
    codes = grids["code"].astype(str).tolist()
    hot = tuple((codes[k], names[k], int(each[k]), grids.geometry.iloc[k], said_of[k]) for k in rows.tolist())
    tests = say_hotspots(found)
    said: list[Statement] = [say("report_hot_here", count=len(hot))] if not shown.all() else []
    if days == 1:
        dots = tuple(here.geometry.iloc[:MOST_DOTS])
        return Heat(len(here), dots=dots, hot=hot, said=(*said, *tests[:1]), made=tuple(tests[1:]))
    ground = grids[shown]
    width = choose_bandwidth(here, ground)
    metres = min(max(width.bandwidth_m, _NARROW_M), _WIDE_M)
    made = [*width.said]
    if metres != width.bandwidth_m:
        made.append(say("report_bandwidth_bound", metres=f"{metres:,.0f}"))
    if len(here):
        made += say_scales(other_scales(here, ground, bandwidth_m=metres), metres)
    layers, colours, breaks = _layers(incidents[incidents["grid_code"].notna()], grids, shown, metres, days)
    made.append(say("report_edges"))
    return Heat(
        len(here), layers, colours, breaks, hot=hot, said=(*said, *tests[:2]), made=(*made, *tests[2:])
    )  # fmt: skip


def _layers(
    incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, shown: npt.NDArray[np.bool_], metres: float, days: int
) -> tuple[tuple[BaseGeometry, ...], tuple[str, ...], tuple[float, ...]]:
    """Give the ground shown by classes of density, each as one shape."""
    shapes = np.asarray(grids.geometry.array, dtype=object)
    epsg = metric_epsg_of(shapes[shown])
    placed = to_metric(shapes, epsg)
    ground = shapely.union_all(placed[shown])
    cell_m = max(metres / _FINE, math.sqrt(float(shapely.area(ground)) / _MOST_CELLS))
    # a kernel reaches over the border: what lies around is reckoned with, and not shown
    near = shapely.dwithin(placed, ground, metres)
    cells = density(
        incidents, grids[near], bandwidth_m=metres, cell_m=min(metres, cell_m), days=days, edges=True
    ).to_crs(epsg)  # fmt: skip
    boxes, values = np.asarray(cells.geometry.array, dtype=object), cells["density_per_km2"].to_numpy()
    shapely.prepare(ground)
    inside = shapely.intersects(ground, boxes)
    boxes, values = boxes[inside], values[inside]
    classes = quantile_classes(values)
    number = np.where(values > 0, classes.of(values), -1)
    layers = [shapely.intersection(shapely.union_all(boxes[number == k]), ground) for k in range(len(classes.colours))]
    return tuple(from_metric(np.array(layers, dtype=object), epsg)), classes.colours, classes.breaks


def _names(grids: gpd.GeoDataFrame) -> list[str]:
    names = grids["name"] if "name" in grids else grids["code"]
    return [str(n) if isinstance(n, str) and n else str(c) for n, c in zip(names, grids["code"], strict=True)]


def seen_of(covered: gpd.GeoDataFrame, mine: npt.ArrayLike) -> Seen:
    """Show where somebody looked; ``covered``: frames.COVERAGE of all grids, ``mine``: which of them are shown."""
    frame = covered[np.asarray(mine, dtype=np.bool_)].reset_index(drop=True)
    found = frame[["code", "geometry", "incidents", "sight", "status"]].assign(name=_names(frame), hours=np.nan)
    unseen = found[found["sight"] == Sight.UNSEEN]
    said = []
    recorded = not (found["status"] == "no_data").any()
    if not recorded:
        said.append(say("report_sight_none"))
    elif len(unseen):
        percent = f"{100 * len(unseen) / len(found):.0f}"
        said.append(say("report_sight_unseen", count=f"{len(unseen):,}", of=f"{len(found):,}", percent=percent))
        if unseen["incidents"].sum():
            some = unseen.loc[unseen["incidents"] > 0, "incidents"]
            said.append(say("report_sight_gap", count=f"{len(some):,}", incidents=f"{some.sum():,}"))
        said.append(say("report_sight_quiet"))
    else:
        said.append(say("report_sight_all", of=f"{len(found):,}"))
    return Seen(found, recorded, tuple(said))


def with_hours(seen: Seen, hours: Mapping[str, float]) -> Seen:
    """Give the same with the hours of patrols in each grid, by code."""
    of_grid = seen.grids["code"].astype(str).map(dict(hours)).fillna(0.0)
    return replace(seen, grids=seen.grids.assign(hours=of_grid))


def effort_of_places(figures: pd.DataFrame, sight: Mapping[str, str], places: Mapping[str, str]) -> dict[str, Effort]:
    """Add up the effort of patrols by place.

    Parameters
    ----------
    figures : DataFrame
        frames.PATROLLED, one row a grid.
    sight : mapping
        Grid code to a word of ``Sight``, as the map beside it has it.
    places : mapping
        Grid code to the code of its place; grids that are not in it are left out.
    """
    place = figures["code"].astype(str).map(dict(places))
    table = pd.DataFrame(
        {
            "place": place,
            "grids": 1,
            "unseen": (figures["code"].astype(str).map(dict(sight)) == Sight.UNSEEN).astype(np.int64),
            "hours": figures["hours"],
            "incidents": figures["incidents"],
            "found": figures["patrol_found"],
        }
    )
    sums = table[place.notna()].groupby("place", sort=True).sum()
    rate = poisson_rate(sums["found"], sums["hours"])
    columns = [sums[name].tolist() for name in ("grids", "unseen", "hours", "incidents", "found")]
    rows = zip(sums.index.astype(str).tolist(), *columns, *(each.tolist() for each in rate), strict=True)
    return {
        code: Effort(grids, unseen, hours, incidents, found, None if math.isnan(mean) else (mean, low, high))
        for code, grids, unseen, hours, incidents, found, mean, low, high in rows
    }

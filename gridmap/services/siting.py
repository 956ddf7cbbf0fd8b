"""Where new facilities would bring most: the models of ``analysis.siting`` on the grids and facilities of a day."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gridmap import crs
from gridmap.analysis.roads import Network, road_network
from gridmap.analysis.siting import Model, Siting, cover_all, cover_most, shortest_ways
from gridmap.analysis.walking import walks_from, ways_on_foot
from gridmap.domain.provision import ProvisionBook
from gridmap.errors import InvalidInput, NotFound
from gridmap.services.case_books import provision_at
from gridmap.services.features import owners_of, require_layer
from gridmap.services.ports import FeatureFilter, Store, UnitOfWork
from gridmap.services.provisioning import OPEN, ServiceAsked, dwellings_on, resolved, roads_on, with_people
from gridmap.services.reports import plan_report
from gridmap.services.responsibility import Plan
from gridmap.settings import Settings

#: Distances between demands and posts that are held at once.
MOST_WAYS = 10_000_000
#: Seconds after which the best that was found is given, proven or not.
TIME_LIMIT_S = 10.0
#: New posts where nobody says how many.
USUAL = 5
#: Not yet open: where these are, somebody thought of building already.
_MEANT = ("planned", "built")

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class PlacesAsked:
    """What to look for.

    Attributes
    ----------
    layer : str
        Whose open features are there already.
    model : str
        ``cover_all``, ``cover_most`` or ``shortest_ways``.
    count : int or None
        New posts; None for ``cover_all``, which finds how many it takes.
    radius_m, minutes, m_per_min : float or None
        Reach in a straight line, or time and speed on foot; None: as the book says of the layer, else ``RADIUS_M``.
        ``shortest_ways`` knows no end of them: they say alone whether ways are straight or on foot.
    roads : str or None
        Layer of lines to walk on; None: the roads of the context and the ways that the book names.
    planned_only : bool
        Only where the layer has features that are planned or built; else in the middle of any grid.
    capacity : float or None
        Households that each post can serve, new or old; None: any.
    area : str or None
        Only the households and places of this grid or area; posts beyond it count as far as they reach.
    dwellings : str or None
        Layer of places where households live; None: all of a grid in its middle.
    """

    layer: str
    model: Model = "cover_most"
    count: int | None = USUAL
    radius_m: float | None = None
    minutes: float | None = None
    m_per_min: float | None = None
    roads: str | None = None
    planned_only: bool = False
    capacity: float | None = None
    area: str | None = None
    dwellings: str | None = None

    @property
    def on_foot(self) -> bool:
        """Whether ways go along roads; of a question that was understood."""
        return self.m_per_min is not None


@dataclass(frozen=True)
class PlacesReport:
    """What was found.

    Attributes
    ----------
    asked : PlacesAsked
        As it was understood.
    title : str
        Of the layer.
    chosen : GeoDataFrame
        One row a place, by what it brings: ``rank``, ``code`` (of the grid, or of the planned feature), ``name``,
        ``grid_code``, ``serves``, ``only_here``, ``newly``, ``mean_m`` as in ``Siting.chosen``; WGS 84.
    candidates, existing : int
        Places that could be chosen; posts that are there.
    households, served_before, served : float
        All of them; those within reach of what is there, and with the new posts as well.
    mean_before_m, mean_m : float
        Mean way of a household to the post that serves it; NaN where nobody is served. On foot: along roads, to be
        divided by ``asked.m_per_min`` for minutes.
    unknown : int
        Grids whose households are not known; they ask for nothing.
    off_road : float
        Households on no road, where ways are on foot; they ask for nothing either, and are in no other number.
    proven : bool
    """

    asked: PlacesAsked
    title: str
    chosen: gpd.GeoDataFrame
    candidates: int
    existing: int
    households: float
    served_before: float
    served: float
    mean_before_m: float
    mean_m: float
    unknown: int
    off_road: float
    proven: bool


def best_places(store: Store, plan: Plan, asked: PlacesAsked, *, day: date, settings: Settings) -> PlacesReport:
    """Find places for new posts; the same as ``analysis.siting`` on the ways between middles and posts.

    Ways are straight, or on foot by ``analysis.walking.ways_on_foot``.

    Raises
    ------
    NotFound
        ``feature_layer_unknown``, ``grid_unknown``.
    InvalidInput
        ``reach_twice``, ``places_nowhere`` (no candidate), ``places_no_roads``, ``places_count``, ``places_too_many``,
        ``places_out_of_reach``, ``places_no_room``, ``places_not_found``.
    """
    base = plan_report(store, plan)
    with store.unit_of_work() as work:
        layer = require_layer(work, asked.layer)
        how = _understood(asked, provision_at(work, day))
        grids = _of_area(plan, with_people(work, plan, base.grids, day), how.area)
        posts = work.features.frame(FeatureFilter(how.layer, day, OPEN))
        candidates = _candidates(work, plan, grids, how, day, settings)
        homes = dwellings_on(work, how.dwellings, day)
        roads = roads_on(work, how.roads, day) if how.on_foot else None
    demand, places, unknown = _demand(plan, grids, homes, settings)
    existing = np.asarray(posts.geometry.array, dtype=object)
    existing = existing[~(shapely.is_missing(existing) | shapely.is_empty(existing))]
    if not len(candidates):
        raise InvalidInput("places_nowhere")
    held = len(demand) * (len(candidates) + len(existing))
    if held > MOST_WAYS:
        raise InvalidInput("places_too_many", count=held, limit=MOST_WAYS)
    epsg = plan.locator.epsg
    spots = np.asarray(candidates.geometry.array, dtype=object)
    if roads is None:
        ways, there = _ways_m(places, spots, epsg), _ways_m(places, existing, epsg)
        off_road = 0.0
    else:
        network = road_network(roads, epsg=epsg)
        if not len(network):
            raise InvalidInput("places_no_roads")
        ways, there, on = _ways_on_foot(network, how, places, spots, existing)
        off_road, demand = float(demand[~on].sum()), np.where(on, demand, 0.0)
    before, found = _solved(how, demand, ways, there)
    chosen = candidates.iloc[found.chosen["place"].to_numpy()].reset_index(drop=True)
    for name in ("serves", "only_here", "newly", "mean_m"):
        chosen[name] = found.chosen[name].to_numpy()
    chosen.insert(0, "rank", np.arange(1, len(chosen) + 1))
    return PlacesReport(
        how, layer.title or layer.name, chosen, len(candidates), len(existing), found.demand,
        before.served, found.served, before.mean_m, found.mean_m, unknown, off_road, found.proven,
    )  # fmt: skip


def _understood(asked: PlacesAsked, book: ProvisionBook) -> PlacesAsked:
    reach = ServiceAsked(asked.layer, asked.radius_m, asked.minutes, asked.m_per_min, asked.roads)
    how = resolved(reach, book)
    count = None if asked.model == "cover_all" else USUAL if asked.count is None else asked.count
    # the shortest ways are as long as they are
    ends = (None, None) if asked.model == "shortest_ways" else (how.radius_m, how.minutes)
    return replace(asked, radius_m=ends[0], minutes=ends[1], m_per_min=how.m_per_min, count=count)


def _of_area(plan: Plan, grids: gpd.GeoDataFrame, area: str | None) -> gpd.GeoDataFrame:
    if area is None:
        return grids
    if area not in plan.refs:
        raise NotFound("grid_unknown")
    mine = [any(ref.code == area for ref in plan.chain(code)) for code in grids["code"]]
    return grids[np.array(mine, dtype=bool)].reset_index(drop=True)


def _candidates(
    work: UnitOfWork, plan: Plan, grids: gpd.GeoDataFrame, how: PlacesAsked, day: date, settings: Settings
) -> gpd.GeoDataFrame:
    """Give ``code, name, grid_code`` and a point for each place that may be chosen."""
    if not how.planned_only:
        held = {"code": grids["code"].to_numpy(), "name": grids["name"].fillna("").to_numpy()}
        points = shapely.point_on_surface(np.asarray(grids.geometry.array, dtype=object))
        return gpd.GeoDataFrame({**held, "grid_code": held["code"]}, geometry=points, crs=grids.crs)
    meant = work.features.frame(FeatureFilter(how.layer, day, _MEANT))
    owners = owners_of(plan, meant.geometry.array, settings)
    points = shapely.point_on_surface(np.asarray(meant.geometry.array, dtype=object))
    held = {"code": meant["code"].to_numpy(), "name": meant["name"].fillna("").to_numpy(), "grid_code": owners}
    frame = gpd.GeoDataFrame(held, geometry=points, crs=meant.crs)
    return frame[frame["grid_code"].isin(set(grids["code"]))].reset_index(drop=True)


def _demand(
    plan: Plan, grids: gpd.GeoDataFrame, homes: gpd.GeoDataFrame | None, settings: Settings
) -> tuple[Floats, npt.NDArray[np.object_], int]:
    """Give households, where they are (WGS 84), and of how many grids they are not known."""
    if homes is not None:
        owners = owners_of(plan, homes.geometry.array, settings)
        mine = pd.Series(owners).isin(set(grids["code"])).to_numpy(dtype=bool)
        return homes["households"].to_numpy(dtype=np.float64)[mine], np.asarray(homes.geometry.array)[mine], 0
    count = grids["households"].to_numpy(dtype=np.float64, na_value=np.nan)
    middles = shapely.point_on_surface(np.asarray(grids.geometry.array, dtype=object))
    return np.nan_to_num(count), middles, int(np.isnan(count).sum())


def _ways_m(places: Points, posts: Points, epsg: int) -> Floats:
    """Give metres on the ground from each place to each post, to the edge of a line or area."""
    here, there = crs.to_metric(places, epsg), crs.to_metric(posts, epsg)
    scale = crs.point_scales(shapely.get_x(places), shapely.get_y(places), epsg)
    return np.asarray(shapely.distance(here[:, None], there[None, :]) / scale[:, None])


def _ways_on_foot(
    network: Network, how: PlacesAsked, places: Points, candidates: Points, existing: Points
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Give metres along roads to each candidate and each post, and which places are on a road at all."""
    epsg = network.epsg
    homes, spots = crs.to_metric(places, epsg), crs.to_metric(candidates, epsg)
    posts = crs.to_metric(shapely.point_on_surface(existing), epsg)
    on = network.attach(homes)[0] >= 0
    limit = math.inf if (reach := _reach_m(how)) is None else reach
    if reach is None and how.capacity is None and len(posts):
        # nobody passes the nearest post that is there
        nearest = walks_from(network, posts, math.inf).distance_m(homes[on])
        limit = float(nearest.max(initial=0.0)) + 1e-6
    new, there = (ways_on_foot(network, homes, to, limit_m=limit) for to in (spots, posts))
    return new, there, on


def _reach_m(how: PlacesAsked) -> float | None:
    if how.minutes is None or how.m_per_min is None:
        return how.radius_m
    return how.minutes * how.m_per_min


def _solved(how: PlacesAsked, demand: Floats, ways: Floats, there: Floats) -> tuple[Siting, Siting]:
    """Give what the posts that are there serve alone, and with the new ones."""
    full = None if how.capacity is None else np.full(ways.shape[1], how.capacity)
    there_full = None if how.capacity is None else np.full(there.shape[1], how.capacity)
    known = _reach_m(how)
    reach = math.inf if known is None else known
    ask = partial(
        _MODELS[how.model], demand, ways, within_m=reach, existing_m=there, capacity=full,
        existing_capacity=there_full, time_limit_s=TIME_LIMIT_S,
    )  # fmt: skip
    before = cover_most(
        demand, ways, 0, within_m=reach, existing_m=there, capacity=full, existing_capacity=there_full,
        time_limit_s=TIME_LIMIT_S,
    )  # fmt: skip
    return before, ask() if how.count is None else ask(count=how.count)


_MODELS: Mapping[Model, Callable[..., Siting]] = {
    "cover_all": cover_all,
    "cover_most": cover_most,
    "shortest_ways": shortest_ways,
}

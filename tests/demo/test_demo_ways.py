"""Ways of the demonstration: from every house to the main roads, and over no river but by those."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.sparse.csgraph import connected_components

from gridmap import crs
from gridmap.analysis.roads import joined, road_network
from gridmap.demo.files import read_district
from gridmap.demo.ways import make_ways

DATA = Path(__file__).resolve().parents[2] / "data" / "boundaries"


def test_every_grid_can_be_walked_and_no_river_is_crossed_by_a_lane() -> None:
    whole = read_district(DATA)
    # both banks of the river, in the middle of the district
    middle = shapely.box(*shapely.Point(whole.seed.lon - 0.015, whole.seed.lat - 0.01).buffer(0.02).bounds)
    grids, context = (part[part.intersects(middle)].reset_index(drop=True) for part in (whole.grids, whole.context))
    district = replace(whole, grids=grids, context=context)
    ways = make_ways(district)
    assert ways["code"].is_unique
    epsg = district.seed.epsg
    roads = context[context["kind"] == "road"].geometry
    network = road_network(gpd.GeoDataFrame(geometry=[*roads, *ways.geometry], crs=crs.WGS84), epsg=epsg)
    middles = crs.to_metric(shapely.point_on_surface(np.asarray(district.grids.geometry.array)), epsg)
    edge, _, off = network.attach(middles)
    assert (edge >= 0).all()
    assert off.max() < 100
    none = np.zeros(0)
    _, part = connected_components(joined(network, none.astype(np.intp), none, none), directed=False)
    main = np.bincount(part).argmax()
    assert (part[network.start[edge]] == main).all()
    # a bank has no way to the other but the main roads
    lines = shapely.get_parts(crs.to_metric(np.asarray(ways.geometry.array), epsg))
    water = crs.to_metric(np.asarray(context[context["kind"] == "water"].geometry.array), epsg)
    line, pool = shapely.STRtree(water).query(lines, predicate="intersects")
    assert shapely.length(shapely.intersection(lines[line], water[pool])).sum() < 10.0

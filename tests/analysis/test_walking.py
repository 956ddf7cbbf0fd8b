"""Walking catchments: as far as the time leads, to the metre, and never further than a straight line would."""

import heapq
import math

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridmap import crs
from gridmap.analysis.roads import ATTACH_M, Network, road_network
from gridmap.analysis.service_coverage import service_coverage
from gridmap.analysis.siting import cover_most
from gridmap.analysis.walking import walking_catchments, walks_from, ways_on_foot
from gridmap.errors import GridmapError

GEOD = pyproj.Geod(ellps="WGS84")
EPSG = 4549
X0, Y0 = crs.point_to_metric(120.0, 36.0, EPSG)


def roads(*lines: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    """Lines in metres around a place near the central meridian, where the scale is 1."""
    made = [shapely.LineString(np.add(line, (X0, Y0))) for line in lines]
    return gpd.GeoDataFrame(geometry=crs.from_metric(np.array(made, dtype=object), EPSG), crs=crs.WGS84)


def points(*places: tuple[float, float]) -> np.ndarray:
    return shapely.points(np.add(np.reshape(places, (-1, 2)), (X0, Y0)))


def posts(*places: tuple[float, float]) -> gpd.GeoDataFrame:
    states = {"state": ["open"] * len(places)}
    return gpd.GeoDataFrame(states, geometry=crs.from_metric(points(*places), EPSG), crs=crs.WGS84)


def network(*lines: list[tuple[float, float]]) -> Network:
    return road_network(roads(*lines), epsg=EPSG)


@pytest.mark.parametrize("lat", [0.0, 31.0, 40.0, 60.0])
@pytest.mark.parametrize("azimuth", [0.0, 47.0, 90.0])
def test_the_way_ends_where_the_time_is_up(lat: float, azimuth: float):
    start = (118.6, lat)
    bends = [GEOD.fwd(*start, azimuth, metres)[:2] for metres in np.linspace(0, 3_000, 31)]
    street = gpd.GeoDataFrame(geometry=[shapely.LineString(bends)], crs=crs.WGS84)
    post = gpd.GeoDataFrame({"state": ["open"]}, geometry=[shapely.Point(start)], crs=crs.WGS84)
    found = walking_catchments(post, road_network(street), minutes=15, m_per_min=80)
    ways = [GEOD.fwd(*start, azimuth, metres)[:2] for metres in (1_199.9, 1_200.1)]
    there = crs.to_metric(shapely.points(ways), found.epsg)
    assert found.reached(there).tolist() == [True, False]
    ends = shapely.get_coordinates(crs.from_metric(found.walks.reached_lines(), found.epsg))
    furthest = GEOD.inv([start[0]] * len(ends), [lat] * len(ends), *ends.T)[2].max()
    assert furthest == pytest.approx(1_200.0, abs=0.02)


def test_a_way_goes_round_the_block_and_not_through_it():
    net = network([(0, 0), (100, 0), (100, 100), (0, 100)])
    walks = walks_from(net, points((0, 0)), 1_000.0)
    assert walks.distance_m(points((0, 100)))[0] == pytest.approx(300.0, abs=0.01)


def test_the_way_to_the_road_and_from_it_counts():
    net = network([(0, 0), (500, 0)])
    walks = walks_from(net, points((100, 30)), 300.0)
    found = walks.distance_m(points((200, 40), (100, -50), (330, 39), (330, 41)))
    assert found == pytest.approx([170.0, 80.0, 299.0, np.inf], abs=0.01)


def test_lines_that_cross_or_end_on_each_other_meet():
    net = network([(0, 0), (200, 0)], [(100, -50), (100, 50)], [(150, 0.004), (150, 80)])
    assert len(net) == 6
    walks = walks_from(net, points((0, 0)), 1_000.0)
    assert walks.distance_m(points((100, 50), (150, 80))) == pytest.approx([150.0, 230.0], abs=0.02)


def test_of_two_roads_between_the_same_junctions_the_shorter_counts():
    net = network([(0, 0), (100, 0)], [(0, 0), (50, 120), (100, 0)], [(100, 0), (200, 0)])
    walks = walks_from(net, points((0, 0)), 1_000.0)
    assert walks.distance_m(points((200, 0)))[0] == pytest.approx(200.0, abs=0.01)


def test_both_ends_and_the_middle_of_an_edge_can_be_reached_for_themselves():
    net = network([(0, 0), (1_000, 0)])
    walks = walks_from(net, points((0, 0), (500, 0), (1_000, 0)), 100.0)
    reached = shapely.union_all(walks.reached_lines())
    assert reached.length == pytest.approx(400.0, abs=0.05)
    assert len(shapely.get_parts(reached)) == 3


def test_who_is_on_no_road_reaches_nothing_and_is_told():
    net = network([(0, 0), (500, 0)])
    found = walking_catchments(posts((250, ATTACH_M + 1)), net)
    assert found.unattached == 1
    assert len(found.shapes) == 0
    assert not found.reached(points((250, 0))).any()
    assert walking_catchments(posts((250, ATTACH_M - 1)), net).unattached == 0


def test_a_network_without_roads_covers_nothing():
    net = road_network(gpd.GeoDataFrame(geometry=[shapely.Point(120, 36)], crs=crs.WGS84))
    assert len(net) == 0
    assert len(walking_catchments(posts((0, 0)), net).shapes) == 0


def test_the_ground_is_a_strip_along_the_reached_road():
    found = walking_catchments(posts((0, 0)), network([(-500, 0), (500, 0)]), minutes=1, m_per_min=100, width_m=20)
    ground = found.ground()
    assert ground.area == pytest.approx(200 * 40 + math.pi * 20**2, rel=0.01)
    box = crs.from_metric(np.array([shapely.box(X0 - 500, Y0 - 50, X0 + 500, Y0 + 50)]), EPSG)
    grids = gpd.GeoDataFrame({"code": ["A"], "households": [100]}, geometry=box, crs=crs.WGS84)
    measured = service_coverage(grids, found)
    assert measured.summary["covered_m2"] == pytest.approx(ground.area, rel=1e-6)
    homes = posts((98, 1), (102, 1), (0, 30)).assign(households=[1, 2, 4])
    assert service_coverage(grids, found, dwellings=homes).grids.covered_households.tolist() == [5]


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"m_per_min": -1}, {"width_m": math.inf}])
def test_what_makes_no_sense_is_refused(wrong: dict):
    with pytest.raises(GridmapError) as raised:
        walking_catchments(posts((0, 0)), network([(0, 0), (1, 0)]), **wrong)
    assert raised.value.code == "not_positive"


def shortest(net: Network, node_m: dict[int, float]) -> np.ndarray:
    """Dijkstra, by the book."""
    ways: dict[int, list[tuple[int, float]]] = {}
    for a, b, metres in zip(net.start.tolist(), net.end.tolist(), net.length_m.tolist(), strict=True):
        ways.setdefault(a, []).append((b, metres))
        ways.setdefault(b, []).append((a, metres))
    found = np.full(len(net.nodes), np.inf)
    heap = [(metres, node) for node, metres in node_m.items()]
    heapq.heapify(heap)
    while heap:
        metres, node = heapq.heappop(heap)
        if metres < found[node]:
            found[node] = metres
            for other, more in ways.get(node, []):
                heapq.heappush(heap, (metres + more, other))
    return found


crossing = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda p: (100.0 * p[0], 100.0 * p[1]))
streets = st.lists(st.lists(crossing, min_size=2, max_size=5, unique=True), min_size=1, max_size=8)
spot = st.tuples(st.floats(-50, 650), st.floats(-50, 650))


@settings(max_examples=60)
@given(lines=streets, places=st.lists(spot, min_size=1, max_size=4), limit_m=st.floats(10.0, 900.0))
def test_ways_agree_with_dijkstra_by_the_book(lines: list, places: list, limit_m: float):
    net = network(*lines)
    walks = walks_from(net, points(*places), limit_m)
    first: dict[int, float] = {}
    for edge, along, off in zip(walks.edge.tolist(), walks.along_m.tolist(), walks.off_m.tolist(), strict=True):
        if edge >= 0:
            ends = ((net.start[edge], off + along), (net.end[edge], off + net.length_m[edge] - along))
            for node, metres in ends:
                first[int(node)] = min(first.get(int(node), np.inf), float(metres))
    wanted = shortest(net, first)
    wanted[wanted > limit_m] = np.inf
    np.testing.assert_allclose(walks.node_m, wanted, atol=1e-6)


@settings(max_examples=25)
@given(lines=streets, places=st.lists(spot, min_size=1, max_size=3), limit_m=st.floats(10.0, 900.0), homes=st.lists(spot, min_size=1, max_size=8))  # fmt: skip  # noqa: E501
def test_no_way_is_shorter_than_the_straight_line_and_more_time_never_reaches_less(lines, places, limit_m, homes):
    net = network(*lines)
    start, end = points(*places), points(*homes)
    walks, longer = walks_from(net, start, limit_m), walks_from(net, start, limit_m * 1.5)
    way = walks.distance_m(end)
    straight = np.array([min(shapely.distance(home, start)) for home in end])
    assert (way >= straight - 0.02).all()
    assert (longer.distance_m(end) <= way + 1e-9).all()
    less, more = shapely.union_all(walks.reached_lines()), shapely.union_all(longer.reached_lines())
    assert less.difference(more.buffer(0.01)).length == pytest.approx(0, abs=1e-6)


@settings(max_examples=25)
@given(lines=streets, places=st.lists(spot, min_size=1, max_size=3), limit_m=st.floats(10.0, 900.0))
def test_a_place_on_a_reached_line_is_within_the_limit_and_one_on_the_rest_is_not(lines, places, limit_m):
    net = network(*lines)
    walks = walks_from(net, points(*places), limit_m)
    reached = shapely.union_all(walks.reached_lines())
    along = shapely.line_interpolate_point(net.lines[:, None], np.linspace(0.02, 0.98, 9), normalized=True).ravel()
    inside = shapely.distance(along, reached)
    found = np.isfinite(walks.distance_m(along))
    assert found[inside < 1e-7].all() or not reached.length
    assert not found[inside > 0.05].any()


@settings(max_examples=40)
@given(lines=streets, places=st.lists(spot, min_size=1, max_size=4), limit_m=st.floats(10.0, 900.0), homes=st.lists(spot, min_size=1, max_size=6))  # fmt: skip  # noqa: E501
def test_the_way_to_each_post_is_that_to_it_alone(lines, places, limit_m, homes):
    net = network(*lines)
    there, here = points(*places), points(*homes)
    found = ways_on_foot(net, here, there, limit_m=limit_m)
    # a post alone is the nearest one; at the post itself there is no way to go
    wanted = np.column_stack([walks_from(net, post, limit_m).distance_m(here) for post in there[:, None]])
    wanted[(shapely.distance(here[:, None], there[None, :]) == 0) & np.isfinite(found)] = 0.0
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    np.testing.assert_allclose(ways_on_foot(net, there, here, limit_m=limit_m), wanted.T, atol=1e-6)


def test_a_post_across_the_river_is_near_and_far_to_walk():
    net = network([(0, 0), (400, 0)], [(0, 100), (400, 100)], [(400, 0), (400, 100)])
    ways = ways_on_foot(net, points((0, 0), (0, 100), (0, 500)), points((0, 0), (400, 50)))
    assert ways[:2] == pytest.approx(np.array([[0.0, 450.0], [900.0, 450.0]]), abs=0.01)
    assert np.isinf(ways[2]).all()
    found = cover_most([5, 7, 1], ways, 1, within_m=10 * 80)
    assert (found.places, found.served, found.chosen["mean_m"][0]) == ([1], 12, pytest.approx(450, abs=0.01))
    line = shapely.distance(points((0, 0), (0, 100), (0, 500))[:, None], points((0, 0), (400, 50))[None, :])
    assert cover_most([5, 7, 1], line, 1, within_m=300).places == [0]

"""Facilities and zones on the map of grids: complete, named in the legend, inert, and not too heavy."""

import json
import re

import city
import geopandas as gpd
import numpy as np
import pytest
import shapely

from gridmap.crs import WGS84
from gridmap.maps import features, pages
from gridmap.maps.features import COLOURS, MAX_DRAWN, VERTEX_BUDGET, Overlay

X, Y = city.CENTRE


def layer(**states):
    """One feature of each state: points, a line of two parts, an area with a hole."""
    hole = shapely.box(X, Y, X + 0.004, Y + 0.004).difference(shapely.box(X + 0.001, Y + 0.001, X + 0.002, Y + 0.002))
    shapes = {
        "point": shapely.Point(X + 0.01, Y + 0.01),
        "points": shapely.MultiPoint([(X, Y), (X + 0.001, Y)]),
        "line": shapely.MultiLineString([[(X, Y), (X + 0.01, Y)], [(X, Y + 0.01), (X + 0.01, Y + 0.01)]]),
        "zone": hole,
    }
    return gpd.GeoDataFrame(
        {"code": list(states), "name": [f"设施{c}" for c in states], "state": list(states.values())},
        geometry=[shapes[c] for c in states],
        crs=WGS84,
    )


def drawn(town, overlays, language="zh"):
    html = pages.grid_map(town.grids, upper=(town.streets,), overlays=overlays, language=language).get_root().render()
    return html, json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])


@pytest.fixture(scope="module")
def town():
    return city.build(6, 6)


def unpacked(shape, origin):
    """Undo what the page gets: rings of steps to rings of degrees."""
    return [
        [np.round((np.reshape(ring, (-1, 2)).cumsum(axis=0) + np.array(origin)) / 1e6, 6).tolist() for ring in part]
        for part in shape
    ]


def test_every_feature_is_on_the_page_with_its_state_kind_and_shape(town) -> None:
    frame = layer(point="open", points="built", line="planned", zone="open")
    _, data = drawn(town, [Overlay("服务站", frame)])
    (found,) = data["features"]
    assert found["name"] == frame["name"].tolist()
    assert found["state"] == [2, 1, 0, 2]
    assert found["kind"] == [0, 0, 1, 2]
    point, points, line, zone = (unpacked(shape, data["origin"]) for shape in found["geom"])
    assert point == [[[[round(X + 0.01, 6), round(Y + 0.01, 6)]]]]
    assert len(points) == len(line) == 2
    assert len(zone) == 1
    assert [len(ring) for ring in zone[0]] == [4, 4], "an area keeps its hole"


def test_the_legend_counts_each_state_of_each_layer(town) -> None:
    overlays = [
        Overlay("服务站", layer(point="open", points="open", line="planned")),
        Overlay("景区", layer(zone="built")),
    ]
    _, data = drawn(town, overlays)
    rows = [(row["text"], row["count"], row["look"]) for row in data["legend"]["rows"][:3]]
    assert rows == [
        ("服务站（规划）", "1", {"dot": COLOURS[0], "state": 0}),
        ("服务站（开放）", "2", {"dot": COLOURS[0], "state": 2}),
        ("景区（建成）", "1", {"dot": COLOURS[1], "state": 1}),
    ]
    assert drawn(town, overlays, "en")[1]["legend"]["rows"][0]["text"] == "服务站 (planned)"


def test_a_feature_without_a_name_goes_by_its_code(town) -> None:
    _, data = drawn(town, [Overlay("x", layer(point="open").assign(name=None))])
    assert data["features"][0]["name"] == ["point"]


def test_other_columns_stay_out(town) -> None:
    frame = layer(point="open").assign(attributes=[{"tel": "13900000000"}], grid_code="A", note="王网格长")
    html, _ = drawn(town, [Overlay("服务站", frame)])
    assert "13900000000" not in html
    assert "王网格长" not in html


def test_hostile_titles_and_names_are_inert_in_the_source(town) -> None:
    overlays = [Overlay(text, layer(point="open").assign(name=text, code=text)) for text in city.CANARIES]
    html, data = drawn(town, overlays)
    assert [found["name"] for found in data["features"]] == [[text] for text in city.CANARIES]
    assert "{{ 7*7 }}" not in html
    assert "<img src=x" not in html
    assert "${alert" not in html
    assert html.count("<script") == html.count("</script>")


def test_a_layer_too_large_to_draw_says_how_much_is_drawn(town) -> None:
    n = MAX_DRAWN + 1
    many = gpd.GeoDataFrame(
        {"code": [f"{i:05d}" for i in range(n)], "name": "井盖", "state": "open"},
        geometry=shapely.points(X + np.arange(n) * 1e-6, np.full(n, Y)),
        crs=WGS84,
    )
    _, data = drawn(town, [Overlay("井盖", many)])
    assert len(data["features"][0]["geom"]) == MAX_DRAWN
    texts = [row["text"] for row in data["legend"]["rows"][:2]]
    assert texts == ["井盖（开放）", "井盖要素较多，只画出前 3,000 个"]
    assert data["legend"]["rows"][0]["count"] == "3,001", "the legend counts what is there"


def test_shapes_with_many_vertices_are_drawn_with_few() -> None:
    ring = shapely.Point(X, Y).buffer(0.02, quad_segs=30_000)
    frame = gpd.GeoDataFrame({"code": ["lake"], "name": "湖", "state": "open"}, geometry=[ring], crs=WGS84)
    (found,) = features.overlay_data([Overlay("湖", frame)], (0, 0))
    assert 50 < len(found["geom"][0][0][0]) / 2 <= VERTEX_BUDGET


def test_an_empty_layer_is_no_trouble(town) -> None:
    _, data = drawn(town, [Overlay("空", layer())])
    assert data["features"][0]["geom"] == []


def test_more_layers_than_colours_are_switched_off_at_first_and_the_legend_says_so(town) -> None:
    layers = [Overlay(f"服务站{n}", layer(point="open", line="planned")) for n in range(len(COLOURS) + 1)]
    html, data = drawn(town, layers, "en")
    told = [row["text"] for row in data["legend"]["rows"]]
    assert "7 layers with 14 facilities: switch them on at the top right" in told
    assert not any("服务站" in text for text in told)
    few, data = drawn(town, layers[:-1], "en")
    assert any("服务站5" in row["text"] for row in data["legend"]["rows"])
    assert len(data["features"]) == 6
    # all are in the list of layers; on the map are those of the grids alone
    on_map = [len(re.findall(r"layer_\w+\.addTo\(", page)) for page in (html, few)]
    assert [page.count('gridmapPage.layer("features-') for page in (html, few)] == [7, 6]
    assert on_map[1] - on_map[0] == 6

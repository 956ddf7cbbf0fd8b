"""OGC API - Tiles, by the abstract tests of the classes that are declared (20-057, annex A; 17-083r4, annex A)."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from api_world import AFTER, BEFORE, CELL, X0, Y0, check_problem, district
from tile_judge import (
    HALF_PIXEL,
    features_of,
    holes_between,
    lone_edges,
    require_near_source,
    shapes_of,
    source_in,
    tiles_over,
)

from api.tiles.documents import CLASSES, LAST
from gridmap.tiles.matrix import MATRIX_SETS
from gridmap.tiles.mvt import MEDIA_TYPE

COLLECTIONS = ("urban.grid", "urban.street", "incidents", "patrol-effort")
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


def _json(world: Any, url: str) -> Any:
    answer = world.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def _link(document: dict[str, Any], rel: str) -> dict[str, Any]:
    (found,) = (link for link in document["links"] if link["rel"] == rel)
    return found


def _path(href: str) -> str:
    return "/" + href.split("/", 3)[3]


def _tile(world: Any, collection: str, z: int, row: int, column: int, query: str = "") -> Any:
    return world.get(f"/ogc/collections/{collection}/tiles/WebMercatorQuad/{z}/{row}/{column}{query}")


def _whole(drawn: str = AFTER) -> Any:
    """Give the grids of the district as one tile would hold them."""
    frame = district(drawn)
    return frame[frame["level"] == "grid"]


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("matrix", MATRIX_SETS)
def test_core_a_tile_set_names_its_tiles_and_they_are_there(world: Any, collection: str, matrix: str) -> None:
    """A.1 /conf/core, A.2 /conf/tileset: the template leads to tiles inside the limits, and outside there are none."""
    described = _json(world, f"/ogc/collections/{collection}/tiles/{matrix}")
    assert described["dataType"] == "vector"
    assert described["crs"] == MATRIX_SETS[matrix].crs
    item = _link(described, "item")
    assert item["templated"] is True
    assert item["type"] == MEDIA_TYPE
    scheme = _json(world, _path(_link(described, _REL + "tiling-scheme")["href"]))
    assert scheme == MATRIX_SETS[matrix].definition()
    assert _path(_link(described, "self")["href"]).endswith(f"/tiles/{matrix}")
    known = {m["id"]: m for m in scheme["tileMatrices"]}
    limits = {entry["tileMatrix"]: entry for entry in described["tileMatrixSetLimits"]}
    assert set(limits) <= set(known)
    assert limits
    entry = limits["14"]
    assert 0 <= entry["minTileRow"] <= entry["maxTileRow"] < known["14"]["matrixHeight"]
    assert 0 <= entry["minTileCol"] <= entry["maxTileCol"] < known["14"]["matrixWidth"]

    def at(z: str, row: int, column: int) -> Any:
        filled = item["href"].format(tileMatrix=z, tileRow=row, tileCol=column)
        return world.get(_path(filled))

    inside = [
        at("14", row, column)
        for row in range(entry["minTileRow"], entry["maxTileRow"] + 1)
        for column in range(entry["minTileCol"], entry["maxTileCol"] + 1)
    ]
    assert {answer.status_code for answer in inside} <= {200, 204}
    assert any(features_of(answer.content, collection) for answer in inside)
    assert all(answer.headers["content-type"] == MEDIA_TYPE for answer in inside if answer.status_code == 200)
    assert at("14", entry["maxTileRow"] + 2, entry["minTileCol"]).status_code == 204
    check_problem(at("14", known["14"]["matrixHeight"], 0), 404, "tile_unknown")
    assert described["layers"][0]["id"] == collection
    assert described["boundingBox"]["crs"].endswith("CRS84")


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_list_of_tile_sets_leads_to_each(world: Any, collection: str) -> None:
    """A.3 /conf/tilesets-list, A.5 /conf/geodata-tilesets."""
    listed = _json(world, f"/ogc/collections/{collection}/tiles")
    assert [entry["crs"] for entry in listed["tilesets"]] == [m.crs for m in MATRIX_SETS.values()]
    for entry in listed["tilesets"]:
        assert entry["dataType"] == "vector"
        described = _json(world, _path(_link(entry, "self")["href"]))
        assert described["title"] == entry["title"]
    source = world.get(_path(_link(listed, _REL + "geodata")["href"]))
    assert source.status_code == 200
    if collection != "patrol-effort":
        links = [link for link in source.json()["links"] if link["rel"] == _REL + "tilesets-vector"]
        assert [_path(link["href"]) for link in links] == [f"/ogc/collections/{collection}/tiles"]


@pytest.mark.parametrize("matrix", MATRIX_SETS)
def test_the_dataset_has_every_collection_as_a_layer(world: Any, matrix: str) -> None:
    """A.4 /conf/dataset-tilesets, A.7 /conf/collections-selection: it has what each collection has."""
    listed = _json(world, "/ogc/tiles")
    assert [entry["crs"] for entry in listed["tilesets"]] == [m.crs for m in MATRIX_SETS.values()]
    links = [link for link in _json(world, "/ogc?f=json")["links"] if link["rel"] == _REL + "tilesets-vector"]
    assert [_path(link["href"]) for link in links] == ["/ogc/tiles"]
    for asked, names in (("", {*COLLECTIONS}), ("?collections=incidents,urban.grid", {"incidents", "urban.grid"})):
        described = _json(world, f"/ogc/tiles/{matrix}{asked}")
        assert names <= {layer["id"] for layer in described["layers"]}
        assert not asked or len(described["layers"]) == 2
        assert _path(_link(described, "self")["href"]) == f"/ogc/tiles/{matrix}{asked.replace(',', '%2C')}"
        limits = next(entry for entry in described["tileMatrixSetLimits"] if entry["tileMatrix"] == "12")
        row, column = limits["minTileRow"], limits["minTileCol"]
        href = _path(_link(described, "item")["href"].format(tileMatrix=12, tileRow=row, tileCol=column))
        whole = world.get(href)
        assert whole.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert world.get(href, if_none_match=whole.headers["etag"]).status_code == 304
        for name in names:
            alone = world.get(f"/ogc/collections/{name}/tiles/{matrix}/12/{row}/{column}")
            assert features_of(whole.content, name) == features_of(alone.content, name) != []
    told = _json(world, "/ogc/tiles/WebMercatorQuad?f=tilejson&collections=urban.grid&datetime=2026-04-30")
    assert [layer["id"] for layer in told["vector_layers"]] == ["urban.grid"]
    assert "datetime=2026-04-30" in told["tiles"][0]
    check_problem(world.get("/ogc/tiles?collections=urban.grid,nowhere"), 404, "tiles_unknown")
    check_problem(world.get("/ogc/tiles?collections=incidents,incidents"), 400, "collections_twice")
    check_problem(world.get("/ogc/tiles/CGCS2000Quad?f=tilejson"), 404, "tilejson_web_mercator")


def test_the_tile_matrix_sets_are_listed_and_described(world: Any) -> None:
    """17-083r4 /conf/tilematrixset, /conf/json-tilematrixset."""
    listed = _json(world, "/ogc/tileMatrixSets")["tileMatrixSets"]
    assert [entry["id"] for entry in listed] == list(MATRIX_SETS)
    for entry in listed:
        found = _json(world, _path(_link(entry, "self")["href"]))
        assert (found["id"], found["crs"]) == (entry["id"], entry["crs"])
        scales = [m["scaleDenominator"] for m in found["tileMatrices"]]
        assert all(a == pytest.approx(2 * b) for a, b in itertools.pairwise(scales))
        assert all(m["tileWidth"] == m["tileHeight"] == 256 for m in found["tileMatrices"])
    assert listed[0]["uri"].endswith("/WebMercatorQuad")
    check_problem(world.get("/ogc/tileMatrixSets/nowhere"), 404, "matrix_set_unknown")


def test_the_classes_are_those_of_the_standards(world: Any) -> None:
    assert set(CLASSES) <= set(_json(world, "/ogc/conformance?f=json")["conformsTo"])
    schemes = [link for link in _json(world, "/ogc?f=json")["links"] if link["rel"] == _REL + "tiling-schemes"]
    assert [_path(link["href"]) for link in schemes] == ["/ogc/tileMatrixSets"]
    assert len(set(CLASSES)) == len(CLASSES) == 14
    assert all(
        c.startswith(
            ("http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/", "http://www.opengis.net/spec/tms/2.0/conf/")
        )
        for c in CLASSES
    )


def test_datetime_gives_the_borders_of_that_day(world: Any) -> None:
    """A.6 /conf/datetime: a day, an interval, and none."""
    for said, drawn in (
        ("2026-04-30", BEFORE),
        ("2026-05-02", AFTER),
        ("2026-01-01/2026-04-30", BEFORE),
        ("2026-04-01/..", AFTER),
    ):
        grids = _whole(drawn)
        for tile in tiles_over(grids, 15, most=2):
            shapes = shapes_of(_tile(world, "urban.grid", *tile, f"?datetime={said}").content, "urban.grid")
            assert require_near_source(shapes, source_in(grids, tile)) == len(shapes) > 0
    before = _json(world, "/ogc/collections/urban.grid/tiles/WebMercatorQuad?datetime=2026-04-30")
    assert "datetime=2026-04-30" in _link(before, "item")["href"]
    assert "datetime=2026-04-30" in _link(before, "self")["href"]
    check_problem(world.get("/ogc/collections/urban.grid/tiles?datetime=someday"), 400, "bad_time")


def test_tiles_agree_with_their_source_and_hold_no_name_as_code(world: Any) -> None:
    """A.9 /conf/mvt."""
    grids = _whole()
    for z in (12, 16, LAST):
        for tile in tiles_over(grids, z, most=2):
            found = _tile(world, "urban.grid", *tile)
            if found.status_code == 204:
                continue
            assert require_near_source(shapes_of(found.content, "urban.grid"), source_in(grids, tile))
            for feature in features_of(found.content, "urban.grid"):
                said = feature["properties"]
                assert said["name"] == grids.set_index("code").loc[said["code"], "name"]
                assert set(said) <= {"code", "name", "kind", "parent_code", "households"}


@pytest.mark.parametrize("collection", ["urban.grid", "urban.street", "patrol-effort"])
def test_neighbours_share_their_borders_in_every_collection_of_areas_at_every_zoom(world: Any, collection: str) -> None:
    every, compared = district(AFTER), 0
    frame = every[every["level"] == ("street" if collection == "urban.street" else "grid")]
    for z in range(LAST + 1):
        for tile in tiles_over(frame, z, most=2):
            shapes = shapes_of(_tile(world, collection, *tile).content, collection)
            source = source_in(frame, tile)
            compared += require_near_source(shapes, source)
            assert lone_edges(shapes.values(), source.values()) == []
            assert holes_between(shapes.values(), source.values()).is_empty
    assert compared > LAST


def test_incidents_are_counted_far_out_and_single_near(world: Any) -> None:
    tile = tiles_over(_whole(), 6, most=1)[0]
    far = features_of(_tile(world, "incidents", *tile).content, "incidents")
    assert sum(f["properties"].get("count", 1) for f in far) == 25
    assert all("incident_id" not in f["properties"] for f in far if "count" in f["properties"])
    near = []

    described = _json(world, "/ogc/collections/incidents/tiles/WebMercatorQuad")
    limits = next(e for e in described["tileMatrixSetLimits"] if e["tileMatrix"] == "16")
    for r in range(limits["minTileRow"], limits["maxTileRow"] + 1):
        for c in range(limits["minTileCol"], limits["maxTileCol"] + 1):
            near += features_of(_tile(world, "incidents", 16, r, c).content, "incidents")
    assert sorted(f["properties"]["incident_id"] for f in near) == [f"i{n:02d}" for n in range(25)]
    assert all("note" not in f["properties"] for f in near)
    day = features_of(_tile(world, "incidents", *tile, "?datetime=2026-05-18").content, "incidents")
    assert 0 < sum(f["properties"].get("count", 1) for f in day) < 25


def test_effort_says_what_patrols_did_in_each_grid(world: Any) -> None:
    tile = tiles_over(_whole(), 12, most=1)[0]
    rows = {r["code"]: r for r in world.get("/api/v1/patrols/effort?start=2026-05-01&end=2026-05-21").json()["grids"]}
    found = features_of(
        _tile(world, "patrol-effort", *tile, "?datetime=2026-05-01/2026-05-20").content, "patrol-effort"
    )
    assert {f["properties"]["code"] for f in found} == set(rows)
    for feature in found:
        said = feature["properties"]
        for name in ("passes", "dwell_hours", "km", "incidents", "status", "sight"):
            assert said[name] == rows[said["code"]][name]


def test_a_tile_under_its_version_stays_and_under_none_is_asked_for(world: Any) -> None:
    tile = tiles_over(_whole(), 12, most=1)[0]
    item = _link(_json(world, "/ogc/collections/urban.grid/tiles/WebMercatorQuad"), "item")["href"]
    versioned = world.get(_path(item.format(tileMatrix=tile[0], tileRow=tile[1], tileCol=tile[2])))
    assert versioned.headers["cache-control"] == "private, max-age=31536000, immutable"
    for query in ("", "?v=", "?v=0"):
        bare = _tile(world, "urban.grid", *tile, query)
        assert bare.headers["cache-control"] == "private, no-cache"
        assert bare.content == versioned.content
        assert bare.headers["etag"] == versioned.headers["etag"]
    again = world.get(
        f"/ogc/collections/urban.grid/tiles/WebMercatorQuad/{'/'.join(map(str, tile))}",
        if_none_match=versioned.headers["etag"],
    )
    assert (again.status_code, again.content) == (304, b"")
    plain = world.client.get(
        f"/ogc/collections/urban.grid/tiles/WebMercatorQuad/{'/'.join(map(str, tile))}",
        headers={"accept-encoding": "identity"},
    )
    assert "content-encoding" not in plain.headers
    assert plain.content == versioned.content
    other = _json(world, "/ogc/collections/urban.grid/tiles/WebMercatorQuad?datetime=2026-04-30")
    assert _link(other, "item")["href"].split("v=")[1][:32] != item.split("v=")[1][:32]


def test_tile_json_and_the_styles_name_the_same_tiles(world: Any) -> None:
    for collection in COLLECTIONS:
        told = _json(world, f"/ogc/collections/{collection}/tiles/WebMercatorQuad?f=tilejson")
        assert told["tilejson"] == "3.0.0"
        west, south, east, north = told["bounds"]
        assert (X0, Y0) <= (west, south) <= (east, north) <= (X0 + 3 * CELL, Y0 + 3 * CELL)
        style = _json(world, f"/ogc/collections/{collection}/styles/maplibre")
        assert style["version"] == 8
        assert style["sources"][collection]["tiles"] == told["tiles"]
        assert {layer["source-layer"] for layer in style["layers"]} == {told["vector_layers"][0]["id"]}
        look = world.get(f"/ogc/collections/{collection}/styles/qgis")
        assert look.headers["content-type"] == "application/xml"
        assert collection in look.text
    check_problem(world.get("/ogc/collections/incidents/tiles/CGCS2000Quad?f=tilejson"), 404, "tilejson_web_mercator")
    check_problem(world.get("/ogc/collections/incidents/styles/nowhere"), 404, "style_unknown")


def test_styles_are_those_that_maplibre_was_asked_about(world: Any) -> None:
    """Whoever changes one asks again: ``gl-style-validate`` of @maplibre/maplibre-gl-style-spec, and ``test-qgis``."""
    held = json.loads((Path(__file__).resolve().parents[1] / "golden" / "maplibre.json").read_text(encoding="utf-8"))
    for collection, known in held.items():
        style = _json(world, f"/ogc/collections/{collection}/styles/maplibre")
        for source in style["sources"].values():
            (template,) = source["tiles"]
            assert all(f"{{{name}}}" in template for name in "zxy")
            source["tiles"] = ["<template>"]
        assert style == known


_HOSTILE = ("-1", "01", "1e3", "99999999999999999999", "x", "%00", "..", "１", "1.0", " 1", "0x1", "+1")


def test_no_address_of_a_tile_breaks_the_service(world: Any) -> None:
    for wrong in _HOSTILE:
        for place in ((wrong, "0", "0"), ("3", wrong, "0"), ("3", "0", wrong)):
            answer = world.get(f"/ogc/collections/urban.grid/tiles/WebMercatorQuad/{'/'.join(place)}")
            assert answer.status_code == 404, place
    for collection in (
        "urban",
        "urban.",
        ".grid",
        "urban.nowhere",
        "nowhere.grid",
        "%00",
        "a" * 300,
        "urban.grid.grid",
        "'; --",
    ):
        assert world.get(f"/ogc/collections/{collection}/tiles").status_code in (404, 400, 422), collection
    check_problem(_tile(world, "urban.grid", 19, 0, 0), 404, "tile_unknown")
    check_problem(world.get("/ogc/collections/urban.grid/tiles/nowhere"), 404, "matrix_set_unknown")
    check_problem(_tile(world, "urban.grid", 3, 0, 0, "?x=1"), 400, "unknown_parameter")


def test_gdal_reads_the_same_tile(world: Any, tmp_path: Any) -> None:
    """A second reader, which is not the first one's kin."""
    import pyogrio

    tile = tiles_over(_whole(), 14, most=1)[0]
    body = _tile(world, "urban.grid", *tile).content
    path = tmp_path / str(tile[0]) / str(tile[2]) / f"{tile[1]}.mvt"
    path.parent.mkdir(parents=True)
    path.write_bytes(body)
    read = pyogrio.read_dataframe(path).set_index("code").geometry
    scale = 4096 * 2 ** tile[0] / 40_075_016.685578488
    for code, shape in shapes_of(body, "urban.grid").items():
        xy = shapely.get_coordinates(read[code]) * scale
        x, y = xy[:, 0] + 2 ** (tile[0] + 11) - tile[2] * 4096, 2 ** (tile[0] + 11) - tile[1] * 4096 - xy[:, 1]
        other = shapely.Polygon(list(zip(x, y, strict=True)))
        assert shapely.hausdorff_distance(other, shape) < HALF_PIXEL

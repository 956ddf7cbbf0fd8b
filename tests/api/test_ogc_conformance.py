"""Every conformance class that is declared has a test here, or names the one elsewhere; what has none fails.

The abstract tests of Parts 1 to 4 are asked of our district. Those of CQL2 (21-065r2, annex A) are about a data set of
their own: here are the same kinds of statements over our properties, with what Python finds in the features told.
"""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import ready
import shapely
from fastapi.testclient import TestClient
from rights_world import CELL, NOW, X0, Y0, fill

from api.app import create_app
from api.ogc.registry import classes
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings

ROOT = "http://www.opengis.net/spec/"
#: Classes whose abstract tests stand in other files: file and test.
ELSEWHERE = {
    "ogcapi-features-1/1.0/conf/core": ("test_ogc", "test_items_have_links_numbers_and_unique_ids"),
    "ogcapi-features-1/1.0/conf/geojson": ("test_ogc", "test_items_have_links_numbers_and_unique_ids"),
    "ogcapi-features-1/1.0/conf/html": ("test_ogc", "test_forms_are_chosen_by_f_and_by_accept"),
    "ogcapi-features-1/1.0/conf/oas30": ("test_ogc", "test_the_definition_describes_the_parameters"),
    "ogcapi-features-2/1.0/conf/crs": ("test_ogc", "test_answers_in_every_reference_system_agree_with_proj"),
    "ogcapi-tiles-1/1.0/conf/core": ("test_ogc_tiles", "/conf/core"),
    "ogcapi-tiles-1/1.0/conf/tileset": ("test_ogc_tiles", "/conf/tileset"),
    "ogcapi-tiles-1/1.0/conf/tilesets-list": ("test_ogc_tiles", "/conf/tilesets-list"),
    "ogcapi-tiles-1/1.0/conf/geodata-tilesets": ("test_ogc_tiles", "/conf/geodata-tilesets"),
    "ogcapi-tiles-1/1.0/conf/datetime": ("test_ogc_tiles", "/conf/datetime"),
    "ogcapi-tiles-1/1.0/conf/dataset-tilesets": ("test_ogc_tiles", "/conf/dataset-tilesets"),
    "ogcapi-tiles-1/1.0/conf/collections-selection": ("test_ogc_tiles", "/conf/collections-selection"),
    "ogcapi-tiles-1/1.0/conf/mvt": ("test_ogc_tiles", "/conf/mvt"),
    "tms/2.0/conf/tilematrixset": ("test_ogc_tiles", "/conf/tilematrixset"),
    "tms/2.0/conf/json-tilematrixset": ("test_ogc_tiles", "/conf/json-tilematrixset"),
}
HERE: dict[str, Callable[..., None]] = {}


def of(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Say of which classes something is the test."""

    def told(test: Callable[..., None]) -> Callable[..., None]:
        HERE.update(dict.fromkeys(names, test))
        return test

    return told


class District:
    """Asks the two streets."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        answer = self.client.get(f"{path}?{urlencode(query)}" if query else path)
        assert answer.status_code == status, (path, query, answer.text[:300])
        return answer

    def every(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        found = self.get(f"/ogc/collections/{collection}/items", limit=10_000, **query).json()
        assert found["numberMatched"] == found["numberReturned"] == len(found["features"])
        return list(found["features"])

    def holds(self, collection: str, said: str | dict[str, Any], true: Callable[[dict[str, Any]], bool]) -> None:
        """Check a filter against what Python finds; some features fit, and some do not."""
        lang = {"filter_lang": "cql2-text"} if isinstance(said, str) else {"filter_lang": "cql2-json"}
        text = said if isinstance(said, str) else json.dumps(said)
        query = {"filter": text, **{k.replace("_", "-"): v for k, v in lang.items()}}
        every = self.every(collection)
        wanted = [
            f["id"] for f in every if true({**f["properties"], "geometry": shapely.geometry.shape(f["geometry"])})
        ]
        assert 0 < len(wanted) < len(every), said
        assert [f["id"] for f in self.every(collection, **query)] == wanted, said


@pytest.fixture(scope="module")
def district() -> Any:
    store = ready.fake(fill)
    app = create_app(Settings(default_set="urban", cursor_key="for tests", language="en"), store, FixedClock(NOW))
    with TestClient(app, base_url="http://localhost") as client:
        yield District(client)


GRIDS, INCIDENTS = "urban.grid", "incidents"
BOX = (X0 + CELL * 0.1, Y0 + CELL * 0.1, X0 + CELL * 1.4, Y0 + CELL * 1.4)


def test_every_class_that_is_declared_has_a_test() -> None:
    declared = {name.removeprefix(ROOT) for name in classes()}
    assert all(name.startswith(ROOT) for name in classes())
    assert declared == HERE.keys() | ELSEWHERE.keys()
    assert not HERE.keys() & ELSEWHERE.keys()


def test_tests_elsewhere_are_there_and_name_their_class() -> None:
    for name, (file, said) in ELSEWHERE.items():
        tree = ast.parse(Path(__file__).with_name(f"{file}.py").read_text())
        found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
        words = f"/conf/{name.rpartition('/')[2]}"
        told = [n for n in found if words in (ast.get_docstring(n) or "")]
        assert any(n.name == said or said == words for n in told), name


# --- CQL2

CQL2 = "cql2/1.0/conf/"


@of(CQL2 + "basic-cql2", CQL2 + "cql2-text")
def basic(district: District) -> None:
    for sign, fits in (
        ("=", lambda n: n == 166),
        ("<>", lambda n: n != 166),
        ("<", lambda n: n < 166),
        (">", lambda n: n > 166),
        ("<=", lambda n: n <= 166),
        (">=", lambda n: n >= 166),
    ):
        district.holds(GRIDS, f"households {sign} 166", lambda f, fits=fits: fits(f["households"]))
    district.holds(GRIDS, "code = 'QUAIL-A'", lambda f: f["code"] == "QUAIL-A")
    district.holds(
        INCIDENTS,
        "occurred_at >= TIMESTAMP('2026-05-17T00:00:00Z')",
        lambda f: f["occurred_at"] >= "2026-05-17T00:00:00Z",
    )
    district.holds(INCIDENTS, "grid_code IS NULL", lambda f: f["grid_code"] is None)
    district.holds(INCIDENTS, "grid_code IS NOT NULL", lambda f: f["grid_code"] is not None)
    district.holds(
        GRIDS,
        "(households > 166 OR code = 'QUAIL-A') AND NOT code = 'QUAIL-C'",
        lambda f: (f["households"] > 166 or f["code"] == "QUAIL-A") and f["code"] != "QUAIL-C",
    )
    assert len(district.every(GRIDS, filter="valid_from = DATE('2026-05-01') AND true")) == len(district.every(GRIDS))
    for wrong in ("households >", "households = = 1", "households ! 1", "(households = 1", "=", "1 = '"):
        district.get(f"/ogc/collections/{GRIDS}/items", 400, filter=wrong)


@of(CQL2 + "cql2-json")
def as_json(district: District) -> None:
    more = {"op": ">", "args": [{"property": "households"}, 166]}
    like = {"op": "like", "args": [{"property": "code"}, "QUAIL%"]}
    district.holds(GRIDS, more, lambda f: f["households"] > 166)
    district.holds(GRIDS, {"op": "not", "args": [more]}, lambda f: f["households"] <= 166)
    both = {"op": "and", "args": [more, like]}
    district.holds(GRIDS, both, lambda f: f["households"] > 166 and f["code"].startswith("QUAIL"))
    near = {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": list(BOX)}]}
    district.holds(INCIDENTS, near, lambda f: f["geometry"].intersects(shapely.box(*BOX)))
    for wrong in ({}, [], {"op": "nothing", "args": []}, {"op": ">", "args": [1]}):
        query = {"filter": json.dumps(wrong), "filter-lang": "cql2-json"}
        district.get(f"/ogc/collections/{GRIDS}/items", 400, **query)


@of(CQL2 + "advanced-comparison-operators")
def advanced(district: District) -> None:
    district.holds(INCIDENTS, "category LIKE '%noi_e'", _noise)
    district.holds(INCIDENTS, "category NOT LIKE '%noise'", lambda f: not _noise(f))
    district.holds(GRIDS, "households BETWEEN 166 AND 167", lambda f: 166 <= f["households"] <= 167)
    district.holds(GRIDS, "households NOT BETWEEN 166 AND 167", lambda f: not 166 <= f["households"] <= 167)
    district.holds(GRIDS, "code IN ('QUAIL-A','QUAIL-B')", lambda f: f["code"] in ("QUAIL-A", "QUAIL-B"))
    district.holds(GRIDS, "households NOT IN (166, 167)", lambda f: f["households"] not in (166, 167))


def _noise(f: dict[str, Any]) -> bool:
    return bool(f["category"].endswith("noise"))


@of(CQL2 + "case-insensitive-comparison")
def case(district: District) -> None:
    district.holds(GRIDS, "CASEI(code) = CASEI('quail-a')", lambda f: f["code"] == "QUAIL-A")
    district.holds(GRIDS, "CASEI(code) LIKE CASEI('quail%')", lambda f: f["code"].startswith("QUAIL"))
    district.holds(GRIDS, "CASEI(code) IN (CASEI('quail-a'), 'zebra-t')", lambda f: f["code"] in ("QUAIL-A", "ZEBRA-T"))


@of(CQL2 + "accent-insensitive-comparison")
def accents(district: District) -> None:
    district.holds(GRIDS, "ACCENTI(code) = ACCENTI('QÜAÏL-Á')", lambda f: f["code"] == "QUAIL-A")
    district.holds(INCIDENTS, "ACCENTI(category) LIKE ACCENTI('%nöise')", _noise)


@of(CQL2 + "property-property")
def properties(district: District) -> None:
    district.holds(
        GRIDS,
        "valid_from < valid_to AND version_number < households AND households > 166",
        lambda f: f["valid_from"] < f["valid_to"] and f["version_number"] < f["households"] and f["households"] > 166,
    )
    assert district.every(GRIDS, filter="valid_from > valid_to OR code = name") == []


@of(CQL2 + "arithmetic")
def arithmetic(district: District) -> None:
    for said, fits in (
        ("households * 2 + 1 > 333", lambda n: n * 2 + 1 > 333),
        ("households - 100 = 66", lambda n: n - 100 == 66),
        ("households / 2 >= 83.5", lambda n: n / 2 >= 83.5),
        ("households % 2 = 0", lambda n: n % 2 == 0),
        ("households div 2 = 83", lambda n: n // 2 == 83),
        ("(households - 164) ^ 2 = 4", lambda n: (n - 164) ** 2 == 4),
    ):
        district.holds(GRIDS, said, lambda f, fits=fits: fits(f["households"]))


def _same(name: str, wkt: str) -> tuple[str, Callable[[dict[str, Any]], bool]]:
    other = shapely.from_wkt(wkt)
    return f"S_{name.upper()}(geometry, {wkt})", lambda f: bool(getattr(f["geometry"], name)(other))


_POLYGON = shapely.box(*BOX).wkt
_LINE = f"LINESTRING ({X0} {Y0 + CELL / 2}, {X0 + CELL * 2.5} {Y0 + CELL / 2})"


@of(CQL2 + "basic-spatial-functions")
def boxes_and_points(district: District) -> None:
    said = ",".join(map(repr, BOX))
    for collection in (GRIDS, INCIDENTS):
        district.holds(
            collection,
            f"S_INTERSECTS(geometry, BBOX({said}))",
            lambda f: f["geometry"].intersects(shapely.box(*BOX)),
        )
    district.holds(GRIDS, *_same("intersects", f"POINT ({X0 + CELL / 2} {Y0 + CELL / 2})"))


@of(CQL2 + "basic-spatial-functions-plus")
def all_shapes(district: District) -> None:
    point = f"{X0 + CELL / 2} {Y0 + CELL / 2}"
    lines = f"MULTILINESTRING ({_LINE.removeprefix('LINESTRING ')})"
    for wkt in (_POLYGON, _LINE, f"MULTIPOINT (({point}))", lines):
        district.holds(GRIDS, *_same("intersects", wkt))
    district.holds(GRIDS, *_same("intersects", f"MULTIPOLYGON ({_POLYGON.removeprefix('POLYGON ')})"))
    district.holds(GRIDS, *_same("intersects", f"GEOMETRYCOLLECTION (POINT ({point}), {_LINE})"))


@of(CQL2 + "spatial-functions")
def spatial(district: District) -> None:
    first = shapely.geometry.shape(district.every(GRIDS)[0]["geometry"])
    small = shapely.box(X0 + CELL * 0.2, Y0 + CELL * 0.2, X0 + CELL * 0.4, Y0 + CELL * 0.4).wkt
    for name, wkt in (
        ("disjoint", _POLYGON), ("contains", small), ("overlaps", _POLYGON), ("touches", first.wkt),
        ("equals", first.wkt), ("within", first.buffer(1e-6).wkt),
    ):  # fmt: skip
        district.holds(GRIDS, *_same(name, wkt))
    assert district.every(GRIDS, filter=f"S_CROSSES(geometry, {_LINE})") != []


@of(CQL2 + "temporal-functions")
def temporal(district: District) -> None:
    start, end = "2026-05-14T00:00:00Z", "2026-05-18T00:00:00Z"
    moments = {"T_AFTER": lambda t: t > end, "T_BEFORE": lambda t: t < end}
    for name, fits in moments.items():
        said = f"{name}(occurred_at, TIMESTAMP('{end}'))"
        district.holds(INCIDENTS, said, lambda f, fits=fits: fits(f["occurred_at"]))
    span = f"INTERVAL('{start}','{end}')"
    district.holds(INCIDENTS, f"T_DURING(occurred_at, {span})", lambda f: start < f["occurred_at"] < end)
    district.holds(INCIDENTS, f"T_INTERSECTS(occurred_at, {span})", lambda f: start <= f["occurred_at"] <= end)
    one = district.every(INCIDENTS)[0]["properties"]["occurred_at"]
    district.holds(INCIDENTS, f"T_EQUALS(occurred_at, TIMESTAMP('{one}'))", lambda f: f["occurred_at"] == one)
    district.holds(INCIDENTS, f"T_DISJOINT(occurred_at, {span})", lambda f: not start <= f["occurred_at"] <= end)


# --- Part 3

PART3 = "ogcapi-features-3/1.0/conf/"


@of(PART3 + "queryables")
def queryables(district: District) -> None:
    for listed in district.get("/ogc/collections").json()["collections"]:
        links = [x for x in listed["links"] if x["rel"] == "http://www.opengis.net/def/rel/ogc/1.0/queryables"]
        answer = district.client.get(links[0]["href"])
        assert answer.headers["content-type"] == links[0]["type"] == "application/schema+json"
        schema = answer.json()
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        assert all("type" in p or p["format"].startswith("geometry-") for p in schema["properties"].values())
        for feature in district.every(listed["id"])[:2]:
            assert feature["properties"].keys() | {"geometry"} == schema["properties"].keys()


@of(PART3 + "filter")
def filters(district: District) -> None:
    items = f"/ogc/collections/{GRIDS}/items"
    parameters = district.get("/ogc/api", f="json").json()["components"]["parameters"]
    assert {"filter", "filter-lang", "filter-crs"} <= parameters.keys()
    for wrong in (
        {"filter": "nothing = 1"},
        {"filter": "true", "filter-lang": "x"},
        {"filter-crs": "x", "filter": "true"},
    ):
        district.get(items, 400, **wrong)
    latitude_first = f"S_INTERSECTS(geometry, BBOX({BOX[1]!r},{BOX[0]!r},{BOX[3]!r},{BOX[2]!r}))"
    turned = {"filter": latitude_first, "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}
    plain = {"filter": f"S_INTERSECTS(geometry, BBOX({','.join(map(repr, BOX))}))"}
    assert district.every(GRIDS, **turned) == district.every(GRIDS, **plain) != district.every(GRIDS)


@of(PART3 + "features-filter")
def filters_with_others(district: District) -> None:
    said = {"bbox": ",".join(map(repr, BOX)), "datetime": "2026-05-01", "filter": "households > 167"}
    each = [{f["id"] for f in district.every(GRIDS, **{name: value})} for name, value in said.items()]
    assert {f["id"] for f in district.every(GRIDS, **said)} == each[0] & each[1] & each[2]
    assert 0 < len(each[0] & each[1] & each[2]) < min(map(len, each))


# --- Common, tiles


@of(*(f"ogcapi-common-1/1.0/conf/{x}" for x in ("core", "landing-page", "json", "html", "oas30")))
def common(district: District) -> None:
    landing = district.get("/ogc").json()
    assert {"title", "description", "links"} <= landing.keys()
    rels = {link["rel"]: link for link in landing["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= rels.keys()
    for path in ("/ogc", "/ogc/conformance", "/ogc/collections", f"/ogc/collections/{GRIDS}"):
        assert district.get(path, f="json").headers["content-type"] == "application/json"
        assert "<html" in district.get(path, f="html").text
        accepted = district.client.get(path, headers={"Accept": "text/html"})
        assert accepted.headers["content-type"].startswith("text/html")
    document = district.client.get(rels["service-desc"]["href"]).json()
    assert document["openapi"].startswith("3.0.")
    district.get("/ogc", 400, nothing=1)
    assert district.client.get("/ogc", headers={"Accept": "image/png"}).status_code == 406


@of("ogcapi-common-2/1.0/conf/collections")
def collections(district: District) -> None:
    found = district.get("/ogc/collections").json()
    for one in found["collections"]:
        alone = district.get(f"/ogc/collections/{one['id']}").json()
        assert (alone["id"], alone["title"], alone["extent"]) == (one["id"], one["title"], one["extent"])
        west, south, east, north = (
            alone["extent"]["spatial"]["bbox"][0] if "spatial" in alone["extent"] else (0, 0, 1, 1)
        )
        assert west <= east
        assert south <= north


@of(*(f"tms/2.0/conf/{x}" for x in ("tilesetmetadata", "json-tilesetmetadata")))
@of(*(f"tms/2.0/conf/{x}" for x in ("tilematrixsetlimits", "json-tilematrixsetlimits")))
def tile_sets(district: District) -> None:
    listed = district.get(f"/ogc/collections/{GRIDS}/tiles", f="json").json()["tilesets"]
    assert listed
    for one in listed:
        (own,) = [x["href"] for x in one["links"] if x["rel"] == "self"]
        told = district.client.get(own).json()
        assert told["dataType"] == "vector"
        assert told["crs"] == one["crs"]
        scheme = [x["href"] for x in told["links"] if x["rel"].endswith("tiling-scheme")]
        matrices = {m["id"] for m in district.client.get(scheme[0]).json()["tileMatrices"]}
        limits = told["tileMatrixSetLimits"]
        assert {x["tileMatrix"] for x in limits} <= matrices
        assert all(x["minTileRow"] <= x["maxTileRow"] and x["minTileCol"] <= x["maxTileCol"] for x in limits)


# --- Part 4

PART4 = "ogcapi-features-4/1.0/conf/"


@of(*(PART4 + x for x in ("create-replace-delete", "update", "optimistic-locking-etags", "features")))
def editing(district: District) -> None:
    items = "/ogc/collections/layer.toilets/items"
    client = district.client

    def send(method: str, path: str, body: Any, status: int, kind: str = "application/geo+json", **more: str) -> Any:
        answer = client.request(method, path, content=json.dumps(body), headers={"Content-Type": kind, **more})
        assert answer.status_code == status, answer.text
        return answer

    assert "POST" in client.options(items).headers["allow"]
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [X0 + CELL / 2, Y0 + CELL / 2]},
        "properties": {"code": "new", "name": "一", "state": "planned"},
    }
    where = send("POST", items, feature, 201).headers["location"]
    made = client.get(where)
    assert made.json()["geometry"] == feature["geometry"]
    assert {"PUT", "PATCH", "DELETE"} <= {x.strip() for x in client.options(where).headers["allow"].split(",")}
    tag = {"If-Match": made.headers["etag"]}
    renamed = {**feature, "properties": {**feature["properties"], "name": "二"}}
    send("PUT", where, renamed, 428)
    send("PUT", where, renamed, 412, **{"If-Match": '"other"'})
    send("PUT", where, renamed, 204, **tag)
    send("PUT", where, feature, 412, **tag)
    assert client.get(where).json()["properties"]["name"] == "二"
    tag = {"If-Match": client.get(where).headers["etag"]}
    send("PATCH", where, {"properties": {"name": "三"}}, 415, kind="text/plain", **tag)
    send("PATCH", where, {"properties": {"name": "三"}}, 204, kind="application/merge-patch+json", **tag)
    assert client.get(where).json()["properties"]["name"] == "三"
    assert client.delete(where).status_code == 428
    assert client.delete(where, headers={"If-Match": client.get(where).headers["etag"]}).status_code == 204
    assert client.get(where).status_code == 404


@pytest.mark.parametrize("name", sorted(HERE))
def test_a_class_holds(district: District, name: str) -> None:
    HERE[name](district)

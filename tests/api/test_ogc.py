"""OGC API - Features: the abstract tests of its conformance classes, asked of a district with two streets.

The names in the docstrings are those of the abstract tests in OGC 17-069r4 (Part 1), 18-058r1 (Part 2) and 19-079r2
(Part 3).
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import numpy as np
import pyproj
import pytest
import ready
import shapely
from fastapi.testclient import TestClient
from rights_world import CELL, HERE, NOW, X0, Y0, code, fill

from api.app import create_app
from gridmap.crs import REFERENCES
from gridmap.services.clock import FixedClock
from gridmap.settings import Settings

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
AREAS, INCIDENTS, LAYER = "urban.grid", "incidents", "layer.toilets"


class Client:
    """Asks by path, and checks what every answer has."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(
        self, path: str, *, status: int = 200, headers: dict[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        said = {name.replace("_", "-"): value for name, value in query.items()}
        address = path if not said else f"{path}?{urlencode(said)}"
        answer = self._client.get(address, headers=headers)
        assert answer.status_code == status, (address, answer.status_code, answer.text[:400])
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
        return answer

    def items(self, collection: str, **query: Any) -> dict[str, Any]:
        answer = self.get(f"/ogc/collections/{collection}/items", **query)
        assert answer.headers["content-type"] == "application/geo+json"
        found: dict[str, Any] = answer.json()
        assert found["type"] == "FeatureCollection"
        assert found["numberReturned"] == len(found["features"])
        return found

    def every(self, collection: str, **query: Any) -> list[dict[str, Any]]:
        """Follow the links to the end."""
        page = self.items(collection, **query)
        found = list(page["features"])
        while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
            page = self._client.get(following[0]).json()
            assert page["features"]
            found += page["features"]
        return found

    def ids(self, collection: str, **query: Any) -> list[str]:
        return [feature["id"] for feature in self.every(collection, **query)]


@pytest.fixture(scope="module", params=["embedded", "fake"])
def ogc(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The two streets behind the app; everything is within reach."""
    if request.param == "fake":
        store: Any = ready.fake(fill)
    else:
        store = ready.embedded(tmp_path_factory.mktemp("ogc") / "world.gpkg", fill)
    app = create_app(Settings(default_set="urban", cursor_key="for tests", language="en"), store, FixedClock(NOW))
    with TestClient(app, base_url="http://localhost") as client:
        yield Client(client)
    store.close()


# --- Part 1: core, GeoJSON, HTML, OpenAPI


def test_landing_page_and_what_it_links_to(ogc: Client) -> None:
    """/conf/core/root-op, root-success, api-definition-op, api-definition-success, conformance-op, -success."""
    links = {link["rel"]: link for link in ogc.get("/ogc").json()["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= links.keys()
    definition = ogc.get(links["service-desc"]["href"])
    assert definition.headers["content-type"] == links["service-desc"]["type"]
    assert definition.json()["openapi"].startswith("3.0")
    classes = ogc.get(links["conformance"]["href"]).json()["conformsTo"]
    for name in ("core", "geojson", "html", "oas30"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in classes
    assert len(set(classes)) == len(classes)
    assert ogc.get(links["data"]["href"]).json()["collections"]


def test_collections_and_each_of_them(ogc: Client) -> None:
    """/conf/core/fc-md-op, fc-md-success, fc-md-links, fc-md-items, fc-md-extent, sfc-md-op, sfc-md-success."""
    body = ogc.get("/ogc/collections").json()
    assert {"self", "alternate"} <= {link["rel"] for link in body["links"]}
    named = [c["id"] for c in body["collections"]]
    assert len(set(named)) == len(named)
    assert {AREAS, "urban.street", "urban.district", "urban.draft4.grid", INCIDENTS, LAYER} <= set(named)
    for listed in body["collections"]:
        alone = ogc.get(f"/ogc/collections/{quote(listed['id'])}").json()
        assert alone["id"] == listed["id"]
        for part in ("title", "description", "extent", "itemType", "storageCrs"):
            assert alone[part] == listed[part]
        assert {link["type"] for link in alone["links"] if link["rel"] == "items"} >= {
            "application/geo+json",
            "text/html",
        }
        assert all(link["href"].startswith("http://localhost/ogc/") for link in alone["links"])
        features = ogc.every(listed["id"], limit=1000)
        if "spatial" in alone["extent"] and features:
            west, south, east, north = alone["extent"]["spatial"]["bbox"][0]
            bounds = shapely.total_bounds([shapely.geometry.shape(f["geometry"]) for f in features])
            assert (np.array(bounds) >= (west, south, west, south)).all()
            assert (np.array(bounds) <= (east, north, east, north)).all()


def test_what_does_not_exist_is_not_found(ogc: Client) -> None:
    ogc.get("/ogc/collections/nothing", status=404)
    ogc.get("/ogc/collections/nothing/items", status=404)
    ogc.get(f"/ogc/collections/{AREAS}/items/nothing", status=404)


def test_items_have_links_numbers_and_unique_ids(ogc: Client) -> None:
    """/conf/core/fc-op, fc-response, fc-links, fc-numberMatched, fc-numberReturned; /conf/geojson/content."""
    for collection in (AREAS, INCIDENTS, LAYER):
        page = ogc.items(collection, limit=2)
        rels = [link["rel"] for link in page["links"]]
        assert {"self", "alternate", "next"} <= set(rels)
        every = ogc.every(collection, limit=2)
        assert len(every) == page["numberMatched"] > 2
        assert len({feature["id"] for feature in every}) == len(every)
        assert every == ogc.items(collection, limit=10_000)["features"]
        for feature in every:
            assert feature["type"] == "Feature"
            shape = shapely.geometry.shape(feature["geometry"])
            assert shape.is_valid
            if shape.geom_type == "Polygon":
                assert shape.exterior.is_ccw


def test_one_feature_is_the_one_of_the_page(ogc: Client) -> None:
    """/conf/core/f-op, f-success, f-links."""
    for collection in (AREAS, INCIDENTS, LAYER, "urban.draft4.grid"):
        for listed in ogc.items(collection, limit=3)["features"]:
            alone = ogc.get(f"/ogc/collections/{collection}/items/{quote(listed['id'])}").json()
            links = alone.pop("links")
            assert alone == listed
            assert {"self", "alternate", "collection"} <= {link["rel"] for link in links}


@pytest.mark.parametrize("limit", [1, 3, 10_000, 10**9])
def test_limit(ogc: Client, limit: int) -> None:
    """/conf/core/fc-limit-definition, fc-limit-response: more than the most is no error."""
    assert len(ogc.items(INCIDENTS, limit=limit)["features"]) <= min(limit, 10_000)


def test_the_definition_describes_the_parameters(ogc: Client) -> None:
    """/conf/core/fc-bbox-definition, fc-limit-definition, fc-time-definition; /conf/oas30/completeness."""
    document = ogc.get("/ogc/api", f="json").json()
    assert set(document["paths"]) >= {"/", "/conformance", "/collections", "/collections/{collectionId}/items"}
    told = {p["name"]: p for p in document["components"]["parameters"].values() if p["in"] == "query"}
    assert told["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}
    assert told["bbox"]["style"] == told["datetime"]["style"] == "form"
    assert told["bbox"]["explode"] is told["datetime"]["explode"] is False
    assert told["bbox"]["schema"]["items"] == {"type": "number"}
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                assert parameter["$ref"].rsplit("/", 1)[1] in document["components"]["parameters"]
            assert {"200", "400", "404"} <= operation["responses"].keys()


def test_bbox_gives_what_meets_it(ogc: Client) -> None:
    """/conf/core/fc-bbox-response, and with points and areas one by one."""
    for collection in (AREAS, INCIDENTS, LAYER):
        every = {f["id"]: shapely.geometry.shape(f["geometry"]) for f in ogc.every(collection, limit=1000)}
        for box in (
            (X0, Y0, X0 + CELL, Y0 + CELL),
            (X0 + CELL * 2.5, Y0 + CELL * 0.5, X0 + CELL * 2.6, Y0 + CELL * 2.9),
        ):
            wanted = sorted(name for name, shape in every.items() if shape.intersects(shapely.box(*box)))
            said = ",".join(map(repr, box))
            assert sorted(ogc.ids(collection, bbox=said, limit=3)) == wanted
            six = ",".join(map(repr, (*box[:2], -100.0, *box[2:], 100.0)))
            assert sorted(ogc.ids(collection, bbox=six)) == wanted
    assert ogc.ids(AREAS, bbox="170,-10,-170,80") == []
    assert ogc.ids(AREAS, bbox="100,30,-170,40") == ogc.ids(AREAS)


def test_datetime_gives_the_borders_of_that_day(ogc: Client) -> None:
    """/conf/core/fc-time-response: days, moments, intervals and open ends."""
    before, after = ogc.ids(AREAS, datetime="2026-04-30"), ogc.ids(AREAS, datetime="2026-05-01")
    assert code("D") in after
    assert code("D") not in before
    assert ogc.ids(AREAS) == after
    assert ogc.ids(AREAS, datetime="2026-04-30T15:59:59Z") == before
    assert ogc.ids(AREAS, datetime="2026-04-30T16:00:00Z") == after
    shapes = {f["id"]: f["geometry"] for f in ogc.every(AREAS, datetime="2026-04-30")}
    assert shapes[code("A")] != {f["id"]: f["geometry"] for f in ogc.every(AREAS)}[code("A")]
    for said, versions in (("../2026-04-30", {1}), ("2026-04-30/2026-05-01", {2}), ("2026-05-01/2026-05-02", {2})):
        assert {f["properties"]["version_number"] for f in ogc.every(AREAS, datetime=said)} == versions
    # an interval has every code that was in force in it, each as it was last
    assert set(ogc.ids(AREAS, datetime="2026-04-01/2026-05-20")) == {*before, *after}
    assert {*before, *after} <= set(ogc.ids(AREAS, datetime="../.."))
    # ends as QGIS to 3.30 writes them where they are open
    assert ogc.ids(AREAS, datetime="0000-01-01T00:00:00Z/2026-04-30") == ogc.ids(AREAS, datetime="../2026-04-30")
    assert ogc.ids(AREAS, datetime="2026-05-01/9999-12-31T00:00:00Z") == ogc.ids(AREAS, datetime="2026-05-01/..")
    one = ogc.get(f"/ogc/collections/{AREAS}/items/{code('A')}", datetime="2026-04-30").json()
    assert one["geometry"] == shapes[code("A")]
    ogc.get(f"/ogc/collections/{AREAS}/items/{code('D')}", datetime="2026-04-30", status=404)


def test_datetime_of_incidents_is_when_they_were(ogc: Client) -> None:
    every = {f["id"]: f["properties"]["occurred_at"] for f in ogc.every(INCIDENTS)}
    day = sorted(every.values())[3][:10]
    for said, fits in (
        (f"{day}T00:00:00Z/..", lambda at: at >= f"{day}T00:00:00Z"),
        (f"../{day}T02:00:00Z", lambda at: at <= f"{day}T02:00:00Z"),
        (f"{day}T02:00:00Z", lambda at: at == f"{day}T02:00:00Z"),
    ):
        assert set(ogc.ids(INCIDENTS, datetime=said, limit=3)) == {name for name, at in every.items() if fits(at)}


@pytest.mark.parametrize(
    "query",
    [
        "nothing=1", "limit=0", "limit=-1", "limit=x", "limit=1&limit=2", "bbox=1,2,3", "bbox=1,2,3,x", "bbox=1,9,2,3",
        "bbox=nan,1,2,3", "datetime=2026-13-01", "datetime=2026-02-01/2026-01-01",
        "datetime=0000-13-01/..", "datetime=../9999-02-30", "datetime=9999-12-31/..", "datetime=0000-01-01",
        "datetime=1/2/3", "datetime=",
        "crs=EPSG:4490", f"crs={EPSG}2000", f"bbox-crs={EPSG}4490", "filter=code", "filter=nothing=1", "filter-lang=x",
        "filter-crs=x&filter=true", "sortby=nothing", "properties=code,code", "properties=nothing", "cursor=abc",
        "f=xml", "lang=fr", "filter-lang=cql2-json", "filter=code%20%3D%201",
    ],
)  # fmt: skip
def test_parameters_that_are_unknown_or_wrong_are_400(ogc: Client, query: str) -> None:
    """/conf/core/query-param-unknown, query-param-invalid."""
    ogc.get(f"/ogc/collections/{AREAS}/items?{query}", status=400)


def test_paging_is_stable_while_features_are_added_before_and_behind(tmp_path: Any) -> None:
    store = ready.embedded(tmp_path / "own.gpkg", fill)
    app = create_app(Settings(default_set="urban", cursor_key="for tests"), store, FixedClock(NOW))
    with TestClient(app, base_url="http://localhost") as raw:
        client = Client(raw)
        before = client.ids(INCIDENTS)
        address = f"/ogc/collections/{INCIDENTS}/items"
        seen = {"If-None-Match": client.get(address, limit=5).headers["etag"]}
        assert client.get(address, limit=5, status=304, headers=seen).headers["content-crs"] == f"<{CRS84}>"
        client.get(address, limit=5, f="html", headers=seen)
        client.get(address, limit=4, headers=seen)
        page = client.items(INCIDENTS, limit=5)
        found = [f["id"] for f in page["features"]]
        at = page["features"][2]["properties"]["occurred_at"]
        items = [
            {"incident_id": f"new{n}", "occurred_at": when, "category": "E1", "lon": X0 + CELL, "lat": Y0 + CELL}
            for n, when in enumerate((at, "2026-05-19T23:00:00Z"))
        ]
        assert raw.post("/api/v1/incidents", json={"datum": "wgs84", "items": items}).json()["counts"]["accepted"] == 2
        client.get(address, limit=5, headers=seen)
        while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
            page = raw.get(following[0]).json()
            found += [f["id"] for f in page["features"]]
        assert [name for name in found if not name.startswith("new")] == before
        assert "new0" not in found
        assert "new1" in found
    store.close()


def test_answers_are_kept_and_asked_for_again(ogc: Client) -> None:
    for path in (
        "/ogc",
        "/ogc/collections",
        f"/ogc/collections/{AREAS}/items",
        f"/ogc/collections/{AREAS}/items/{code('A')}",
    ):
        for form in ("json", "html"):
            first = ogc.get(path, f=form)
            again = ogc.get(path, f=form, status=304, headers={"If-None-Match": first.headers["etag"]})
            assert again.content == b""
            assert again.headers["etag"] == first.headers["etag"]
            assert "Authorization" in first.headers["vary"]
            assert first.headers["cache-control"] == "private, no-cache"
            ogc.get(path, f=form, headers={"If-None-Match": 'W/"other"'})
    packed = ogc.get(f"/ogc/collections/{AREAS}/items", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"


def test_forms_are_chosen_by_f_and_by_accept(ogc: Client) -> None:
    """/conf/html/definition, /conf/geojson/definition."""
    path = f"/ogc/collections/{AREAS}/items"
    for accept, kind in (
        ("*/*", "application/geo+json"),
        ("application/geo+json, application/json;q=0.9", "application/geo+json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("application/json;q=0.1, text/html;q=0.9", "text/html; charset=utf-8"),
        ("image/png, application/json", "application/geo+json"),
    ):
        assert ogc.get(path, headers={"Accept": accept}).headers["content-type"] == kind
    ogc.get(path, headers={"Accept": "image/png"}, status=406)
    assert ogc.get(path, f="json", headers={"Accept": "image/png"}).headers["content-type"] == "application/geo+json"


def test_every_page_is_html_with_only_our_own_assets(ogc: Client) -> None:
    """/conf/html/content; and what is stored is never code."""
    paths = ["/ogc", "/ogc/conformance", "/ogc/collections", "/ogc/api"]
    for listed in ogc.get("/ogc/collections").json()["collections"]:
        paths += [f"/ogc/collections/{listed['id']}{end}" for end in ("", "/items", "/queryables")]
        paths += [
            f"/ogc/collections/{listed['id']}/items/{f['id']}" for f in ogc.items(listed["id"], limit=1)["features"]
        ]
    for path in paths:
        for lang in ("zh", "en"):
            answer = ogc.get(path, f="html", lang=lang)
            assert answer.headers["content-type"].startswith("text/html")
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "<!doctype html>" in answer.text.lower()
            for part in answer.text.split("<script")[1:]:
                assert part.partition(">")[0].count('src="/assets/') == 1 or path == "/ogc/api"


# --- Part 2: reference systems


def test_answers_in_every_reference_system_agree_with_proj(ogc: Client) -> None:
    """/conf/crs/crs-parameter, crs-action, ogc-crs-header; the axes stand as EPSG has them."""
    plain = {f["id"]: shapely.geometry.shape(f["geometry"]) for f in ogc.every(AREAS)}
    assert ogc.get(f"/ogc/collections/{AREAS}/items").headers["content-crs"] == f"<{CRS84}>"
    assert len(REFERENCES) == 68
    for epsg in (4326, 4490, 3857, 4498, 4509, 4528, 4549):
        uri = f"{EPSG}{epsg}"
        answer = ogc.get(f"/ogc/collections/{AREAS}/items", crs=uri)
        assert answer.headers["content-crs"] == f"<{uri}>"
        back = pyproj.Transformer.from_crs(epsg, "OGC:CRS84")  # axes as the system has them
        for feature in answer.json()["features"]:
            shape = shapely.geometry.shape(feature["geometry"])
            degrees = shapely.transform(shape, lambda xy, back=back: np.column_stack(back.transform(*xy.T)))
            assert shapely.hausdorff_distance(degrees, plain[feature["id"]]) < 1e-9
    latitude = ogc.items(AREAS, crs=f"{EPSG}4490")["features"][0]["geometry"]["coordinates"][0][0]
    assert 36.0 <= latitude[0] <= 36.1
    northing = ogc.items(AREAS, crs=f"{EPSG}4549")["features"][0]["geometry"]["coordinates"][0][0]
    assert northing[0] > 3_900_000
    one = ogc.get(f"/ogc/collections/{AREAS}/items/{code('A')}", crs=f"{EPSG}4549")
    assert one.headers["content-crs"] == f"<{EPSG}4549>"


def test_boxes_in_other_systems(ogc: Client) -> None:
    """/conf/crs/bbox-crs-parameter, bbox-crs-action."""
    box = (X0 + CELL * 0.1, Y0 + CELL * 0.1, X0 + CELL * 1.4, Y0 + CELL * 1.4)
    for collection in (AREAS, INCIDENTS):
        wanted = ogc.ids(collection, bbox=",".join(map(repr, box)))
        assert wanted
        for epsg in (4326, 4490, 3857, 4549):
            there = pyproj.Transformer.from_crs("OGC:CRS84", epsg)
            a, b = there.transform(box[0], box[1]), there.transform(box[2], box[3])
            assert ogc.ids(collection, bbox=",".join(map(repr, (*a, *b))), bbox_crs=f"{EPSG}{epsg}") == wanted


def test_collections_name_their_systems(ogc: Client) -> None:
    """/conf/crs/fc-md-crs-list, fc-md-storageCrs, fc-md-crs-list-global."""
    body = ogc.get("/ogc/collections").json()
    assert body["crs"] == list(REFERENCES)
    assert all(c["crs"] == ["#/crs"] for c in body["collections"])
    alone = ogc.get(f"/ogc/collections/{AREAS}").json()
    assert alone["crs"] == list(REFERENCES)
    assert alone["storageCrs"] in alone["crs"]


# --- order and choice


def test_sorting_and_paging_in_any_order(ogc: Client) -> None:
    asked = ((AREAS, "-households"), (AREAS, "name"), (INCIDENTS, "-occurred_at"), (INCIDENTS, "category"))
    for collection, by in (*asked, (LAYER, "-state,code"), (INCIDENTS, "grid_code,-occurred_at")):
        found = ogc.every(collection, sortby=by, limit=3)
        assert found == ogc.items(collection, sortby=by, limit=1000)["features"]
        assert sorted(f["id"] for f in found) == sorted(ogc.ids(collection))
        first = by.split(",")[0]
        values = [f["properties"][first.lstrip("-")] for f in found]
        known = [v for v in values if v is not None]
        assert values[len(known) :] == [None] * (len(values) - len(known))
        assert known == sorted(known, reverse=first.startswith("-"))


def test_properties_are_those_that_are_asked_for(ogc: Client) -> None:
    found = ogc.items(AREAS, properties="name,households")["features"]
    assert all(list(f["properties"]) == ["name", "households"] for f in found)
    assert all(f["geometry"] for f in found)


def test_attributes_and_notes_never_leave(ogc: Client) -> None:
    for collection in (AREAS, LAYER, INCIDENTS):
        text = json.dumps(ogc.every(collection), ensure_ascii=False)
        assert "attributes" not in text
        assert "note" not in text
        assert HERE in text

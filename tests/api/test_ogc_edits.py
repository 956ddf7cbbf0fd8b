"""OGC API - Features Part 4: a draft and a layer changed by a GIS program pass the rules of our pages, and are told."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyproj
import pytest
import ready
import shapely
from probing import World
from rights_world import CELL, NOW, STREET, X0, Y0, code, fill

from gridmap.domain.access import Area, Grant, Kind, Principal, Role
from gridmap.domain.features import FeatureState

DRAFT, LAYER = "/ogc/collections/urban.draft4.grid/items", "/ogc/collections/layer.toilets/items"
PLANNER = Principal("p", "p", Kind.PERSON, (Grant(Role.PLANNER),))
OF_STREET = Principal("s", "s", Kind.PERSON, (Grant(Role.PLANNER, Area("urban", STREET)),))
ANALYST = Principal("a", "a", Kind.PERSON, (Grant(Role.ANALYST),))


class Editor:
    """Sends features as a GIS program does."""

    def __init__(self, world: World, who: Principal = PLANNER) -> None:
        self.world, self.who = world, who

    def send(self, method: str, path: str, body: Any = None, *, status: int, **headers: str) -> Any:
        from asking import ask

        token = f"gm_s_{self.who.name}"
        self.world.principals[token] = self.who
        told = [(b"host", b"test"), (b"authorization", f"Bearer {token}".encode())]
        given = headers.pop("kind", "").encode()
        told += [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
        content = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            kind = given or (b"application/merge-patch+json" if method == "PATCH" else b"application/geo+json")
            told += [(b"content-type", kind), (b"content-length", str(len(content)).encode())]
        answer = ask(self.world.app, b"", path=path, method=method, headers=told, body=[content] if content else [])
        assert answer.status == status, answer
        return answer

    def get(self, path: str) -> tuple[dict[str, Any], str]:
        answer = self.send("GET", path, status=200, accept="application/geo+json")
        found = json.loads(answer.body)
        return found, dict(answer.headers).get(b"etag", b"").decode()

    def shapes(self) -> dict[str, Any]:
        found, _ = self.get(DRAFT)
        return {f["id"]: shapely.geometry.shape(f["geometry"]) for f in found["features"]}


@pytest.fixture(params=["embedded", "fake"])
def editor(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Editor]:
    store: Any = ready.fake(fill) if request.param == "fake" else ready.embedded(tmp_path / "own.gpkg", fill)
    world = World(store, NOW)
    yield Editor(world)
    world.close()


def test_an_area_that_is_drawn_larger_takes_from_its_neighbours(editor: Editor) -> None:
    a, path = code("A"), f"{DRAFT}/{code('A')}"
    before = editor.shapes()
    feature, tag = editor.get(path)
    larger = before[a].union(shapely.box(X0 + 2 * CELL, Y0 + 2 * CELL, X0 + 2.5 * CELL, Y0 + 3 * CELL))
    sent = {
        **feature,
        "geometry": shapely.geometry.mapping(larger),
        "properties": {**feature["properties"], "name": "新"},
    }
    editor.send("PUT", path, sent, status=428)
    editor.send("PUT", path, sent, status=412, if_match='"other"')
    editor.send("PUT", path, sent, status=204, if_match=tag)
    after = editor.shapes()
    assert after[a].symmetric_difference(larger).area < 1e-12
    assert after[code("B")].area < before[code("B")].area
    # the plan is still whole, and nothing lies twice
    assert shapely.union_all([*after.values()]).symmetric_difference(shapely.union_all([*before.values()])).area < 1e-12
    assert sum(s.area for s in after.values()) == pytest.approx(sum(s.area for s in before.values()))
    assert editor.get(path)[0]["properties"]["name"] == "新"
    editor.send("PUT", path, sent, status=412, if_match=tag)
    with editor.world.store.unit_of_work() as work:
        acts = [entry.act for entry in work.trail.entries() if entry.act.action == "draft.edit"]
        assert [(act.actor_id, act.subject) for act in acts] == [("p", "urban/4")]
        assert [line.verb for line in work.redraw.lines("urban", 4)] == ["replace"]


def test_ground_that_is_left_goes_to_a_neighbour_or_stays(editor: Editor) -> None:
    b = code("B")
    path, before = f"{DRAFT}/{b}", editor.shapes()
    feature, tag = editor.get(path)
    west, south, east, north = before[b].bounds
    inner = before[b].intersection(shapely.box(west + CELL / 4, south, east, north))
    editor.send("PUT", path, {**feature, "geometry": shapely.geometry.mapping(inner)}, status=204, if_match=tag)
    after = editor.shapes()
    assert after[b].symmetric_difference(inner).area < 1e-12
    assert shapely.union_all([*after.values()]).area == pytest.approx(shapely.union_all([*before.values()]).area)


def test_what_the_rules_of_our_page_refuse_is_refused(editor: Editor) -> None:
    path = f"{DRAFT}/{code('A')}"
    feature, tag = editor.get(path)
    before = editor.shapes()
    cross = {"type": "Polygon", "coordinates": [[[120, 36], [120.01, 36.01], [120.01, 36], [120, 36.01], [120, 36]]]}
    far = shapely.geometry.mapping(before[code("A")].union(shapely.box(121, 36, 121.1, 36.1)))
    for geometry, wrong in (
        (cross, "feature_shape"),
        ({"type": "Point", "coordinates": [120, 36]}, "feature_shape"),
        ({"type": "Polygon", "coordinates": [[[120, "x"]]]}, "feature_shape"),
    ):
        answer = editor.send("PUT", path, {**feature, "geometry": geometry}, status=422, if_match=tag)
        assert json.loads(answer.body)["code"] == wrong
    assert far["type"] == "MultiPolygon"
    other = {**feature, "properties": {"code": code("B")}}
    assert json.loads(editor.send("PUT", path, other, status=422, if_match=tag).body)["code"] == "id_not_code"
    same = editor.send("PUT", path, feature, status=422, if_match=tag)
    assert json.loads(same.body)["code"] == "redraw_nothing_changes"
    assert editor.shapes() == before
    for wrong in ([], {}, {"type": "Feature", "properties": 3}, {"type": "Feature", "geometry": []}):
        editor.send("PUT", path, wrong, status=422, if_match=tag)
    editor.send("PUT", "/ogc/collections/urban.grid/items/" + code("A"), feature, status=409, if_match=tag)
    editor.send("PUT", "/ogc/collections/incidents/items/x", feature, status=409, if_match=tag)


def test_an_area_is_updated_drawn_anew_and_taken_away(editor: Editor) -> None:
    path = f"{DRAFT}/{code('A')}"
    _, tag = editor.get(path)
    editor.send("PATCH", path, {"properties": {"name": "甲", "households": 7}}, status=204, if_match=tag)
    feature, _ = editor.get(path)
    assert (feature["properties"]["name"], feature["properties"]["households"]) == ("甲", 7)
    square = shapely.box(X0 + 0.2 * CELL, Y0 + 2.2 * CELL, X0 + 0.8 * CELL, Y0 + 2.8 * CELL)
    drawn = {"type": "Feature", "properties": {"name": "新格"}, "geometry": shapely.geometry.mapping(square)}
    answer = editor.send("POST", DRAFT, drawn, status=201)
    location = dict(answer.headers)[b"location"].decode().removeprefix("http://test")
    made, made_tag = editor.get(location)
    assert made["properties"]["name"] == "新格"
    assert shapely.geometry.shape(made["geometry"]).symmetric_difference(square).area < 1e-12
    editor.send("DELETE", location, status=428)
    editor.send("DELETE", location, status=204, if_match=made_tag)
    editor.send("GET", location, status=404)
    whole = shapely.union_all([*editor.shapes().values()])
    assert whole.area == pytest.approx(18 * CELL**2)


# --- what QGIS sends from 3.32 on (its provider's requests for creating, patching and deleting, and OPTIONS before)

#: It knows no tags. A header of the person's own (API Header) says that what is there may be changed.
ANY = {"if_match": "*"}


def test_qgis_learns_what_it_may_do_and_is_told_of_its_missing_header(editor: Editor) -> None:
    path = f"{DRAFT}/{code('A')}"
    allowed = []
    for asked in (DRAFT, path):
        headers = dict(editor.send("OPTIONS", asked, status=204, **ANY).headers)
        allowed.append([part.strip() for part in headers[b"allow"].decode("latin-1").split(",")])
    assert "POST" in allowed[0]
    assert {"PUT", "PATCH", "DELETE"} <= set(allowed[1])
    editor.send("PATCH", path, {"properties": {"name": "甲"}}, status=428)
    editor.send("DELETE", path, status=428)


def test_what_is_drawn_in_qgis_is_what_is_drawn_in_our_page(editor: Editor, tmp_path: Any) -> None:
    """The same ground by both ways, in worlds of their own; then against a lock, which holds for both."""
    a, b = code("A"), code("B")
    more = [(X0 + 2 * CELL, Y0 + 2 * CELL), (X0 + 2.5 * CELL, Y0 + 2 * CELL), (X0 + 2.5 * CELL, Y0 + 3 * CELL)]
    more += [(X0 + 2 * CELL, Y0 + 3 * CELL), (X0 + 2 * CELL, Y0 + 2 * CELL)]
    redraw = "/api/v1/sets/urban/drafts/4/redraw"
    page = World(ready.fake(fill), NOW)
    ours = Editor(page)

    def on_page(one: Editor, what: str, body: dict[str, Any], status: int) -> Any:
        seen = f'"{one.get(redraw)[0]["revision"]}"'
        return one.send("POST", f"{redraw}/{what}", body, status=status, kind="application/json", if_match=seen)

    on_page(ours, "edits", {"verb": "assign", "to": a, "ring": more}, 200)
    larger = editor.shapes()[a].union(shapely.Polygon(more))
    editor.send("PATCH", f"{DRAFT}/{a}", {"geometry": shapely.geometry.mapping(larger)}, status=204, **ANY)
    drawn, here = ours.shapes(), editor.shapes()
    assert drawn.keys() == here.keys()
    assert all(drawn[name].equals(here[name]) for name in here)
    for one in (ours, editor):
        on_page(one, "locks", {"kind": "grid", "code": b}, 200)
    shape = editor.shapes()[b]
    west, south, east, north = shape.bounds
    further = shapely.geometry.mapping(here[a].union(shapely.box(west, south, (west + east) / 2, north)))
    ring = [[west, south], [(west + east) / 2, south], [(west + east) / 2, north], [west, north], [west, south]]
    asked = {"verb": "assign", "to": a, "ring": ring}
    theirs = editor.send("PATCH", f"{DRAFT}/{a}", {"geometry": further}, status=409, **ANY)
    mine = on_page(ours, "edits", asked, 409)
    assert json.loads(theirs.body)["code"] == json.loads(mine.body)["code"] == "redraw_locked"
    assert editor.shapes() == here
    page.close()


def test_qgis_patches_creates_and_deletes(editor: Editor) -> None:
    path = f"{DRAFT}/{code('A')}"
    editor.send("PATCH", path, {"properties": {"name": "甲", "households": 7}}, status=204, **ANY)
    feature, _ = editor.get(path)
    assert (feature["properties"]["name"], feature["properties"]["households"]) == ("甲", 7)
    # in a layer of EPSG:4549 it sends northing first, and names the system without brackets
    there = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:4549")
    square = shapely.box(X0 + 0.2 * CELL, Y0 + 2.2 * CELL, X0 + 0.8 * CELL, Y0 + 2.8 * CELL)
    projected = shapely.transform(square, lambda xy: np.column_stack(there.transform(*xy.T)))
    fields = dict.fromkeys(("code", "level", "kind", "parent_code", "households", "area_m2"))
    new = {"type": "Feature", "geometry": shapely.geometry.mapping(projected), "properties": {**fields, "name": "新格"}}
    crs = {"content_crs": "http://www.opengis.net/def/crs/EPSG/0/4549"}
    answer = editor.send("POST", DRAFT, new, status=201, **crs, **ANY)
    location = dict(answer.headers)[b"location"].decode()
    made = DRAFT + "/" + location[location.rindex("/items/") + len("/items/") :]
    found, _ = editor.get(made)
    assert shapely.geometry.shape(found["geometry"]).symmetric_difference(square).area < 1e-15
    editor.send("DELETE", made, status=204, **ANY)
    editor.send("GET", made, status=404)
    editor.send("PATCH", made, {"properties": {"name": "谁"}}, status=404, **ANY)
    crossed = {"type": "Polygon", "coordinates": [[[120, 36], [120.01, 36.01], [120.01, 36], [120, 36.01], [120, 36]]]}
    for wrong in (
        {"geometry": crossed},
        {"geometry": {"type": "Polygon", "coordinates": []}},
        {"properties": {"households": -1}},
    ):
        editor.send("PATCH", path, wrong, status=422, **ANY)
    editor.send("PATCH", f"/ogc/collections/urban.grid/items/{code('A')}", {"properties": {}}, status=409, **ANY)


def test_features_of_a_layer_live_from_today_on(editor: Editor) -> None:
    point = {"type": "Point", "coordinates": [X0 + CELL / 2, Y0 + CELL / 2]}
    fresh = {"type": "Feature", "properties": {"code": "n1", "name": "新公厕", "state": "planned"}, "geometry": point}
    answer = editor.send("POST", LAYER, fresh, status=201)
    assert dict(answer.headers)[b"location"].decode().endswith("/layer.toilets/items/n1")
    assert json.loads(editor.send("POST", LAYER, fresh, status=409).body)["code"] == "code_taken"
    path = f"{LAYER}/n1"
    made, tag = editor.get(path)
    assert made["properties"]["valid_from"] == "2026-05-20"
    assert made["properties"]["grid_code"] == code("C")
    editor.send("PATCH", path, {"properties": {"state": "open"}}, status=204, if_match=tag)
    changed, later = editor.get(path)
    assert changed["properties"]["state"] == FeatureState.OPEN
    editor.send("PATCH", path, {"properties": {"state": "closed"}}, status=422, if_match=later)
    editor.send("DELETE", path, status=412, if_match=tag)
    editor.send("DELETE", path, status=204, if_match=later)
    editor.send("GET", path, status=404)
    with editor.world.store.unit_of_work() as work:
        acts = [entry.act for entry in work.trail.entries() if entry.act.actor_id == "p"]
        assert [act.action for act in acts].count("layer.replace") == 3


def test_rights_hold(editor: Editor) -> None:
    path = f"{DRAFT}/{code('A')}"
    feature, tag = editor.get(path)
    analyst = Editor(editor.world, ANALYST)
    analyst.send("GET", path, status=404)  # a draft is for who may draw
    analyst.send("PUT", path, feature, status=403, if_match=tag)
    street = Editor(editor.world, OF_STREET)
    _, mine = street.get(path)
    street.send("PATCH", path, {"properties": {"name": "街道改"}}, status=204, if_match=mine)
    there = next(c for c in editor.shapes() if c.startswith("ZEBRA"))
    street.send("GET", f"{DRAFT}/{there}", status=404)
    street.send("DELETE", f"{DRAFT}/{there}", status=404, if_match='"x"')
    east = shapely.box(X0 + 2.5 * CELL, Y0 + 2.2 * CELL, X0 + 3.5 * CELL, Y0 + 2.8 * CELL)
    drawn = {"type": "Feature", "properties": {"name": "越界"}, "geometry": shapely.geometry.mapping(east)}
    street.send("POST", DRAFT, drawn, status=403)
    street.send("POST", LAYER, drawn, status=403)


def test_the_methods_that_are_allowed_are_told(editor: Editor) -> None:
    for who, path, methods in (
        (PLANNER, DRAFT, "GET, HEAD, OPTIONS, POST"),
        (PLANNER, f"{DRAFT}/{code('A')}", "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"),
        (PLANNER, "/ogc/collections/urban.grid/items", "GET, HEAD, OPTIONS"),
        (OF_STREET, LAYER, "GET, HEAD, OPTIONS"),
    ):
        answer = Editor(editor.world, who).send("OPTIONS", path, status=204)
        assert dict(answer.headers)[b"allow"].decode() == methods

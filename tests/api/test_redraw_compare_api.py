"""A draft beside another one, and a draft as a file that comes back as the same plan."""

import csv
import io
import json
import zipfile
from typing import Any

import geopandas as gpd
import pytest
import shapely
from api_world import CELL, at, check_headers, check_problem
from redraw_planner import Planner
from version_desk import REDRAWN, SET, Desk, plan_of

from gridmap.files.exports import safe_name

FORMULA = '=HYPERLINK("http://x";"甲")'


@pytest.fixture
def planner(fresh_world) -> Planner:
    desk = Desk(fresh_world.client)
    draft = desk.draft()
    desk.put(draft, plan_of(REDRAWN))
    return Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")


def number_of(planner: Planner) -> int:
    return int(planner.base.split("/")[-2])


def compared(planner: Planner, other: int, language: str = "en") -> dict[str, Any]:
    answer = planner.client.get(f"{planner.base}/compare?with={other}", headers={"accept-language": language})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_draft_is_its_own_equal(planner) -> None:
    planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    found = compared(planner, number_of(planner))
    assert (found["rows"], found["total"], found["pieces"]["features"]) == ([], 0, [])


def test_every_kind_of_difference_has_its_row_and_sentence(planner) -> None:
    other = Planner(planner.client, planner.base)
    draft = Desk(planner.client).draft(based_on=number_of(planner))
    other.base = f"{SET}/drafts/{draft['number']}/redraw"
    assert compared(other, number_of(planner))["total"] == 0
    done = other.done("split", code="A", line=[at(-0.3, 2.4), at(2.3, 2.5)], name="新格")
    (new,) = {f["id"] for f in done["changed"]["features"]} - {"A", "B", "C", "E", "S", "T"}
    other.done("merge", codes=["C", "E"], into="C")
    other.done("attributes", code="B", name="东格", households=7)
    found = compared(other, number_of(planner))
    rows = {r["code"]: r for r in found["rows"]}
    assert set(rows) == {"A", "B", "C", "E", new}
    before, after = planner.areas(), other.areas()
    m2 = rows["C"]["area_before_m2"] / before["C"].area
    assert rows[new]["change"] == "founded"
    assert rows[new]["gained_m2"] == pytest.approx(after[new].area * m2, rel=1e-3)
    assert rows["A"]["lost_m2"] == pytest.approx(rows[new]["gained_m2"], abs=0.01)
    assert rows["A"]["gained_m2"] == 0
    assert (rows["E"]["change"], rows["E"]["area_after_m2"]) == ("gone", 0)
    assert rows["C"]["gained_m2"] == pytest.approx(rows["E"]["lost_m2"], abs=0.01)
    assert (rows["B"]["name_after"], rows["B"]["households_before"], rows["B"]["households_after"]) == ("东格", 300, 7)
    assert rows["B"]["sentence"] == "东格 (B) was called 网格B, has 7 households instead of 300."
    assert rows["E"]["sentence"].startswith("网格E (E) is gone")
    pieces = {(p["properties"]["old_code"], p["properties"]["new_code"]) for p in found["pieces"]["features"]}
    assert pieces == {("A", new), ("E", "C")}
    chinese = {r["code"]: r["sentence"] for r in compared(other, number_of(planner), "zh")["rows"]}
    assert chinese["B"] == "“东格”（B）由“网格B”更名，户数由 300 变为 7。"
    assert chinese[new].startswith("新设“新格”")
    # the other way round
    turned = {r["code"]: r for r in compared(planner, draft["number"])["rows"]}
    assert (turned[new]["change"], turned["E"]["change"]) == ("gone", "founded")


def test_a_draft_beside_a_version_and_beside_nothing(planner) -> None:
    rows = {r["code"]: r for r in compared(planner, 2)["rows"]}
    assert rows["D"]["change"] == "gone"
    assert rows["E"]["change"] == "founded"
    check_problem(planner.get("/compare?with=99"), 404, "version_unknown")
    assert planner.get("/compare").status_code == 422


def taken(planner: Planner, form: str, level: str | None = "grid") -> Any:
    answer = planner.get(f"/export?format={form}" + (f"&level={level}" if level else ""))
    assert answer.status_code == 200, answer.text
    check_headers(answer)
    return answer


def drawn(planner: Planner) -> None:
    planner.done("move_vertex", at=at(1, 1), to=at(1.2, 1.1))
    planner.done("split", code="A", line=[at(-0.3, 2.4), at(2.3, 2.5)], name="新格")
    planner.done("attributes", code="B", name=FORMULA)


def test_geojson_comes_back_as_the_same_plan(planner) -> None:
    drawn(planner)
    shapes = planner.areas()
    body = taken(planner, "geojson").content
    number = number_of(planner)
    desk = Desk(planner.client)
    fresh = desk.draft(based_on=1)
    answer = desk.put(fresh, body)
    assert answer.status_code == 200, answer.text
    other = Planner(planner.client, f"{SET}/drafts/{fresh['number']}/redraw")
    back = other.areas()
    assert back.keys() == shapes.keys()
    for code, shape in shapes.items():
        ours, theirs = (sorted(map(tuple, shapely.get_coordinates(s).tolist())) for s in (shape, back[code]))
        assert set(ours) == set(theirs), code
        assert shapely.equals(shape, back[code])
    assert compared(other, number)["total"] == 0
    # and into the draft it came from: nothing is otherwise
    versions = planner.client.get(f"{SET}/versions").json()["versions"]
    (held,) = [v for v in versions if v["number"] == number]
    assert desk.put(held, body).status_code == 200
    assert {c: s.normalize() for c, s in planner.areas().items()} == {c: s.normalize() for c, s in shapes.items()}


@pytest.mark.parametrize(("form", "suffix"), [("gpkg", ".gpkg"), ("shp", ".zip"), ("geojson", ".geojson")])
def test_files_are_read_by_others(planner, form, suffix, tmp_path) -> None:
    drawn(planner)
    shapes = planner.areas()
    answer = taken(planner, form, None)
    name = answer.headers["content-disposition"]
    assert f'filename="urban-{number_of(planner)}-3{suffix}"' in name
    path = tmp_path / f"taken{suffix}"
    path.write_bytes(answer.content)
    frame = gpd.read_file(path)
    assert frame.crs.to_epsg() == 4326
    grids = frame[frame["level"] == "grid"].set_index("code")
    assert set(grids.index) == set(shapes)
    assert set(frame.loc[frame["level"] == "street", "code"]) == {"S", "T"}
    assert grids.loc["B", "name"] == FORMULA
    for code, shape in shapes.items():
        assert shapely.symmetric_difference(grids.geometry[code], shape).area < 1e-12 * CELL**2
    assert grids.loc["B", "parent" if form == "shp" else "parent_code"] == "T"
    assert grids.loc["C", "households"] == 300


def test_a_shapefile_has_names_that_harm_nobody(planner) -> None:
    names = zipfile.ZipFile(io.BytesIO(taken(planner, "shp").content)).namelist()
    stem = f"urban-{number_of(planner)}-0-grid"
    assert {f"{stem}.{x}" for x in ("shp", "dbf", "shx", "prj", "cpg")} == set(names)
    assert safe_name("../../市/a b", "4") == "a_b-4"
    assert safe_name("市") == "plan"


def test_csv_runs_nothing(planner) -> None:
    drawn(planner)
    rows = {r["code"]: r for r in csv.DictReader(io.StringIO(taken(planner, "csv", None).text))}
    assert set(rows) == {*planner.areas(), "S", "T"}
    assert rows["B"]["name"] == f"'{FORMULA}"
    assert rows["C"]["households"] == "300"
    assert shapely.equals(shapely.from_wkt(rows["C"]["wkt"]), planner.areas()["C"])


def test_what_cannot_be_taken_away_says_so(planner) -> None:
    check_problem(planner.get("/export?format=geojson&level=nowhere"), 422, "level_not_in_set")
    assert planner.get("/export?format=kml").status_code == 422
    assert planner.get("/export").status_code == 422


def test_the_trail_says_who_took_a_draft_away(planner, fresh_world) -> None:
    taken(planner, "geojson")
    with fresh_world.store.unit_of_work() as work:
        acts = [e.act for e in work.trail.entries() if e.act.action == "draft.export"]
    (act,) = acts
    assert (act.subject, act.detail) == (f"urban/{number_of(planner)}", {"areas": 6})
    assert json.loads(taken(planner, "geojson").content)["type"] == "FeatureCollection"

"""The commands as a person types them, on real and on drawn files."""

import json
import socket
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from builders import tiling
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.crs import area_m2, wgs84_to_gcj02
from gridmap.services.ports import FeatureFilter
from gridmap.store.engine import open_store


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")
    monkeypatch.delenv("GRIDMAP_DEFAULT_SET", raising=False)


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


@pytest.fixture
def grids(tmp_path: Path) -> Path:
    path = tmp_path / "grids.geojson"
    frame = tiling("AAB\nCCB")
    frame["name"] = frame["code"].map(lambda c: f"网格{c}")
    frame[["code", "name", "geometry"]].to_file(path, driver="GeoJSON")
    return path


def inside(path: Path, code: str) -> tuple[float, float]:
    frame = gpd.read_file(path).set_index("code")
    point = frame.geometry[code].representative_point()
    return point.x, point.y


def load(grids: Path, *more: object, status: int = 0) -> str:
    return run(
        "import", "boundaries", grids, "--set", "urban", "--level", "grid",
        "--code-column", "code", "--name-column", "name", *more, status=status,
    )  # fmt: skip


def test_a_rehearsal_says_so_and_leaves_no_store(grids: Path, tmp_path: Path) -> None:
    out = load(grids)
    assert "rehearsal; nothing was written" in out
    assert not (tmp_path / "store.gpkg").exists()


def test_import_then_locate(grids: Path) -> None:
    assert "Published: set urban, version 1" in load(grids, "--commit")
    out = run("locate", *inside(grids, "B"))
    assert "Grid: B 网格B" in out
    assert "inside the grid" in out
    assert "By set urban, version 1" in out


def test_locate_prints_json_with_the_chain(grids: Path) -> None:
    load(grids, "--commit")
    answer = json.loads(run("locate", *inside(grids, "A"), "--json"))
    assert answer["grid"] == {"code": "A", "name": "网格A", "level": "grid"}
    assert answer["method"] == "inside"
    assert [link["code"] for link in answer["chain"]] == ["A"]


def test_locate_on_a_corner_names_the_other_candidates(grids: Path) -> None:
    load(grids, "--commit")
    frame = gpd.read_file(grids).set_index("code")
    shared = frame.geometry["A"].intersection(frame.geometry["C"]).geoms[0].coords[0]
    answer = json.loads(run("locate", *shared, "--json"))
    assert answer["method"] == "border"
    assert answer["grid"]["code"] == "A"
    assert "C" in [c["code"] for c in answer["candidates"]]


def test_a_point_far_outside_goes_to_the_unassigned_queue(grids: Path) -> None:
    load(grids, "--commit")
    out = run("locate", "-10.5", "-20.25")
    assert "No grid holds this point" in out
    assert "unassigned queue" in out


def test_locate_without_a_store_says_what_to_do() -> None:
    out = run("locate", "120", "36", status=2)
    assert "[store_missing]" in out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("locate", "181", "0"), "coordinate_out_of_range"),
        (("locate", "nan", "0"), "coordinate_out_of_range"),
        (("locate", "1", "1", "--at", "yesterday"), "bad_date"),
        (("locate", "1", "1", "--datum", "mars"), "datum_unknown"),
        (("locate", "1", "1", "--set", "health"), "set_unknown"),
    ],
)
def test_a_wrong_question_gets_a_clear_answer(grids: Path, words: tuple[str, ...], code: str) -> None:
    load(grids, "--commit")
    assert f"[{code}]" in run(*words, status=2)


def test_findings_in_the_way_end_with_status_1_and_write_nothing(grids: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(grids)
    frame.loc[0, "geometry"] = frame.geometry[0].buffer(0.0005)
    bad = tmp_path / "bad.geojson"
    frame.to_file(bad, driver="GeoJSON")
    out = load(bad, "--commit", status=1)
    assert "overlap" in out
    assert "nothing was written" in out
    assert "[no_sets]" in run("locate", *inside(grids, "A"), status=2)
    assert "Published" in load(bad, "--commit", "--accept-findings", "old survey")


def test_incidents_are_joined_counted_and_known_again(grids: Path, tmp_path: Path) -> None:
    load(grids, "--commit")
    points = [inside(grids, code) for code in "ABC"]
    file = tmp_path / "incidents.csv"
    rows = [f"2026-05-0{i + 1} 08:00,{x},{y},E101" for i, (x, y) in enumerate(points)]
    file.write_text("occurred_at,lon,lat,category\n" + "\n".join(rows), encoding="utf-8")
    assert "3 rows: 3 new" in run("import", "incidents", file, "--commit")
    assert "3 rows: 0 new, 3 known already" in run("import", "incidents", file, "--commit")


def test_a_bad_row_stops_the_import_unless_skipped(grids: Path, tmp_path: Path) -> None:
    load(grids, "--commit")
    x, y = inside(grids, "A")
    file = tmp_path / "incidents.csv"
    file.write_text(f"occurred_at,lon,lat,category\n2026-05-01,{x},{y},E1\n2026-05-02,{x},n/a,E1\n", encoding="utf-8")
    out = run("import", "incidents", file, "--commit", status=1)
    assert "ine 3" in out
    assert "nothing was written" in out
    assert "2 rows: 1 new, 0 known already, 1 with findings" in run(
        "import", "incidents", file, "--commit", "--skip-bad"
    )


def test_patrols_are_imported(grids: Path, tmp_path: Path) -> None:
    load(grids, "--commit")
    x, y = inside(grids, "C")
    file = tmp_path / "fixes.csv"
    file.write_text(f"worker,time,lon,lat\nw1,2026-05-01T08:00:00Z,{x},{y}\n", encoding="utf-8")
    assert "1 rows: 1 new" in run("import", "patrols", file, "--commit")


def test_staff_of_an_unknown_grid_is_a_finding(grids: Path, tmp_path: Path) -> None:
    load(grids, "--commit")
    file = tmp_path / "staff.csv"
    file.write_text("grid_code,role,name,phone\nA,head,王小明,010\nX,worker,李华,011\n", encoding="utf-8")
    assert "There is no grid X" in run("import", "staff", file, "--commit", status=1)
    file.write_text("grid_code,role,name,phone\nA,head,王小明,010\n", encoding="utf-8")
    run("import", "staff", file, "--commit")
    assert "王小明" in run("locate", *inside(grids, "A"))


def test_staff_hold_from_their_day(grids: Path, tmp_path: Path) -> None:
    load(grids, "--commit")
    file = tmp_path / "staff.csv"
    file.write_text("grid_code,role,name\nA,head,王小明\n", encoding="utf-8")
    assert "from the beginning" in run("import", "staff", file, "--commit")
    file.write_text("grid_code,role,name\nA,head,李华\n", encoding="utf-8")
    assert "Holds from 2026-07-01" in run("import", "staff", file, "--valid-from", "2026-07-01", "--commit")
    file.write_text("grid_code,role,name\nA,head,张强\n", encoding="utf-8")
    said = run("import", "staff", file, "--valid-from", "2026-06-01", "--commit")
    assert "from 2026-06-01 up to 2026-07-01" in said
    place = inside(grids, "A")
    for day, name in (("2020-01-01", "王小明"), ("2026-06-30", "张强"), ("2026-07-01", "李华")):
        assert name in run("locate", *place, "--at", day)
    assert "Holds from 2026-08-01" in run("import", "staff", file, "--valid-from", "2026-08-01")
    assert "李华" in run("locate", *place, "--at", "2026-09-01"), "a rehearsal writes nothing"


def test_profiles_of_grids_hold_from_their_day(grids: Path, tmp_path: Path) -> None:
    load(grids, "--commit")
    file = tmp_path / "profiles.csv"
    file.write_text("网格编码,户数,流动人口,责任部门\nA,300,2000,综治办\nB,,2001,\nC,,,\n", encoding="utf-8")
    said = run("import", "profiles", file, "--commit")
    assert "Grid B has 2,001 floating residents" in said
    assert "Grid A has" not in said
    assert "Grid C has nothing but its code" in said
    file.write_text("grid_code,households\nA,310\n", encoding="utf-8")
    assert "Holds from 2026-07-01" in run("import", "profiles", file, "--valid-from", "2026-07-01", "--commit")

    def known(day: str) -> tuple[int | None, str]:
        profile = json.loads(run("locate", *inside(grids, "A"), "--at", day, "--json"))["profile"]
        return profile["households"], profile["department"]

    assert known("2026-06-30") == (300, "综治办")
    assert known("2026-07-01") == (310, "")
    assert "Department: 综治办" in run("locate", *inside(grids, "A"), "--at", "2026-06-30")
    assert "Department" not in run("locate", *inside(grids, "A"), "--at", "2026-07-01")


@pytest.mark.parametrize(
    ("text", "said", "status"),
    [
        ("grid_code,households\nX,1\n", "There is no grid X", 1),
        ("grid_code,households\nA,1\nA,2\n", "Grid A comes 2 times", 1),
        ("grid_code,households\nA,-1\n", "[bad_row]", 2),
        ("grid_code,households\nA,1.5\n", "[bad_row]", 2),
        ("grid_code,households\nA,99999999999\n", "[bad_row]", 2),
        ("grid_code,households\n,1\n", "[bad_row]", 2),
        ("grid_code\nA\n", "[column_missing]", 2),
        ("households\n1\n", "[column_unknown]", 2),
    ],
)
def test_profiles_with_faults_are_not_written(grids: Path, tmp_path: Path, text: str, said: str, status: int) -> None:
    load(grids, "--commit")
    file = tmp_path / "profiles.csv"
    file.write_text(text, encoding="utf-8")
    assert said in run("import", "profiles", file, "--commit", status=status)
    assert json.loads(run("locate", *inside(grids, "A"), "--json"))["profile"] is None


def test_a_layer_of_facilities_holds_from_its_day(grids: Path, tmp_path: Path) -> None:
    load(grids, "--commit")
    file = tmp_path / "stations.geojson"
    places = {"s1": inside(grids, "A"), "s2": inside(grids, "B"), "far": (0.5, 50.0)}

    def write(**states: str) -> None:
        rows = {"code": list(states), "name": "站", "状态": list(states.values())}
        points = gpd.points_from_xy(*zip(*(places[c] for c in states), strict=True))
        gpd.GeoDataFrame(rows, geometry=points, crs=4326).to_file(file, driver="GeoJSON")

    def stored(day: str) -> list[tuple[str, str, str | None]]:
        with open_store(f"sqlite:///{tmp_path}/store.gpkg").unit_of_work() as work:
            found = work.features.frame(FeatureFilter("stations", date.fromisoformat(day)))
        owners = [None if pd.isna(code) else code for code in found["grid_code"]]
        return list(zip(found["code"], found["state"], owners, strict=True))

    write(s1="规划", far="open")
    said = run("import", "layer", file, "--name", "stations", "--title", "服务站", "--commit")
    assert "from the beginning" in said
    assert "Feature far lies in no grid" in said
    write(s1="启用", s2="built")
    run("import", "layer", file, "--name", "stations", "--valid-from", "2026-07-01", "--commit")
    assert stored("2026-06-30") == [("far", "open", None), ("s1", "planned", "A")]
    assert stored("2026-07-01") == [("s1", "open", "A"), ("s2", "built", "B")]
    run("import", "layer", file, "--name", "stations", "--state", "planned", "--valid-from", "2026-08-01")
    assert stored("2026-09-01") == stored("2026-07-01"), "a rehearsal writes nothing"
    write(s1="拆除")
    assert "Feature 1 has a state" in run("import", "layer", file, "--name", "stations", "--commit", status=1)
    assert "[state_unknown]" in run("import", "layer", file, "--name", "x", "--state", "gone", status=2)
    assert "[bad_name]" in run("import", "layer", file, "--name", "a b/c", "--state", "open", status=2)
    assert stored("2026-09-01") == stored("2026-07-01")


def test_join_keeps_rows_order_and_texts(grids: Path, tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    rows = [(f"00{i}", *inside(grids, c)) for i, c in enumerate("CABBA")]
    file.write_text("no,lon,lat\n" + "\n".join(f"{n},{x},{y}" for n, x, y in rows) + "\n009,,\n", encoding="utf-8")
    out = tmp_path / "joined.csv"
    said = run("join", file, "-o", out, "--boundaries", grids, "--code-column", "code")
    joined = pd.read_csv(out, dtype=str)
    assert joined["no"].tolist() == ["000", "001", "002", "003", "004", "009"]
    assert joined["grid_code"].tolist()[:5] == list("CABBA")
    assert joined["grid_code"].isna().tolist()[5]
    assert "unreadable coordinates, left empty: 1" in said


def test_join_refuses_overlaps_when_strict_and_counts_them_otherwise(grids: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(grids)
    frame.loc[frame["code"] == "B", "geometry"] = frame.geometry[0].buffer(0.0005)
    bad = tmp_path / "bad.geojson"
    frame.to_file(bad, driver="GeoJSON")
    file = tmp_path / "points.csv"
    x, y = inside(grids, "A")
    file.write_text(f"lon,lat\n{x},{y}\n", encoding="utf-8")
    out = tmp_path / "joined.csv"
    assert "[boundaries_overlap]" in run("join", file, "-o", out, "--boundaries", bad, "--strict", status=2)
    assert not out.exists()
    assert "decided by the lowest code: 1" in run("join", file, "-o", out, "--boundaries", bad)


def test_check_has_three_exit_statuses(grids: Path, tmp_path: Path) -> None:
    run("check", grids, status=0)
    frame = gpd.read_file(grids)
    frame.loc[0, "geometry"] = frame.geometry[0].buffer(-0.001)
    bad = tmp_path / "bad.geojson"
    frame.to_file(bad, driver="GeoJSON")
    run("check", bad, "--parent", grids, status=1)
    (tmp_path / "not.geojson").write_text("hello", encoding="utf-8")
    run("check", tmp_path / "not.geojson", status=2)
    run("check", tmp_path / "missing.geojson", status=2)


def test_join_says_why_places_could_not_be_read(grids: Path, tmp_path: Path) -> None:
    points = tmp_path / "swapped.csv"
    points.write_text("lon,lat\n36.0,120.0\n36.1,120.1\n,\n", encoding="utf-8")
    said = run("join", points, "-o", tmp_path / "out.csv", "--boundaries", grids, "--code-column", "code")
    assert said.count("point_looks_swapped: Line 2 ") == 1
    assert said.count("point_missing: Line 4 ") == 1


@pytest.mark.parametrize(
    ("name", "value"), [("GRIDMAP_TIME_ZONE", "Mars/X"), ("GRIDMAP_MAX_PAGE", "many"), ("GRIDMAP_LANGUAGE", "fr")]
)
def test_a_wrong_setting_is_named_and_not_echoed(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    said = run("locate", 120, 36, status=2)
    assert "[bad_setting]" in said
    assert name in said
    assert value not in said


def test_no_output_replaces_a_file_that_was_read(grids: Path, tmp_path: Path) -> None:
    points, areas = tmp_path / "p.csv", tmp_path / "areas.parquet"
    points.write_text("lon,lat\n120.0,36.0\n", encoding="utf-8")
    gpd.read_file(grids).to_parquet(areas)
    before = areas.read_bytes()
    join = ("join", points, "-o", areas, "--boundaries", areas, "--code-column", "code")
    assert "[output_is_input]" in run(*join, status=2)
    assert "[output_is_input]" in run("check", grids, "--parent", areas, "--fix", areas, status=2)
    assert areas.read_bytes() == before


def test_check_finds_parents_by_place_where_the_file_names_none(grids: Path, tmp_path: Path) -> None:
    parent = tmp_path / "streets.geojson"
    tiling("PPP\nPPP")[["code", "geometry"]].to_file(parent, driver="GeoJSON")
    run("check", grids, "--parent", parent, status=0)
    small = tmp_path / "small.geojson"
    tiling("PPQ\nPPQ").iloc[:1][["code", "geometry"]].to_file(small, driver="GeoJSON")
    found = json.loads(run("check", grids, "--parent", small, "--format", "json", status=1))["findings"]
    assert [(f["rule"], f["codes"]) for f in found] == [("outside_parent", ["B"])]


def test_check_prints_the_json_of_the_contract(grids: Path, tmp_path: Path) -> None:
    frame = gpd.read_file(grids)
    frame.loc[0, "geometry"] = frame.geometry[0].buffer(0.0005)
    bad = tmp_path / "bad.geojson"
    frame.to_file(bad, driver="GeoJSON")
    before = bad.read_bytes()
    fixed = tmp_path / "fixed.geojson"
    body = json.loads(run("check", bad, "--format", "json", "--fix", fixed, status=1))
    overlap = next(f for f in body["findings"] if f["rule"] == "overlap")
    assert {"rule", "severity", "codes", "measure", "unit", "geometry"} <= set(overlap)
    assert overlap["unit"] == "m2"
    assert body["summary"]["repair"]["largest"]["change_m2"] > 0
    assert bad.read_bytes() == before
    run("check", fixed, status=0)


def test_the_input_is_never_the_output(grids: Path) -> None:
    assert "[output_is_input]" in run("check", grids, "--fix", grids, status=2)


def test_serving_beyond_this_machine_wants_a_word() -> None:
    assert "[no_sign_in]" in run("serve", "--host", "0.0.0.0", status=2)


@pytest.mark.real_data
def test_new_york_all_shootings_have_their_precinct(shared_data: Path, tmp_path: Path) -> None:
    run(
        "import", "boundaries", shared_data / "nyc_precincts.gpkg", "--set", "police", "--level", "precinct",
        "--code-column", "Precinct", "--commit",
    )  # fmt: skip
    out = run("import", "incidents", shared_data / "nyc_shootings.csv", "--category", "shooting", "--commit")
    assert "967 rows: 967 new" in out
    assert "inside a grid: 967" in out
    joined = tmp_path / "joined.csv"
    run(
        "join", shared_data / "nyc_shootings.csv", "-o", joined,
        "--boundaries", shared_data / "nyc_precincts.gpkg", "--code-column", "Precinct",
    )  # fmt: skip
    assert pd.read_csv(joined)["grid_code"].notna().sum() == 967


@pytest.mark.real_data
def test_vancouver_is_repaired_and_the_largest_change_is_shown(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "fixed.geojson"
    said = run(
        "check", shared_data / "vancouver_neighbourhoods.geojson", "--code-column", "mapid",
        "--format", "json", "--fix", out, status=1,
    )  # fmt: skip
    repair = json.loads(said)["summary"]["repair"]
    # SOURCES.md: the largest change of one polygon is 5,382 m2
    assert repair["largest"]["change_m2"] == pytest.approx(5382, rel=0.01)
    assert repair["remaining_findings"] == 0
    run("check", out, "--code-column", "code", status=0)


@pytest.mark.real_data
def test_the_chinese_outlines_keep_their_area(shared_data: Path, tmp_path: Path) -> None:
    outlines = gpd.read_file(shared_data / "cn_districts_3.geojson")
    # SOURCES.md, in CGCS2000 zones 4548 and 4549
    wanted_km2 = {"amap": (41.89, 392.1, 2129.6), "tianditu": (41.65, 387.5, 2063.0)}
    for source, areas in wanted_km2.items():
        file = tmp_path / f"{source}.geojson"
        outlines[outlines["source"] == source].to_file(file, driver="GeoJSON")
        run(
            "import", "boundaries", file, "--set", source, "--level", "district",
            "--code-column", "district_adcode", "--datum", "wgs84", "--commit",
        )  # fmt: skip
        store = open_store(f"sqlite:///{tmp_path}/store.gpkg")
        with store.unit_of_work() as work:
            frame = work.boundaries.grids(work.boundaries.list_versions(source)[-1])
        store.close()
        assert frame["code"].tolist() == ["110101", "320113", "370211"]
        before = outlines[outlines["source"] == source].set_index("district_adcode").geometry
        for code, shape, rounded in zip(frame["code"], frame.geometry, areas, strict=True):
            kept = float(area_m2([shape])[0])
            # nothing is lost on the way in: the same area as the file's, to 0.01 %
            assert kept == pytest.approx(float(area_m2([before[int(code)]])[0]), rel=1e-4)
            # and the published figure, to its last digit
            digits = len(str(rounded).split(".")[1])
            assert kept / 1e6 == pytest.approx(rounded, abs=0.5 * 10**-digits * 1.2)


def test_context_is_shifted_back_and_replaces_the_former(tmp_path: Path) -> None:
    file = tmp_path / "context.geojson"
    x, y = wgs84_to_gcj02([120.0], [36.0])
    gpd.GeoDataFrame({"kind": ["water"]}, geometry=gpd.points_from_xy(x, y), crs=4326).to_file(file)
    for _ in range(2):
        assert "1" in run("import", "context", file, "--datum", "gcj02", "--commit")
    with open_store(f"sqlite:///{tmp_path}/store.gpkg").unit_of_work() as work:
        (point,) = work.context.frame().geometry
    assert (point.x, point.y) == pytest.approx((120.0, 36.0), abs=1e-6)


def test_context_of_an_unknown_kind_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "context.geojson"
    gpd.GeoDataFrame({"kind": ["sewer"]}, geometry=gpd.points_from_xy([120], [36]), crs=4326).to_file(file)
    assert "bad_context_kind" in run("import", "context", file, "--commit", status=1)
    assert not (tmp_path / "store.gpkg").exists()


def test_a_taken_port_is_named_before_anything_is_built(grids: Path, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert "[port_taken]" in run("demo", "--port", port, "--no-browser", "--db", tmp_path / "d.gpkg", status=2)
        assert not (tmp_path / "d.gpkg").exists()
        load(grids, "--commit")
        assert "[port_taken]" in run("serve", "--port", port, status=2)


def test_serve_says_where_it_listens(grids: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(grids, "--commit")
    served: list[int] = []
    monkeypatch.setattr("gridmap.cli.serve.run", lambda url, host, port, workers, own: served.append(port))
    said = run("serve", "--port", 0)
    assert f"http://127.0.0.1:{served[0]}/" in said
    assert served[0] > 0

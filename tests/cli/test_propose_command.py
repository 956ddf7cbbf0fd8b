"""``gridmap propose`` as a person types it."""

import csv
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from builders import tiling
from typer.testing import CliRunner

from gridmap.cli import app

PARENTS = dict.fromkeys("ABCD", "X") | dict.fromkeys("EFG", "Y")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["propose", *(str(w) for w in words)])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


@pytest.fixture
def grids(tmp_path: Path) -> Path:
    frame = tiling("AABBEE\nAACCFF\nDDCCFG\nDDCCGG", cell=2.0**-9)
    frame["parent_code"] = frame["code"].map(PARENTS)
    frame["households"] = [120, 30, 90, 60, 200, 100, 150]
    path = tmp_path / "grids.geojson"
    frame[["code", "name", "parent_code", "households", "geometry"]].to_file(path, driver="GeoJSON")
    return path


def shapes(path: Path) -> gpd.GeoDataFrame:
    frame = gpd.read_file(path)
    assert shapely.coverage_is_valid(np.asarray(frame.geometry.array))
    return frame.set_index("code")


def test_unit_grids_cover_communities(tmp_path: Path, grids: Path) -> None:
    out = tmp_path / "units.gpkg"
    said = run("units", grids, out, "--cell", 60)
    found = shapes(out)
    assert f"{len(found)} unit grids cover 7 areas" in said
    whole = shapely.area(gpd.read_file(grids).geometry.array).sum()
    assert shapely.area(found.geometry.array).sum() == pytest.approx(whole, rel=1e-9)
    assert set(found["parent_code"]) == set("ABCDEFG")


def test_candidates_are_whole_plans_with_a_table(tmp_path: Path, grids: Path) -> None:
    out, table = tmp_path / "plan.gpkg", tmp_path / "table.csv"
    said = run("grids", grids, out, "--area", "X", "--cell", 60, "--tolerance", 0.2, "--table", table, "--effort", 0.1)
    assert "today: 4 grids" in said
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [r["puts_first"] for r in rows][:2] == ["today", "least"]
    before = shapes(grids)
    for row in rows[1:]:
        after = shapes(tmp_path / f"plan-{row['candidate']}.gpkg")
        assert float(row["worst_deviation"]) <= 0.2 + 1e-6
        assert after["households"].sum() == before["households"].sum()
        assert set(after["parent_code"]) == {"X", "Y"}
        # the other community keeps its grids
        for code in "EFG":
            assert shapely.equals(after.geometry[code].geoms[0].normalize(), before.geometry[code].normalize())
    assert not list(tmp_path.glob(".*part*"))


def test_locked_grids_stay_and_the_number_counts_the_others(tmp_path: Path, grids: Path) -> None:
    run("grids", grids, tmp_path / "p.geojson", "--area", "X", "--lock", "D", "--grids", 4, "--cell", 60, "--tolerance",
        0.3, "--effort", 0.1)  # fmt: skip
    after, before = shapes(tmp_path / "p-1.geojson"), shapes(grids)
    assert (after["parent_code"] == "X").sum() == 5
    assert "X-1" in after.index
    assert shapely.equals(after.geometry["D"], before.geometry["D"])


def test_it_says_which_rule_to_relax(tmp_path: Path, grids: Path) -> None:
    said = run("grids", grids, tmp_path / "p.gpkg", "--area", "X", "--floor", 1000, "--cell", 60, status=1)
    assert "X has 300 in all, under the floor of 1,000" in said
    assert list(tmp_path.glob("p-*")) == []


def test_units_and_buildings_of_files_weigh(tmp_path: Path, grids: Path) -> None:
    units = tmp_path / "units.geojson"
    run("units", grids, units, "--cell", 80)
    frame = gpd.read_file(units)
    frame["cases"] = range(len(frame))
    frame.to_file(units, driver="GeoJSON")
    words = ("--units", units, "--weight", "cases", "--tolerance", 0.3, "--effort", 0.1)
    run("grids", grids, tmp_path / "a.gpkg", *words)
    houses = tmp_path / "houses.geojson"
    points = gpd.GeoDataFrame(
        {"code": frame["code"]}, geometry=shapely.point_on_surface(frame.geometry.array), crs=4326
    )
    points.to_file(houses, driver="GeoJSON")
    words = ("--buildings", houses, "--weight", "count", "--cell", 80, "--tolerance", 0.3, "--effort", 0.1)
    run("grids", grids, tmp_path / "b.gpkg", *words)
    assert (tmp_path / "a-1.gpkg").exists()
    assert (tmp_path / "b-1.gpkg").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--floor", 9, "--ceiling", 8), "propose_floor_over_ceiling"),
        (("--cell", 1e9), "propose_cell_size"),
        (("--cell", 5), "propose_too_many_units"),
        (("--area", "Z"), "propose_area_unknown"),
        (("--lock", "Z"), "redraw_area_unknown"),
        (("--weight", "nothing"), "propose_weight_missing"),
        (("--scheme", "nonsense"), "code_scheme_unknown"),
        (("--area", "X", "--lock", "A", "--lock", "B", "--lock", "C", "--lock", "D"), "propose_no_grids"),
    ],
)
def test_bad_input_is_refused_clearly(tmp_path: Path, grids: Path, words: tuple[object, ...], code: str) -> None:
    assert f"[{code}]" in run("grids", grids, tmp_path / "p.gpkg", "--effort", 0.01, *words, status=2)
    assert list(tmp_path.glob("p-*")) == []


def test_an_output_that_is_the_input_is_refused(tmp_path: Path, grids: Path) -> None:
    same = tmp_path / "grids-1.geojson"
    same.write_bytes(grids.read_bytes())
    assert "[output_is_input]" in run("grids", same, tmp_path / "grids.geojson", status=2)


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path, grids: Path) -> None:
    words = [sys.executable, "-m", "gridmap", "propose", "grids", grids, tmp_path / "p.gpkg", "--cell", 20]
    child = subprocess.Popen(
        [*map(str, words), "--effort", "100"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        # a run of the tests in the background has the signal ignored, and would hand that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    time.sleep(6)
    assert child.poll() is None
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 130
    assert sorted(p.name for p in tmp_path.iterdir()) == ["grids.geojson"]

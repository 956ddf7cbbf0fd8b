"""``gridmap codes`` as a person types it."""

import json
from pathlib import Path

import geopandas as gpd
import pytest
from builders import tiling
from typer.testing import CliRunner

from gridmap.cli import app

AREAS = {"A": "371002001001", "B": "371002001002"}


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def write(path: Path, frame: gpd.GeoDataFrame) -> Path:
    frame.to_file(path, driver="GeoJSON")
    return path


@pytest.fixture
def areas(tmp_path: Path) -> Path:
    frame = tiling("AABB\nAABB", cell=2.0**-9)
    frame["code"] = frame["code"].map(AREAS)
    return write(tmp_path / "areas.geojson", frame[["code", "name", "geometry"]])


def cells(**codes: str) -> gpd.GeoDataFrame:
    """Eight grids, four in each area, named by letters, some of them with codes."""
    frame = tiling("abcd\nefgh", cell=2.0**-9)
    frame["name"] = frame["code"]
    frame["code"] = frame["name"].map(codes).astype(object)
    return frame[["code", "name", "geometry"]]


def by_name(path: Path) -> dict[str, str]:
    frame = gpd.read_file(path)
    return {name: code[-6:] for name, code in zip(frame["name"], frame["code"], strict=True)}


def test_grids_are_numbered_by_place_and_the_result_is_clean(tmp_path: Path, areas: Path) -> None:
    grids, out = write(tmp_path / "new.geojson", cells()), tmp_path / "numbered.geojson"
    assert "8 of 8 grids" in run("codes", "number", grids, out, "--parent", areas)
    assert by_name(out) == {"a": "001001", "b": "001002", "e": "001003", "f": "001004"} | {
        "c": "002001",
        "d": "002002",
        "g": "002003",
        "h": "002004",
    }
    assert "0 findings" in run("codes", "check", out)
    assert "8 codes checked by gb15" in run("codes", "check", out, "--parent-column", "parent_code")


def test_a_file_without_a_column_of_codes_is_numbered(tmp_path: Path, areas: Path) -> None:
    grids, out = write(tmp_path / "new.geojson", cells().drop(columns="code")), tmp_path / "out.gpkg"
    run("codes", "number", grids, out, "--parent", areas)
    assert by_name(out)["a"] == "001001"


def test_codes_that_are_there_stay_and_used_ones_do_not_come_back(tmp_path: Path, areas: Path) -> None:
    grids = write(tmp_path / "new.geojson", cells(b=AREAS["A"] + "001"))
    before = write(tmp_path / "before.geojson", cells(a=AREAS["A"] + "002", c=AREAS["B"] + "001").dropna())
    out = tmp_path / "out.geojson"
    assert "7 of 8 grids" in run("codes", "number", grids, out, "--parent", areas, "--used", before)
    assert by_name(out) == {"a": "001003", "b": "001001", "e": "001004", "f": "001005"} | {
        "c": "002002",
        "d": "002003",
        "g": "002004",
        "h": "002005",
    }


def test_no_code_of_any_version_of_a_set_comes_back(tmp_path: Path, areas: Path) -> None:
    for codes in ({"a": AREAS["A"] + "001"}, {"a": AREAS["A"] + "002"}):
        edition = write(tmp_path / "edition.geojson", cells(**codes).dropna())
        run("import", "boundaries", edition, "--set", "urban", "--level", "grid", "--code-column", "code", "--commit")
    grids, out = write(tmp_path / "new.geojson", cells()), tmp_path / "out.geojson"
    run("codes", "number", grids, out, "--parent", areas, "--set", "urban")
    assert by_name(out)["a"] == "001003"
    assert "[set_unknown]" in run("codes", "number", grids, out, "--parent", areas, "--set", "nobody", status=2)


def test_nothing_is_written_where_codes_cannot_be_given(tmp_path: Path, areas: Path) -> None:
    grids, out = write(tmp_path / "new.geojson", cells()), tmp_path / "out.geojson"
    assert "[code_parent_missing]" in run("codes", "number", grids, out, status=2)
    assert "[output_is_input]" in run("codes", "number", grids, grids, "--parent", areas, status=2)
    assert "[code_scheme_unknown]" in run("codes", "number", grids, out, "--scheme", "x", status=2)
    assert "[code_malformed]" in run("codes", "number", grids, out, "--parent", areas, "--scheme", "cjt20", status=2)
    doubled = write(tmp_path / "doubled.geojson", cells(a=AREAS["A"] + "001", b=AREAS["A"] + "001"))
    assert "duplicate_code" in run("codes", "number", doubled, out, "--parent", areas, status=1)
    # nine numbers for a tenth grid: a scheme of one digit
    many = tiling("abcdefghij").assign(code=None)
    many["parent_code"] = AREAS["A"]
    grids = write(tmp_path / "many.geojson", many[["code", "name", "parent_code", "geometry"]])
    found = run("codes", "number", grids, out, "--scheme", "6+3+3+1", "--parent-column", "parent_code", status=2)
    assert "[codes_exhausted]" in found
    assert not out.exists()


def test_the_object_code_stands_in_front(tmp_path: Path, areas: Path) -> None:
    grids, out = write(tmp_path / "new.geojson", cells()), tmp_path / "out.geojson"
    run("codes", "number", grids, out, "--parent", areas, "--scheme", "cjt20", "--front", "010200")
    assert gpd.read_file(out)["code"].min() == "010200" + AREAS["A"] + "01"
    run("codes", "check", out, "--scheme", "cjt20", "--parent-column", "parent_code")


def test_faults_of_codes_are_findings(tmp_path: Path) -> None:
    codes = {
        "a": AREAS["A"] + "001",
        "b": AREAS["A"] + "001",
        "c": AREAS["A"] + "000",
        "d": AREAS["A"] + "01",
        "e": AREAS["A"] + "00x",
        "f": AREAS["B"] + "001",
    }
    frame = cells(**codes).assign(parent_code=AREAS["A"])
    path = write(tmp_path / "grids.geojson", frame)
    body = json.loads(run("codes", "check", path, "--parent-column", "parent_code", "--format", "json", status=1))
    found = sorted((f["rule"], f["fields"].get("kind", ""), *f["codes"][:1]) for f in body["findings"] if f["codes"])
    assert found == sorted(
        [
            ("code_scheme", "digits", codes["e"]),
            ("code_scheme", "length", codes["d"]),
            ("code_scheme", "prefix", codes["f"]),
            ("code_scheme", "serial", codes["c"]),
            ("duplicate_code", "", codes["a"]),
        ]
    )
    assert body["summary"]["by_rule"]["missing_code"] == 2
    assert "code_scheme" in run("codes", "check", path, status=1)

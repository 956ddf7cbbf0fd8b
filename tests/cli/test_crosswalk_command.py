"""``gridmap crosswalk`` as a person types it."""

import csv
import json
from pathlib import Path

import geopandas as gpd
import pytest
from builders import tiling
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.crs import area_m2


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")
    monkeypatch.delenv("GRIDMAP_DEFAULT_SET", raising=False)


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def draw(path: Path, text: str, column: str = "code") -> Path:
    tiling(text)[["code", "geometry"]].rename(columns={"code": column}).to_file(path, driver="GeoJSON")
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return draw(tmp_path / "police.geojson", "AABBB."), draw(tmp_path / "health.geojson", "XXYYZZ", "number")


def rows(path: Path) -> list[tuple[str, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(r["a_code"], r["b_code"], r["relation"]) for r in csv.DictReader(file)]


EXPECTED = [("A", "X", "agree"), ("B", "Y", "contains"), ("B", "Z", "crosses"), ("", "Z", "only_b")]


def test_two_files_give_a_list_a_map_and_a_summary(files: tuple[Path, Path], tmp_path: Path) -> None:
    out, ground = tmp_path / "list.csv", tmp_path / "ground.geojson"
    words = ("--code-column", "code", "--with-code-column", "number")
    said = run("crosswalk", *files, "-o", out, "--map", ground, *words)
    assert rows(out) == EXPECTED
    assert "police.geojson: 2 grids" in said
    assert "health.geojson: 3 grids" in said
    assert "agree: 1, " in said
    assert "B crosses Z: " in said
    assert "only in the second: 1, " in said
    drawn = gpd.read_file(ground)
    assert drawn["relation"].tolist() == [r for *_, r in EXPECTED]
    assert area_m2(drawn.geometry.values) == pytest.approx(drawn["area_m2"].to_numpy(), rel=1e-4)
    again = tmp_path / "again.csv"
    run("crosswalk", *files, "-o", again, *words)
    assert again.read_bytes() == out.read_bytes()


def test_json_has_the_rows_and_the_summary(files: tuple[Path, Path]) -> None:
    body = json.loads(run("crosswalk", *files, "--with-code-column", "number", "--format", "json"))
    assert [(r["a_code"] or "", r["b_code"] or "", r["relation"]) for r in body["rows"]] == EXPECTED
    assert body["rows"][-1]["a_code"] is None
    assert body["summary"]["pairs"]["agree"] == 1
    assert body["summary"]["a_agreeing"] == 1


def publish(file: Path, name: str, column: str, *more: object) -> None:
    run("import", "boundaries", file, "--set", name, "--level", "grid", "--code-column", column, "--commit", *more)


def test_two_sets_of_a_store_are_compared_on_a_day(files: tuple[Path, Path], tmp_path: Path) -> None:
    publish(files[0], "police", "code")
    publish(files[1], "health", "number")
    out = tmp_path / "list.csv"
    said = run("crosswalk", "--set", "police", "--with-set", "health", "--at", "2026-01-01", "-o", out)
    assert rows(out) == EXPECTED
    assert "set police, version 1: 2 grids" in said


def test_one_set_is_compared_on_two_days(files: tuple[Path, Path], tmp_path: Path) -> None:
    publish(files[0], "police", "code")
    later = draw(tmp_path / "later.geojson", "AABBC.")
    publish(later, "police", "code", "--valid-from", "2025-06-01", "--rewrite", "loaded late")
    out = tmp_path / "list.csv"
    run("crosswalk", "--set", "police", "--at", "2025-05-31", "--with-at", "2025-06-01", "-o", out)
    assert rows(out) == [("A", "A", "agree"), ("B", "B", "contains"), ("B", "C", "contains")]


def test_rows_without_ground_are_counted(files: tuple[Path, Path], tmp_path: Path) -> None:
    frame = gpd.read_file(files[0])
    frame.loc[1, "geometry"] = frame.geometry[1].boundary
    part = tmp_path / "part.geojson"
    frame.to_file(part, driver="GeoJSON")
    said = run("crosswalk", part, files[1], "--with-code-column", "number")
    assert "part.geojson: 1 grids\n  1 more have no code or no ground and were left out" in said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "crosswalk_sides"),
        (("--set", "police"), "crosswalk_sides"),
        (("{a}",), "crosswalk_sides"),
        (("{a}", "{b}", "--set", "police"), "crosswalk_sides"),
        (("{a}", "no.geojson"), "file_missing"),
        (("{a}", "{b}", "-o", "{a}"), "output_is_input"),
        (("{a}", "{b}", "--with-code-column", "number", "-o", "list.xlsx"), "output_format"),
        (("--set", "police", "--with-set", "nobody"), "set_unknown"),
        (("--set", "police", "--with-set", "health", "--level", "street"), "level_not_in_set"),
        (("--set", "police", "--with-set", "health", "--at", "soon"), "bad_date"),
        (("--set", "police", "--with-set", "late", "--at", "2020-01-01"), "no_version_at"),
    ],
)
def test_what_cannot_be_done_is_said(files: tuple[Path, Path], words: tuple[str, ...], code: str) -> None:
    if "--set" in words and len(words) > 2:
        publish(files[0], "police", "code")
        publish(files[1], "health", "number")
        publish(files[1], "late", "number", "--valid-from", "2025-01-01")
    given = [w.format(a=files[0], b=files[1]) for w in words]
    assert f"[{code}]" in run("crosswalk", *given, status=2)


def test_doubled_codes_are_refused(tmp_path: Path, files: tuple[Path, Path]) -> None:
    frame = gpd.read_file(files[0]).assign(code="A")
    doubled = tmp_path / "doubled.geojson"
    frame.to_file(doubled, driver="GeoJSON")
    out = tmp_path / "list.csv"
    words = ("--code-column", "code", "--with-code-column", "number", "-o", out)
    assert "[code_duplicate]" in run("crosswalk", doubled, files[1], *words, status=2)
    assert not out.exists()

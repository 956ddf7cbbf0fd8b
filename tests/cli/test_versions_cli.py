"""Sets and versions as a person at the shell handles them."""

import json
from pathlib import Path

import pytest
from builders import tiling
from typer.testing import CliRunner

from gridmap.cli import app

SET = """
name = "urban"
title = "城市管理"
code_scheme = "gb15"
[[levels]]
name = "street"
required = ["name"]
[[levels]]
name = "house"
shapes = "any"
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", f"sqlite:///{tmp_path}/store.gpkg")
    monkeypatch.delenv("GRIDMAP_DEFAULT_SET", raising=False)
    monkeypatch.chdir(tmp_path)


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(w) for w in words])
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def load(drawn: str, *more: object, status: int = 0) -> str:
    tiling(drawn, cell=2.0**-8).to_file("grids.geojson", driver="GeoJSON")
    words = ("import", "boundaries", "grids.geojson", "--set", "urban", "--level", "grid", "--code-column", "code")
    return run(*words, "--commit", *more, status=status)


def test_a_set_is_put_from_a_file_and_listed(tmp_path: Path) -> None:
    Path("urban.toml").write_text(SET, encoding="utf-8")
    assert "rehearsal" in run("set", "put", "urban.toml")
    assert not Path("store.gpkg").exists()
    run("set", "put", "urban.toml", "--commit")
    out = run("set", "list")
    assert "urban  城市管理  version in force: none  revision: 0  code scheme: gb15" in out
    assert "1  house  points allowed" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "no valid TOML"),
        ("[[levels]]\nname='a'", "name is missing"),
        ("name='u'\nlevels=[]", "levels is missing"),
        ("name='u'\nlevels=[1]", "levels[0] is missing"),
        ("name='u'\n[[levels]]\nname='a'\nshapes='blob'", "levels[0].shapes"),
        ("name='u'\n[[levels]]\nname='a'\nrequired=[1]", "levels[0].required"),
        ("name='u'\n[[levels]]\nname='a'\ncolour='red'", "levels[0] is missing"),
        ("name='u'\n[[levels]]\nname='a'\n[[levels]]\nname='a'", "levels is missing"),
        ("name='u/x'\n[[levels]]\nname='a'", "[bad_name]"),
        ("name='u'\ncode_scheme='none'\n[[levels]]\nname='a'", "[code_scheme_unknown]"),
    ],
)
def test_a_wrong_file_of_a_set_says_where(text: str, said: str) -> None:
    Path("wrong.toml").write_text(text, encoding="utf-8")
    assert said in run("set", "put", "wrong.toml", "--commit", status=2)


def test_a_draft_is_checked_published_withdrawn_and_returned_to() -> None:
    load("AB\nCC")
    out = load("AD\nCC", "--draft", "--valid-from", "2099-01-01")
    assert "Draft 2 of set urban" in out
    listed = run("version", "list", "urban")
    assert "1  published  [" in listed
    assert "2  draft  [2099-01-01, open end)" in listed
    report = json.loads(run("version", "check", "urban", 2, "--format", "json"))
    assert report["summary"]["grids"] == 3
    words = ("version", "publish", "urban", 2, "--valid-from", "2099-01-01", "--note", "重划")
    rehearsed = run(*words)
    assert "grid: Recoded 1" in rehearsed
    assert "rehearsal" in rehearsed
    assert "[version_stale]" in run(*words, "--expected", 0, "--commit", status=2)
    assert "revision: 1" in run("set", "list")
    done = run(*words, "--expected", 1, "--commit")
    assert "Published: set urban, version 2" in done
    assert "重划" in run("version", "list", "urban")
    assert "[scheduled_ahead]" in run("version", "return", "urban", 1, "--commit", status=2)
    assert "Version 2 of set urban was withdrawn" in run("version", "withdraw", "urban", 2)
    assert "[content_known]" in run("version", "return", "urban", 1, "--commit", status=2)
    load("AE\nCC")
    assert "Published" in run("version", "return", "urban", 1, "--note", "back", "--commit")
    x, y = 120.0 + 2.0**-8 * 1.5, 36.0 + 2.0**-8 * 1.5
    assert "B" in run("locate", x, y)


def test_findings_stand_in_the_way_with_status_1() -> None:
    load("AAA\nABA\nAAA")
    load("AAA\nA.A\nAAA", "--draft")
    out = run("version", "publish", "urban", 2, "--commit", status=1)
    assert "hole" in out
    run("version", "check", "urban", 2, status=1)
    run("version", "publish", "urban", 2, "--accept-findings", "a lake", "--commit")
    assert "a lake" in run("version", "list", "urban")


def test_drafts_are_made_and_discarded_and_what_is_missing_is_said() -> None:
    load("AB\nCC")
    assert "Draft 2" in run("version", "draft", "urban", "--note", "try")
    assert "Draft 2 of set urban was discarded" in run("version", "discard", "urban", 2)
    assert "Draft 3" in run("version", "draft", "urban", "--based-on", 1)
    assert "[version_unknown]" in run("version", "discard", "urban", 2, status=2)
    assert "[not_a_draft]" in run("version", "discard", "urban", 1, status=2)
    assert "[set_not_found]" in run("version", "list", "rural", status=2)
    assert "[history_rewritten]" in load("AF\nCC", "--valid-from", "2020-01-01", status=2)
    load("AF\nCC", "--valid-from", "2020-01-01", "--rewrite", "entered late")
    assert "entered late" in run("version", "list", "urban")


def test_points_and_kinds_come_from_a_file() -> None:
    load("AAAA\nAAAA")
    frame = tiling("AB", cell=2.0**-8).assign(kind=["楼", "站"], code=["h1", "h2"])
    frame["geometry"] = [shape.centroid for shape in frame.geometry]
    frame[["code", "kind", "geometry"]].to_file("houses.geojson", driver="GeoJSON")
    words = ("import", "boundaries", "houses.geojson", "--set", "urban", "--level", "house", "--code-column", "code")
    assert "type_not_allowed" in run(*words, "--commit", status=1)
    run(*words, "--points", "--commit")
    assert "points allowed" in run("set", "list")
    assert "h1" in run("locate", 120.0 + 2.0**-9, 36.0 + 2.0**-9)

"""Maps as files from the shell."""

import json
import re
from pathlib import Path

import city
import page_service
import pytest
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.settings import Settings
from gridmap.store.engine import open_store


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("maps") / "city.gpkg"
    settings = Settings(database_url=f"sqlite:///{file}", default_set="demo")
    store = open_store(settings.database_url)
    page_service.fill(store, settings, city.build(6, 6))
    store.close()
    return file


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(
        app, ["map", *(str(word) for word in words)], env={"GRIDMAP_LANGUAGE": "en", "GRIDMAP_DEFAULT_SET": "demo"}
    )
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def test_a_map_of_an_area_is_one_file_with_its_grids_alone(stored: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    common = ("--set", "demo", "--db", stored, "-o", out, "--period", "2026-10-01..2026-10-30")
    assert "map.html" in run("significant", *common, "--area", "S1", "--by", "households")
    html = out.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])
    assert data["kind"] == "judged"
    assert len(data["grids"]["code"]) == 6
    assert "base" in data["grids"]
    assert data["locate"] is None
    assert data["gridUrl"] is None
    assert data["about"]["save"] is None
    markup = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r'(?:src|href)="(?!data:)', markup)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("moon",), "map_kind_unknown"),
        (("significant", "--by", "moon"), "map_base_unknown"),
        (("significant", "--area", "S99"), "grid_unknown"),
        (("hotspots", "--bandwidth", "0"), "not_positive"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_leaves_no_file(stored: Path, tmp_path: Path, words, code) -> None:
    out = tmp_path / "map.html"
    told = run(*words, "--set", "demo", "--db", stored, "-o", out, "--period", "2026-10", status=2)
    assert code in told
    assert not out.exists()


def test_without_a_default_set_the_one_that_is_named_does(stored: Path, tmp_path: Path) -> None:
    """Nobody says whose the stored points are, so they are located in the borders that were named."""
    drawn = []
    for default in ("demo", ""):
        out = tmp_path / f"map{default}.html"
        words = ["map", "significant", "--set", "demo", "--db", stored, "-o", out, "--period", "2026-10"]
        env = {"GRIDMAP_LANGUAGE": "en", "GRIDMAP_DEFAULT_SET": default or None}
        done = CliRunner().invoke(app, [str(word) for word in words], env=env)
        assert done.exit_code == 0, done.output
        html = out.read_text(encoding="utf-8")
        data = json.loads(re.search(r'id="gridmap-data">(.*?)</script>', html, re.DOTALL)[1])
        drawn.append((data["grids"]["value"], data["grids"]["fill"], data["legend"]["foot"]))
    assert drawn[0] == drawn[1]
    unnamed = ["map", "grids", "--db", str(stored), "-o", str(tmp_path / "no.html"), "--period", "2026-10"]
    told = CliRunner().invoke(app, unnamed, env={"GRIDMAP_LANGUAGE": "en", "GRIDMAP_DEFAULT_SET": None})
    assert told.exit_code == 2
    assert "--set" in told.output
    assert "GRIDMAP_DEFAULT_SET" in told.output

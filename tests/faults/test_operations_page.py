"""The commands of docs/operations.md do what the page says."""

import re
import shlex
from pathlib import Path

import pytest
from api_world import fill
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.services.ports import PointFilter
from gridmap.store import open_store

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"


def commands(section: str) -> list[list[str]]:
    """Give the commands of a section that are marked for this test."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh test\n(.*?)```", text, flags=re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def run(words: list[str]) -> str:
    """Run one of them."""
    assert words[0] == "gridmap"
    done = CliRunner().invoke(app, words[1:])
    assert done.exit_code == 0, f"{words}: {done.output}\n{done.exception!r}"
    return done.output


def count(path: Path) -> int:
    store = open_store(f"sqlite:///{path}")
    with store.unit_of_work() as work:
        found = int(work.incidents.count(PointFilter()))
    store.close()
    return found


def test_backup_upgrade_and_restore_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDMAP_LANGUAGE", "en")
    store = open_store("sqlite:///city.gpkg")
    fill(store)
    store.close()
    before = count(tmp_path / "city.gpkg")
    assert before > 0
    for section in ("Backup", "Upgrade"):
        assert commands(section), "the page has lost its commands"
        for words in commands(section):
            run(words)
    store = open_store("sqlite:///city.gpkg")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("delete from incident")
    store.close()
    assert count(tmp_path / "city.gpkg") == 0
    for words in commands("Restore"):
        run(words)
    assert count(tmp_path / "restored.gpkg") == before
    assert count(tmp_path / "city.gpkg") == before


def test_every_figure_of_the_service_stands_on_the_page() -> None:
    from api.telemetry import Telemetry

    text = Telemetry("1")._registry.collect()
    names = {family.name for family in text if family.name.startswith("gridmap_")}
    page = PAGE.read_text(encoding="utf-8")
    assert {name for name in names if f"`{name}" not in page} == set()

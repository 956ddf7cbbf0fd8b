"""Months released from the shell: rehearsed, released once, listed, and told in the trail."""

from pathlib import Path

import city
import page_service
from typer.testing import CliRunner

from gridmap.cli import app
from gridmap.settings import Settings
from gridmap.store.engine import open_store


def run(*words: object, status: int = 0) -> str:
    done = CliRunner().invoke(
        app, ["release", *(str(word) for word in words)], env={"GRIDMAP_LANGUAGE": "en", "GRIDMAP_DEFAULT_SET": "demo"}
    )
    assert done.exit_code == status, f"{done.output}\n{done.exception!r}"
    return done.output


def test_a_month_is_rehearsed_released_once_and_listed(tmp_path: Path) -> None:
    file = tmp_path / "city.gpkg"
    settings = Settings(database_url=f"sqlite:///{file}", default_set="demo")
    store = open_store(settings.database_url)
    page_service.fill(store, settings, city.build(6, 6))
    store.close()
    assert "2026-09" in run("2026-09", "--db", file)
    assert "2026-09" not in run("--db", file)
    assert "cells can be shown" in run("2026-09", "--db", file, "--note", "局务会", "--commit")
    assert "局务会" in run("--db", file)
    assert "release_exists" in run("2026-09", "--db", file, "--commit", status=2)
    assert "month_wrong" in run("september", "--db", file, status=2)
    store = open_store(settings.database_url)
    with store.unit_of_work() as work:
        told = [entry.act for entry in work.trail.entries() if entry.act.action == "book.put"]
    store.close()
    assert [(act.actor, act.subject) for act in told] == [("operator", "release")]

"""Nothing a user can set, call or type is without a line in the documentation."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gridmap.cli import app
from gridmap.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def test_the_generated_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_has_a_line(name: str) -> None:
    assert f"`GRIDMAP_{name.upper()}`" in (ROOT / "docs/settings.md").read_text(encoding="utf-8")


def _commands() -> list[tuple[str, list[str]]]:
    found = []

    def walk(command: Any, path: str) -> None:
        children = getattr(command, "commands", None)
        if children:
            for name, child in children.items():
                walk(child, f"{path} {name}")
            return
        options = [o for p in command.params for o in p.opts if o.startswith("--") and o != "--help"]
        found.append((path, options))

    walk(typer.main.get_command(app), "gridmap")
    return found


@pytest.mark.parametrize(("command", "options"), _commands())
def test_every_command_and_option_has_a_line(command: str, options: list[str]) -> None:
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert f"## {command}\n" in page
    section = page.split(f"## {command}\n")[1].split("\n## ")[0]
    missing = [o for o in options if f"`{o}" not in section]
    assert not missing, f"{command}: no line for {missing}"

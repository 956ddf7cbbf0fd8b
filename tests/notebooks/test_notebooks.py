"""Every notebook runs from its first cell to its last, in its own folder, and shows what it promises."""

import html
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def texts(notebook: nbformat.NotebookNode) -> str:
    """All that the cells print or show as text."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text", ""))
            found.append(output.get("data", {}).get("text/plain", ""))
    return "\n".join(found)


def maps(notebook: nbformat.NotebookNode) -> list[str]:
    """All pages that the cells show."""
    shown = [o.get("data", {}).get("text/html", "") for c in notebook.cells for o in c.get("outputs", [])]
    return [page for page in shown if "iframe" in page]


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)


def ran(name: str, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """A notebook after all of its cells."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    return notebook


def test_what_became_of_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    said = texts(ran("05-what-became-of-cases", monkeypatch))
    assert "36,000 cases up to" in said
    assert "closing 97.19 %, 97 in handling" in said
    assert "'overdue':" in said
    assert " over its limit; unit: " in said
    # what no case can tell is said
    assert "组织保障" in said


def test_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = ran("02-where-nobody-looks", monkeypatch)
    said = texts(notebook)
    assert "614,996 fixes of 400 workers" in said
    assert "'kept': 614983" in said
    planted, found = re.findall(r"planted (\d+), found (\d+)", said)[0]
    assert planted == found
    assert "found by patrols" in said
    assert "'not_seen'" in said
    assert len(maps(notebook)) == 3


def test_who_is_responsible(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = ran("01-who-is-responsible", monkeypatch)
    said = texts(notebook)
    assert "28 streets, 161 areas, 1333 grids, 465,488 households" in said
    assert "inside" in said
    assert "border" in said
    assert "points=36000" in said
    # the planted neglect: README of data/boundaries
    assert "'gap':" in said
    assert len(maps(notebook)) == 2
    for page in maps(notebook):
        assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)\s*=\s*.?https?://[^>]*>", html.unescape(page))

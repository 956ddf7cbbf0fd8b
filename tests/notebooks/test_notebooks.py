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


def test_who_is_responsible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(ROOT / "notebooks" / "01-who-is-responsible.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
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

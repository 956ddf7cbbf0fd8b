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


def test_hotspots_honestly(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = ran("03-hotspots-honestly", monkeypatch)
    said = texts(notebook)
    assert "the one that best foresees each incident" in said
    # what was planted is found, by itself in a year and as sudden when it began, and nothing else is
    assert "planted 5, peaks of the year 5, the same: True" in said
    assert "planted 5, found in place 5" in said
    assert "clusters that began lately: 1." in said
    assert "[('E5-01', '2026-09-02')]" in said
    dealt = re.findall(r"hot in 8 maps: \[([\d, ]+)\]", said)[0]
    assert sum(n != "0" for n in dealt.split(", ")) <= 2
    assert "PAI" in said
    assert "fewer than 10 incidents" in said
    assert len(maps(notebook)) == 5
    for page in maps(notebook):
        assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)\s*=\s*.?https?://[^>]*>", html.unescape(page))


def test_redraw_what_if(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = ran("04-redraw-what-if", monkeypatch)
    said = texts(notebook)
    assert "ground gained 0.000 m2, lost 0.000 m2; findings Totals(holes=0, overlaps=0" in said
    assert "incidents change hands" in said
    assert re.search(r"9 grids, [2-4] candidates \[\]", said)
    today, redrawn = (
        re.findall(rf"{name}: \d+ grids, 36,000 incidents, (peaks .*)", said)[0] for name in ("today", "redrawn")
    )
    assert today == redrawn
    assert "grids have another count, all of them in 370299014001: True" in said
    assert len(maps(notebook)) == 1


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

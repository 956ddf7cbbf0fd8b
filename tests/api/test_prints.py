"""Sheets as PDF over HTTP: what they say, to whom, and that it is told."""

import io

import pytest
from pypdf import PdfReader
from redraw_planner import Planner
from version_desk import SET, Desk

SHEET = f"{SET}/grids/A/sheet.pdf"


def words(answer) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def test_a_sheet_says_what_is_known_of_its_grid(world) -> None:
    said = words(world.get(f"{SHEET}?lang=zh"))
    for wanted in ("网格责任单", "A", "城市管理", "东街道", "张伟", "李娜", "0532-1000", "综治办", "{{ 7*7 }}"):
        assert wanted in said
    assert "王芳" not in said  # on duty elsewhere
    assert "草案" not in said


def test_a_sheet_of_a_draft_says_that_it_is_one(fresh_world) -> None:
    draft = Desk(fresh_world.client).draft()
    planner = Planner(fresh_world.client, f"{SET}/drafts/{draft['number']}/redraw")
    said = words(planner.client.get(f"{planner.base}/sheet/A.pdf?lang=en"))
    assert "DRAFT" in said
    assert "not in force" in said


def test_the_same_sheet_is_the_same_file(world) -> None:
    assert world.get(SHEET).content == world.get(SHEET).content


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sheet_of_nothing_is_an_error(world, language: str) -> None:
    answer = world.get(f"{SET}/grids/NOSUCH/sheet.pdf?lang={language}")
    assert (answer.status_code, answer.json()["code"]) == (404, "grid_unknown")


def test_a_plan_lists_the_grids_of_its_street_alone(world) -> None:
    said = words(world.get(f"{SET}/grids/S/plan.pdf?lang=en"))
    assert "Grid plan" in said
    assert "${alert(1)}" in said
    assert "<img" not in said  # a grid of the other street


def test_a_plan_of_a_grid_is_an_error(world) -> None:
    answer = world.get(f"{SET}/grids/A/plan.pdf")
    assert (answer.status_code, answer.json()["code"]) == (422, "print_nothing_below")


def test_what_was_printed_stands_in_the_trail(fresh_world) -> None:
    words(fresh_world.get(SHEET))
    words(fresh_world.get(f"{SET}/grids/S/plan.pdf"))
    with fresh_world.store.unit_of_work() as work:
        told = [e.act for e in work.trail.entries() if e.act.action == "version.export"]
    assert [(act.subject, act.detail["areas"], act.detail["code"]) for act in told] == [
        ("urban/2", 1, "A"),
        ("urban/2", 4, "S"),
    ]

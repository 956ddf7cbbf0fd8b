"""Sheets and plans: true to scale, readable whatever the names are, within bounds of time."""

import io
import time
from datetime import UTC, date, datetime

import numpy as np
import pypdfium2 as pdfium
import pytest
import shapely
from pypdf import PdfReader
from pypdf.generic import ContentStream

from gridmap import crs
from gridmap.domain.boundaries import Grid
from gridmap.domain.incidents import GridRef, StaffMember
from gridmap.domain.sheets import AreaPlan, Cases, DutySheet, Neighbour, PlanRow, Source
from gridmap.print.duty import duty_sheet
from gridmap.print.labels import Label, box_of, placed
from gridmap.print.maps import Frame, bar_metres, frame_for, round_scale
from gridmap.print.plan import area_plan

AT = datetime(2026, 5, 20, 4, tzinfo=UTC)
SOURCE = Source("urban", "城市管理", 3, False, date(2026, 5, 1), None, "刘洋", AT)
CELL = 0.004
HOSTILE = [
    "<font size=99>大</font>",
    "&amp;<para>",
    "A\u202eB\u2066C",
    "\U0001f6a8\U0001f469\u200d\U0001f692",
    "长" * 5_000,
    "x" * 5_000,
    "%(title)s {0} ${x}",
    "\\) Tj ET Q (",
    "",
]


def cell(column: int, row: int, code: str, name: str = "", parent: str | None = None) -> Grid:
    x, y = 120.37 + CELL * column, 36.06 + CELL * row
    shape = shapely.Polygon(
        [(x, y), (x + CELL * 0.6, y + CELL * 0.1), (x + CELL, y), (x + CELL, y + CELL), (x, y + CELL)]
    )
    return Grid(code, name or code, "grid", shape, parent, households=100 + column)


def sheet_of(grid: Grid, **more) -> DutySheet:
    epsg = crs.metric_epsg_of(np.array([grid.geometry], dtype=object))
    shape = crs.to_metric(np.array([grid.geometry], dtype=object), epsg)[0]
    values = {
        "source": SOURCE,
        "grid": grid,
        "chain": (GridRef("S", "锦绣街道", "street"),),
        "epsg": epsg,
        "area_m2": shape.area,
        "perimeter_m": shape.length,
        "households": 211,
        "floating": None,
        "heads": 1,
        "workers": 2,
        "workers_needed": 2,
        "department": "综治办",
        "phone": "0532-1",
        "staff": (StaffMember("A", "head", "王堃", "0532-2", "综治办"),),
        "cases": Cases(date(2025, 5, 20), date(2026, 5, 20), (("litter", 7), ("parking", 2))),
        "neighbours": (Neighbour(cell(1, 0, "B", "东邻"), 440.0), Neighbour(cell(0, 1, "C"), 0.0)),
    }
    return DutySheet(**{**values, **more})


def plan_of(columns: int, rows: int, *, draft: bool = False) -> AreaPlan:
    grids = [cell(c, r, f"g{c:02}{r:02}", parent=f"p{c // 5}") for c in range(columns) for r in range(rows)]
    shapes = np.array([g.geometry for g in grids], dtype=object)
    epsg = crs.metric_epsg_of(shapes)
    areas = shapely.area(crs.to_metric(shapes, epsg))
    between = [
        Grid(p, f"第{p}社区", "community", shapely.union_all([g.geometry for g in grids if g.parent_code == p]))
        for p in sorted({str(g.parent_code) for g in grids})
    ]
    numbered = tuple(
        PlanRow(n, g, float(a), g.households) for n, (g, a) in enumerate(zip(grids, areas, strict=True), 1)
    )
    source = Source("urban", "城市管理", 4, draft, date(2026, 6, 1), None, "刘洋", AT, 12 if draft else None)
    whole = Grid("S", "锦绣街道", "street", shapely.union_all(shapes))
    return AreaPlan(source, whole, (), "grid", numbered, tuple(between), (), epsg)


def words(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def rings(pdf: bytes) -> list[np.ndarray]:
    """Read the closed paths of the first page, in points, as they are drawn."""
    reader = PdfReader(io.BytesIO(pdf))
    found, ring = [], []
    for operands, operator in ContentStream(reader.pages[0].get_contents(), reader).operations:
        if operator == b"m":
            ring = [[float(v) for v in operands]]
        elif operator == b"l":
            ring.append([float(v) for v in operands])
        elif operator == b"h":
            found.append(np.array(ring))
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_ruler_on_the_sheet_finds_the_area_that_it_states(language) -> None:
    sheet = sheet_of(cell(0, 0, "A"))
    drawn = [shapely.Polygon(r) for r in rings(duty_sheet(sheet, language)) if len(r) == 5]
    said = words(duty_sheet(sheet, language)).replace(",", "")
    scale = int(said.split("1:")[1].split()[0])
    ruled = max(p.area for p in drawn) * (0.0254 / 72 * scale) ** 2
    assert ruled == pytest.approx(sheet.area_m2, rel=1e-5)
    assert f"{sheet.area_m2:.0f} m²" in said


def test_the_largest_round_scale_is_chosen_and_the_bar_is_round() -> None:
    grid = cell(0, 0, "A")
    epsg = crs.metric_epsg_of(np.array([grid.geometry], dtype=object))
    for width, height in ((180, 112), (392, 230), (60, 200)):
        frame = frame_for([grid.geometry], (10, 20, width, height), epsg)
        west, south, east, north = crs.to_metric(np.array([grid.geometry], dtype=object), epsg)[0].bounds
        w, s, e, n = frame.metres
        assert w < west < east < e
        assert s < south < north < n
        assert round_scale(frame.scale) == frame.scale
        assert str(int(bar_metres(frame))).strip("0") in ("1", "2", "5")
        assert 0.07 * width <= bar_metres(frame) * 1000 / frame.scale <= 0.2 * width


def test_the_same_sheet_is_the_same_bytes() -> None:
    sheet = sheet_of(cell(0, 0, "A"))
    assert duty_sheet(sheet, "zh") == duty_sheet(sheet, "zh")
    assert area_plan(plan_of(3, 3), "en") == area_plan(plan_of(3, 3), "en")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_name_is_only_a_name(name: str, language) -> None:
    grid = cell(0, 0, name or "A", name)
    staff = tuple(StaffMember(grid.code, "head", name, name, name) for _ in range(3))
    cases = Cases(date(2025, 5, 20), date(2026, 5, 20), ((name, 3),))
    chain = (GridRef(name, name, "street"),) * 4
    sheet = sheet_of(grid, staff=staff, cases=cases, chain=chain, department=name, phone=name)
    made = duty_sheet(sheet, language)
    said = words(made)
    assert len(PdfReader(io.BytesIO(made)).pages) == 1
    for sign in ("\u202e", "\u2066", "\u200d"):
        assert sign not in said
    if name.startswith("<font"):
        assert "<font size=99>大</font>" in said
    if "\U0001f6a8" in name:
        assert "□" in said
        assert ("字符" if language == "zh" else "character") in said


def test_a_draft_is_marked_on_every_page() -> None:
    plan = plan_of(15, 14, draft=True)
    pages = PdfReader(io.BytesIO(area_plan(plan, "zh"))).pages
    assert len(pages) > 1
    assert all("草案" in page.extract_text() for page in pages)
    assert "草案" not in words(area_plan(plan_of(3, 3), "zh"))


def test_who_may_not_know_people_gets_no_names() -> None:
    said = words(duty_sheet(sheet_of(cell(0, 0, "A"), staff=None, cases=None), "zh"))
    assert "王堃" not in said
    assert "没有查看人员姓名" in said


def test_lists_that_are_too_long_go_on_behind() -> None:
    staff = tuple(StaffMember("A", "worker", f"员{n:03}", f"{n:08}") for n in range(120))
    said = words(duty_sheet(sheet_of(cell(0, 0, "A"), staff=staff), "zh"))
    assert all(f"员{n:03}" in said for n in range(120))


def test_every_grid_of_two_hundred_is_on_the_map_and_in_the_table() -> None:
    plan = plan_of(20, 10)
    made = area_plan(plan, "zh")
    said = words(made)
    assert all(row.grid.code in said for row in plan.rows)
    first = set(PdfReader(io.BytesIO(made)).pages[0].extract_text().split())
    # a number on the map is drawn twice: white around it first
    assert not [row.number for row in plan.rows if not {str(row.number), str(row.number) * 2} & first]


def test_labels_keep_apart_and_say_where_they_belong() -> None:
    frame = Frame(0, 0, 100, 100, 1_000, (0, 0), 4534)
    rng = np.random.default_rng(2)
    wanted = [Label(str(n), *rng.uniform(30, 70, 2).tolist(), 8, 5) for n in range(120)]
    found = placed(frame, wanted, [(0, 80, 40, 100)], leaders=True)
    boxes = shapely.box(*np.array([box_of(p) for p in found]).T)
    a, b = shapely.STRtree(boxes).query(boxes, predicate="overlaps")
    assert not len(a), len(b)
    assert len(found) > 100
    assert all(p.leads_to is not None or abs(p.x - wanted[p.at].x) < 6 for p in found)


def test_a_border_of_a_hundred_thousand_vertices_is_printed_in_time() -> None:
    angle = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    radius = 0.003 + 0.00002 * np.sin(angle * 900)
    ring = np.column_stack((120.37 + radius * np.cos(angle), 36.06 + radius * np.sin(angle)))
    sheet = sheet_of(Grid("A", "A", "grid", shapely.Polygon(ring)), neighbours=())
    start = time.process_time()
    made = duty_sheet(sheet, "zh")
    assert time.process_time() - start < 5
    assert len(made) < 300_000
    scale = int(words(made).replace(",", "").split("1:")[1].split()[0])
    ruled = max(shapely.Polygon(r).area for r in rings(made)) * (0.0254 / 72 * scale) ** 2
    assert ruled == pytest.approx(sheet.area_m2, rel=1e-3)


def test_no_letter_of_a_sheet_is_an_empty_box() -> None:
    """Every character that a sheet says can be read back: none was drawn with the glyph for what is missing."""
    for language in ("zh", "en"):
        for made in (duty_sheet(sheet_of(cell(0, 0, "A")), language), area_plan(plan_of(5, 4), language)):
            assert "\x00" not in words(made)
            assert "□" not in words(made)
            image = pdfium.PdfDocument(made)[0].render(scale=0.5).to_numpy()
            assert 0.005 < (image < 200).mean() < 0.5

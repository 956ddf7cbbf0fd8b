"""The plan of a street or community: A3, landscape, with a table of its grids beside it or behind it."""

from collections.abc import Sequence

import numpy as np
import shapely
from reportlab.lib.colors import Color, HexColor

from gridmap.domain.boundaries import Grid
from gridmap.domain.sheets import AreaPlan, PlanRow
from gridmap.i18n import Language, text
from gridmap.print import figures, letters
from gridmap.print.furniture import furniture, heading, named, note_of_missing, section
from gridmap.print.labels import Label, box_of, corners, label_of, placed
from gridmap.print.maps import Frame, borders, draw_backdrop, draw_frame, draw_shapes, frame_for
from gridmap.print.paper import A3_LANDSCAPE, INK, MAGENTA, SOFT, Paper
from gridmap.print.tables import UNKNOWN, Column, Group, Look, Row, draw_table, rows_that_fit

_SIDE = 118.0
_GAP = 6.0
_LEGEND = 9.0
_LOOK = Look(7.5, 4.2)
#: Columns of tables on a page behind the map.
_ACROSS = 3
_TINTS = tuple(map(HexColor, ("#fbf3e4", "#e9f3ee", "#eceff8", "#f7ecef", "#f1f1e6", "#e8f1f5")))
_AROUND = HexColor("#8a949e")


def area_plan(plan: AreaPlan, language: Language) -> bytes:
    """Write the plan of an area as PDF; the same bytes for the same plan."""
    title = text("print.plan_title", language)
    paper = Paper(A3_LANDSCAPE, furniture(plan.source, f"{title} {plan.area.code}", language), language)
    paper.page()
    top = named(paper, plan.area, plan.chain, heading(paper, title, plan.source))
    rows = _rows(plan, language)
    height = paper.bottom - top - 2
    beside = len(rows) <= rows_that_fit(height - 6, _LOOK)
    width = paper.inner - (_SIDE + _GAP if beside else 0)
    _map(paper, plan, (paper.margin, top, width, height - _LEGEND))
    _legend(paper, plan, paper.margin, top + height - _LEGEND, width)
    if beside:
        x = paper.margin + width + _GAP
        y = section(paper, x, top, _SIDE, text("print.plan_table", language))
        draw_table(paper, x, y, _SIDE, _columns(language), rows, _LOOK)
    else:
        _behind(paper, plan, rows)
    note_of_missing(paper)
    return paper.finished()


# -- map --------------------------------------------------------------------------------------------------------------


def _map(paper: Paper, plan: AreaPlan, place: tuple[float, float, float, float]) -> None:
    frame = frame_for([plan.area.geometry, *(r.grid.geometry for r in plan.rows)], place, plan.epsg, room=0.04)
    rows = frame.ready([r.grid.geometry for r in plan.rows])
    between = frame.ready([g.geometry for g in plan.between])
    around = frame.ready([g.geometry for g in plan.around])
    whole = frame.ready([plan.area.geometry])
    with paper.clipped(*place):
        for shape, tint in zip(between, _tints(plan.between), strict=True):
            draw_shapes(paper, frame, [shape], fill=tint)
        draw_backdrop(paper, frame, plan.backdrop)
        draw_shapes(paper, frame, borders(around), stroke=_AROUND, width=0.25, dash=(2.0, 1.2))
        draw_shapes(paper, frame, borders(rows), stroke=MAGENTA, width=0.28)
        draw_shapes(paper, frame, borders(between), stroke=MAGENTA, width=0.85)
        draw_shapes(paper, frame, whole, stroke=INK, width=1.1)
        _labels(paper, plan, frame, list(rows), list(between), list(around))
    draw_frame(paper, frame)


def _tints(areas: Sequence[Grid]) -> list[Color]:
    """Choose a pale colour for each area, another one than its neighbours have."""
    shapes = np.array([g.geometry for g in areas], dtype=object)
    chosen: list[int] = []
    for n in range(len(areas)):
        near = {chosen[k] for k in range(n) if shapely.intersects(shapes[k], shapes[n])}
        chosen.append(next((c for c in range(len(_TINTS)) if c not in near), n % len(_TINTS)))
    return [_TINTS[c] for c in chosen]


def _labels(
    paper: Paper,
    plan: AreaPlan,
    frame: Frame,
    rows: list[shapely.geometry.base.BaseGeometry],
    between: list[shapely.geometry.base.BaseGeometry],
    around: list[shapely.geometry.base.BaseGeometry],
) -> None:
    size = 9.0 if len(rows) <= 120 else 7.5
    wanted: list[tuple[Label, Color, bool]] = []
    for row, shape in zip(plan.rows, rows, strict=True):
        label = label_of(frame, shape, str(row.number), size, 5.0)
        if label is not None:
            wanted.append((label, MAGENTA, True))
    numbers = len(wanted)
    for colour, areas, shapes in ((INK, plan.between, between), (SOFT, plan.around, around)):
        for area, shape in zip(areas, shapes, strict=True):
            label = label_of(frame, shape, letters.cut(paper.clean(area.name or area.code), 10, 60), 10.0, 6.5)
            if label is not None:
                wanted.append((label, colour, False))
    taken = corners(frame)
    found = placed(frame, [w[0] for w in wanted[:numbers]], taken, leaders=True)
    high = size * 0.36
    boxes = [box_of(p) for p in found]
    names = placed(frame, [w[0] for w in wanted[numbers:]], [*taken, *boxes])
    for p, (_, colour, bold) in [
        *((p, wanted[p.at]) for p in found),
        *((p, wanted[numbers + p.at]) for p in names),
    ]:
        if p.leads_to is not None:
            paper.line(p.x, p.y - high / 2, *p.leads_to, colour=MAGENTA, width=0.15)
        paper.text(p.x, p.y, p.value, p.size, colour=colour, anchor="middle", bold=bold, halo=True)


def _legend(paper: Paper, plan: AreaPlan, x: float, y: float, width: float) -> None:
    language = paper.language
    signs: list[tuple[str, Color, float]] = [("print.sign_grid", MAGENTA, 0.28)]
    if plan.between:
        signs.append(("print.sign_between", MAGENTA, 0.85))
    signs.append(("print.sign_area", INK, 1.1))
    if plan.around:
        signs.append(("print.sign_around", _AROUND, 0.25))
    base = y + 5.6
    paper.text(x, base, text("print.legend", language), 8.5, bold=True)
    at = x + letters.width_mm(text("print.legend", language), 8.5) + 5
    for key, colour, line in signs:
        paper.line(at, base - 1.1, at + 10, base - 1.1, colour=colour, width=line)
        said = text(key, language)
        paper.text(at + 12, base, said, 8)
        at += 12 + letters.width_mm(said, 8) + 6
    number = text("print.sign_number", language)
    paper.text(at, base, "12", 8, colour=MAGENTA, bold=True)
    paper.text(at + 5, base, letters.cut(number, 8, max(10.0, x + width - at - 5)), 8)


# -- table ------------------------------------------------------------------------------------------------------------


def _columns(language: Language) -> list[Column]:
    return [
        Column(text("print.column_number", language), 0.5, "right"),
        Column(text("print.column_code", language), 1.45),
        Column(text("print.column_area_name", language), 1.5),
        Column(text("print.column_households", language), 0.8, "right"),
        Column(text("print.column_m2", language), 0.9, "right"),
    ]


def _rows(plan: AreaPlan, language: Language) -> list[Row | Group]:
    """Give the rows under a line for each area between, and one for all at the end."""
    names = {g.code: g.name or g.code for g in plan.between}
    made: list[Row | Group] = []
    parent: str | None = None
    for row in plan.rows:
        if names and row.grid.parent_code != parent:
            parent = row.grid.parent_code
            mine = [r for r in plan.rows if r.grid.parent_code == parent]
            made.append(Group(names.get(parent or "", UNKNOWN), _summed(mine, language)))
        name = "" if row.grid.name == row.grid.code else row.grid.name
        made.append(
            (str(row.number), row.grid.code, name or UNKNOWN, figures.whole(row.households), f"{row.area_m2:,.0f}")
        )
    made.append(Group(text("print.plan_total", language), _summed(plan.rows, language)))
    return made


def _summed(rows: Sequence[PlanRow], language: Language) -> str:
    known = [r.households for r in rows if r.households is not None]
    households = figures.whole(sum(known) if known else None)
    area = f"{sum(r.area_m2 for r in rows):,.0f}"
    return text("print.plan_sums", language, grids=f"{len(rows):,}", households=households, area=area)


def _behind(paper: Paper, plan: AreaPlan, rows: list[Row | Group]) -> None:
    language = paper.language
    width = (paper.inner - _GAP * (_ACROSS - 1)) / _ACROSS
    while rows:
        paper.page()
        y = heading(paper, text("print.plan_title", language), plan.source)
        title = f"{plan.area.name or plan.area.code}  {text('print.plan_table', language)}"
        y = section(paper, paper.margin, y, paper.inner, paper.clean(title)) + 1
        room = max(1, rows_that_fit(paper.bottom - y - 4, _LOOK))
        for column in range(_ACROSS):
            part, rows = rows[:room], rows[room:]
            if part:
                x = paper.margin + column * (width + _GAP)
                draw_table(paper, x, y, width, _columns(language), part, _LOOK)

"""The duty sheet of one grid: A4, portrait."""

import numpy as np
import shapely
from reportlab.lib.colors import HexColor

from gridmap.domain.sheets import DutySheet
from gridmap.i18n import Language, has, text
from gridmap.print import figures, letters
from gridmap.print.furniture import furniture, heading, note_of_missing
from gridmap.print.labels import Label, inner_point, placed
from gridmap.print.maps import Frame, Shapes, borders, draw_backdrop, draw_frame, draw_shapes, frame_for
from gridmap.print.paper import A4, INK, LINE, MAGENTA, SOFT, Paper
from gridmap.print.tables import UNKNOWN, Column, Look, draw_table, rows_that_fit

_MAP_HEIGHT = 112.0
_GAP = 6.0
_LOOK = Look(8.0, 4.7)
#: Lines of the lists on the first page; what is longer goes on behind it.
_MOST_CATEGORIES = 8


def duty_sheet(sheet: DutySheet, language: Language) -> bytes:
    """Write the sheet of a grid as PDF.

    Parameters
    ----------
    sheet : DutySheet
    language : {"zh", "en"}

    Returns
    -------
    bytes
        The same for the same sheet.
    """
    title = text("print.duty_title", language)
    paper = Paper(A4, furniture(sheet.source, f"{title} {sheet.grid.code}", language), language)
    paper.page()
    y = heading(paper, title, sheet.source)
    y = _named(paper, sheet, y)
    _map(paper, sheet, y)
    y += _MAP_HEIGHT + 5
    half = (paper.inner - _GAP) / 2
    left, right = paper.margin, paper.margin + half + _GAP
    below = max(_facts(paper, sheet, left, y, half), _cases(paper, sheet, right, y, half)) + 4
    people, beside = _people(sheet, language), _neighbours(sheet, language)
    room = rows_that_fit(paper.bottom - below - 12, _LOOK)
    _list(
        paper, left, below, half, "print.staff", _people_columns(language), people[:room], _staff_note(sheet, language)
    )
    _list(paper, right, below, half, "print.neighbours", _neighbour_columns(language), beside[:room], None)
    _more(paper, sheet, people[room:], beside[room:])
    note_of_missing(paper)
    return paper.finished()


def _named(paper: Paper, sheet: DutySheet, y: float) -> float:
    """Write code, name and chain."""
    code, size = letters.fitted(paper.clean(sheet.grid.code), 22, paper.inner * 0.62, least=9)
    paper.text(paper.margin, y + 8.5, code, size, colour=MAGENTA, bold=True)
    start = paper.margin + letters.width_mm(code, size) + 4
    name = paper.clean(sheet.grid.name)
    if name and name != code:
        shown = letters.lines(name, 11, paper.width - paper.margin - start, 2)
        for n, line in enumerate(shown):
            paper.text(start, y + 8.5 - 5 * (len(shown) - 1 - n), line, 11)
    y += 11
    chain = text("print.chain_joint", paper.language).join(r.name or r.code for r in sheet.chain)
    if chain:
        y = paper.block(paper.margin, y, paper.inner, chain, 9, most=2, colour=SOFT)
    return y + 3


def _map(paper: Paper, sheet: DutySheet, y: float) -> Frame:
    place = (paper.margin, y, paper.inner, _MAP_HEIGHT)
    frame = frame_for([sheet.grid.geometry], place, sheet.epsg, room=0.13)
    mine = frame.ready([sheet.grid.geometry])
    beside = frame.ready([n.grid.geometry for n in sheet.neighbours])
    with paper.clipped(*place):
        draw_backdrop(paper, frame, sheet.backdrop)
        draw_shapes(paper, frame, borders(beside), stroke=HexColor("#7d8894"), width=0.25, dash=(1.6, 1.0))
        draw_shapes(paper, frame, mine, fill=None, stroke=MAGENTA, width=0.75)
        _labels(paper, sheet, frame, mine, beside)
    draw_frame(paper, frame)
    return frame


def _labels(paper: Paper, sheet: DutySheet, frame: Frame, mine: Shapes, beside: Shapes) -> None:
    window = shapely.box(*frame.metres)
    wanted = []
    for shape, value, size in (
        (mine[0], sheet.grid.code, 13.0),
        *((s, n.grid.code, 8.0) for s, n in zip(beside, sheet.neighbours, strict=True)),
    ):
        x, y, radius = inner_point(shapely.intersection(shape, window))
        if radius:
            (px, py), *_ = frame.to_page(np.array([[x, y]]))
            wanted.append(Label(paper.clean(value), float(px), float(py), size, 5.0))
    # the scale bar and the arrow keep their places
    corners = [
        (frame.x, frame.y + frame.height - 15, frame.x + 56, frame.y + frame.height),
        (frame.x + frame.width - 16, frame.y, frame.x + frame.width, frame.y + 22),
    ]
    for label in placed(frame, wanted, corners):
        first = label.at == 0
        paper.text(
            label.x,
            label.y,
            label.value,
            label.size,
            colour=MAGENTA if first else INK,
            anchor="middle",
            bold=first,
            halo=True,
        )


def _facts(paper: Paper, sheet: DutySheet, x: float, y: float, width: float) -> float:
    language = paper.language
    needed = UNKNOWN if sheet.workers_needed is None else f"{sheet.workers_needed}"
    rows = [
        ("print.area", figures.area(sheet.area_m2, language)),
        ("print.perimeter", figures.length(sheet.perimeter_m, language)),
        ("print.households", figures.whole(sheet.households)),
        ("print.floating", figures.whole(sheet.floating)),
        ("print.on_duty", text("print.heads_workers", language, heads=sheet.heads, workers=sheet.workers)),
        ("print.needed", needed),
        ("print.department", sheet.department or UNKNOWN),
        ("print.phone", sheet.phone or UNKNOWN),
    ]
    y = _title(paper, x, y, width, text("print.facts", language))
    for key, value in rows:
        paper.text(x + 1, y + 3.4, text(key, language), 8, colour=SOFT)
        shown, size = letters.fitted(paper.clean(value), 8.5, width * 0.62, least=6)
        paper.text(x + width - 1, y + 3.4, shown, size, anchor="right")
        y += 4.7
        paper.line(x, y, x + width, y, colour=LINE, width=0.12)
    return y


def _cases(paper: Paper, sheet: DutySheet, x: float, y: float, width: float) -> float:
    """Draw how many incidents there were by category, as bars."""
    language, cases = paper.language, sheet.cases
    y = _title(paper, x, y, width, text("print.cases", language))
    if cases is None:
        return paper.block(x + 1, y + 0.5, width - 2, text("print.cases_hidden", language), 8, colour=SOFT)
    window = text("print.cases_window", language, start=cases.start, end=cases.end, count=f"{cases.total:,}")
    paper.text(x + 1, y + 3.4, letters.cut(window, 8, width - 2), 8, colour=SOFT)
    y += 4.7
    shown = list(cases.counts[:_MOST_CATEGORIES])
    if len(cases.counts) > len(shown):
        others = cases.counts[len(shown) - 1 :]
        shown = [*shown[:-1], ("", sum(count for _, count in others))]
    most = max((count for _, count in shown), default=1)
    for category, count in shown:
        name = _category(category, language) if category else text("print.cases_others", language)
        value, size = letters.fitted(paper.clean(name), 8, width * 0.46, least=6)
        paper.text(x + 1, y + 3.4, value, size)
        paper.rect(x + width * 0.5, y + 1.3, max(0.3, width * 0.38 * count / most), 2.4, fill=HexColor("#9db4c8"))
        paper.text(x + width - 1, y + 3.4, f"{count:,}", 8, anchor="right")
        y += 4.7
    return y


def _category(code: str, language: Language) -> str:
    return text(f"category.{code}", language) if has(f"category.{code}") else code


def _people(sheet: DutySheet, language: Language) -> list[tuple[str, ...]]:
    roles = {role: text(f"role.{role}", language) for role in ("head", "worker")}
    return [(m.name, roles.get(m.role, m.role), m.department or UNKNOWN, m.phone or UNKNOWN) for m in sheet.staff or ()]


def _people_columns(language: Language) -> list[Column]:
    heads = (("name", 1.1), ("role", 0.9), ("unit", 1.2), ("telephone", 1.3))
    return [Column(text(f"print.column_{name}", language), share) for name, share in heads]


def _staff_note(sheet: DutySheet, language: Language) -> str | None:
    if sheet.staff is None:
        return text("print.staff_hidden", language)
    return None if sheet.staff else text("print.staff_none", language)


def _neighbours(sheet: DutySheet, language: Language) -> list[tuple[str, ...]]:
    corner = text("print.corner", language)
    return [
        (n.grid.code, n.grid.name, figures.length(n.border_m, language) if n.border_m else corner)
        for n in sheet.neighbours
    ]


def _neighbour_columns(language: Language) -> list[Column]:
    return [
        Column(text("print.column_code", language), 1.3),
        Column(text("print.column_area_name", language), 1.4),
        Column(text("print.column_border", language), 1.0, "right"),
    ]


def _title(paper: Paper, x: float, y: float, width: float, title: str) -> float:
    paper.text(x, y + 3.6, letters.cut(title, 9.5, width), 9.5, bold=True)
    paper.line(x, y + 5, x + width, y + 5, colour=INK, width=0.3)
    return y + 5.4


def _list(
    paper: Paper,
    x: float,
    y: float,
    width: float,
    title: str,
    columns: list[Column],
    rows: list[tuple[str, ...]],
    note: str | None,
) -> None:
    y = _title(paper, x, y, width, text(title, paper.language))
    if note is not None:
        paper.block(x + 1, y + 0.5, width - 2, note, 8, colour=SOFT)
    elif rows:
        draw_table(paper, x, y, width, columns, rows, _LOOK)
    else:
        paper.block(x + 1, y + 0.5, width - 2, text("print.none", paper.language), 8, colour=SOFT)


def _more(paper: Paper, sheet: DutySheet, people: list[tuple[str, ...]], beside: list[tuple[str, ...]]) -> None:
    """Go on with what has no room on the first page."""
    language = paper.language
    for title, columns, rows in (
        ("print.staff", _people_columns(language), people),
        ("print.neighbours", _neighbour_columns(language), beside),
    ):
        while rows:
            paper.page()
            y = heading(paper, text("print.duty_title", language), sheet.source)
            y = _title(paper, paper.margin, y, paper.inner, text(title, language))
            room = max(1, rows_that_fit(paper.bottom - y - 6, _LOOK))
            draw_table(paper, paper.margin, y, paper.inner, columns, rows[:room], _LOOK)
            rows = rows[room:]

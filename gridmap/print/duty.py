"""The duty sheet of one grid: A4, portrait."""

from reportlab.lib.colors import HexColor

from gridmap.domain.sheets import DutySheet
from gridmap.i18n import Language, has, text
from gridmap.print import figures, letters
from gridmap.print.furniture import furniture, heading, named, note_of_missing, section
from gridmap.print.labels import corners, label_of, placed
from gridmap.print.maps import borders, draw_backdrop, draw_frame, draw_shapes, frame_for
from gridmap.print.paper import A4, INK, LINE, MAGENTA, SOFT, Paper
from gridmap.print.tables import UNKNOWN, Column, Look, draw_table, rows_that_fit

#: Height of the map, mm: it takes what the lists beneath it leave.
_MAP_HEIGHT = (105.0, 135.0)
_GAP = 6.0
_LOOK = Look(8.0, 4.7)
#: Lines of the lists on the first page; what is longer goes on behind it.
_MOST_CATEGORIES = 8
_FACTS = 8


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
    y = named(paper, sheet.grid, sheet.chain, y)
    people, beside = _people(sheet, language), _neighbours(sheet, language)
    height = _map_height(paper, sheet, y, max(len(people), len(beside), 2))
    _map(paper, sheet, y, height)
    y += height + 5
    half = (paper.inner - _GAP) / 2
    left, right = paper.margin, paper.margin + half + _GAP
    below = max(_facts(paper, sheet, left, y, half), _cases(paper, sheet, right, y, half)) + 4
    room = rows_that_fit(paper.bottom - below - 8, _LOOK)
    _list(
        paper, left, below, half, "print.staff", _people_columns(language), people[:room], _staff_note(sheet, language)
    )
    _list(paper, right, below, half, "print.neighbours", _neighbour_columns(language), beside[:room], None)
    _more(paper, sheet, people[room:], beside[room:])
    note_of_missing(paper)
    return paper.finished()


def _map_height(paper: Paper, sheet: DutySheet, y: float, rows: int) -> float:
    facts = max(_FACTS, 0 if sheet.cases is None else 1 + min(len(sheet.cases.counts), _MOST_CATEGORIES))
    beneath = 5 + 5.4 + facts * _LOOK.step + 4 + 5.4 + (rows + 1) * _LOOK.step + 4
    return min(max(paper.bottom - y - beneath, _MAP_HEIGHT[0]), _MAP_HEIGHT[1])


def _map(paper: Paper, sheet: DutySheet, y: float, height: float) -> None:
    place = (paper.margin, y, paper.inner, height)
    frame = frame_for([sheet.grid.geometry], place, sheet.epsg, room=0.13)
    mine = frame.ready([sheet.grid.geometry])
    beside = frame.ready([n.grid.geometry for n in sheet.neighbours])
    with paper.clipped(*place):
        draw_backdrop(paper, frame, sheet.backdrop)
        draw_shapes(paper, frame, borders(beside), stroke=HexColor("#7d8894"), width=0.25, dash=(1.6, 1.0))
        draw_shapes(paper, frame, mine, stroke=MAGENTA, width=0.75)
        # the code of the grid itself is placed first: it may take what room it needs
        codes = [sheet.grid.code, *(n.grid.code for n in sheet.neighbours)]
        found = [
            label_of(frame, shape, paper.clean(code), 8.0 if n else 13.0, 5.0)
            for n, (shape, code) in enumerate(zip([*mine, *beside], codes, strict=True))
        ]
        wanted = [label for label in found if label is not None]
        for spot in placed(frame, wanted, corners(frame)):
            own = spot.at == 0 and found[0] is not None
            colour = MAGENTA if own else INK
            paper.text(spot.x, spot.y, spot.value, spot.size, colour=colour, anchor="middle", bold=own, halo=True)
    draw_frame(paper, frame)


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
    y = section(paper, x, y, width, text("print.facts", language))
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
    y = section(paper, x, y, width, text("print.cases", language))
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
    y = section(paper, x, y, width, text(title, paper.language))
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
            y = section(paper, paper.margin, y, paper.inner, text(title, language))
            room = max(1, rows_that_fit(paper.bottom - y - 6, _LOOK))
            draw_table(paper, paper.margin, y, paper.inner, columns, rows[:room], _LOOK)
            rows = rows[room:]

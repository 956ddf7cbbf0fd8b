"""A table of figures on paper: A4, landscape."""

from datetime import datetime

from gridmap.domain.tabular import FigureTable, shown
from gridmap.errors import TooLarge
from gridmap.i18n import Language, text
from gridmap.print import letters
from gridmap.print.furniture import note_of_missing
from gridmap.print.paper import INK, SOFT, Furniture, Paper
from gridmap.print.tables import Column, Look, draw_table, rows_that_fit

A4_LANDSCAPE = (297.0, 210.0)
#: A hundred pages; nobody reads more on paper.
MOST_ROWS = 3_000
_LOOK = Look(8.0, 5.0)
_NOTE = 7.5


def figure_table(table: FigureTable, *, by: str, at: datetime, language: Language) -> bytes:
    """Write a table as PDF: the head on every page, the notes at the end.

    Parameters
    ----------
    table : FigureTable
        With at most twelve columns or so: they share the width of the page.
    by : str
        Who prints it; empty: nobody signed in.
    at : datetime
        When, in the zone of the district.
    language : {"zh", "en"}

    Returns
    -------
    bytes
        The same for the same table, reader and time.

    Raises
    ------
    TooLarge
        ``too_many_rows``.
    """
    if len(table.rows) > MOST_ROWS:
        raise TooLarge("too_many_rows", count=len(table.rows), limit=MOST_ROWS)
    foot = text("print.foot_by", language, by=by or text("print.nobody", language), at=f"{at:%Y-%m-%d %H:%M}")
    paper = Paper(A4_LANDSCAPE, Furniture(table.title, (foot,), False, at), language)
    columns = [Column(c.head, c.share, "left" if c.kind == "text" else "right") for c in table.columns]
    rows = [tuple(shown(cell, c) for cell, c in zip(row, table.columns, strict=True)) for row in table.rows]
    y = _page(paper, table.title)
    while True:
        room = max(1, rows_that_fit(paper.bottom - y - 4, _LOOK))
        y = draw_table(paper, paper.margin, y, paper.inner, columns, rows[:room], _LOOK)
        rows = rows[room:]
        if not rows:
            break
        y = _page(paper, table.title)
    _notes(paper, table, y + 3)
    note_of_missing(paper)
    return paper.finished()


def _page(paper: Paper, title: str) -> float:
    paper.page()
    y = paper.margin
    paper.text(paper.margin, y + 6, letters.cut(paper.clean(title), 17, paper.inner), 17, bold=True)
    paper.line(paper.margin, y + 10, paper.width - paper.margin, y + 10, colour=INK, width=0.5)
    return y + 12


def _notes(paper: Paper, table: FigureTable, y: float) -> None:
    for note in table.notes:
        lines = letters.lines(paper.clean(note), _NOTE, paper.inner, 6)
        if y + 3.6 * len(lines) > paper.bottom - 4:
            y = _page(paper, table.title)
        y = paper.block(paper.margin, y, paper.inner, note, _NOTE, most=6, colour=SOFT) + 0.8

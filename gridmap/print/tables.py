"""Tables: a head, lines that break over columns and pages, cells that are cut where they do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridmap.print import letters
from gridmap.print.paper import FAINT, INK, LINE, SOFT, Anchor, Paper

#: A cell that is not known.
UNKNOWN = "—"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, its share of the width, and how its cells stand."""

    head: str
    share: float
    anchor: Anchor = "left"


Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Group:
    """A line over the rows that follow: what they have in common, and its figures at the right."""

    title: str
    figures: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """Sizes of a table: of its type in points, of its lines in mm."""

    size: float = 8.0
    step: float = 4.6
    least: float = 5.5


def draw_table(
    paper: Paper,
    x: float,
    y: float,
    width: float,
    columns: Sequence[Column],
    rows: Sequence[Row | Group],
    look: Look | None = None,
) -> float:
    """Draw a table from its top; gives where the next may begin. Rows are not broken over pages here."""
    look = look or Look()
    edges = _edges(x, width, columns)
    paper.rect(x, y, width, look.step, fill=FAINT)
    _line(paper, y, edges, columns, [c.head for c in columns], look, head=True)
    for row in rows:
        y += look.step
        if isinstance(row, Group):
            _group(paper, x, y, width, row, look)
        else:
            _line(paper, y, edges, columns, row, look, head=False)
        paper.line(x, y + look.step, x + width, y + look.step, colour=LINE, width=0.12)
    return y + look.step


def rows_that_fit(height: float, look: Look) -> int:
    """Say how many rows a table of a height has beneath its head."""
    return max(0, int(height / look.step + 1e-9) - 1)


def _edges(x: float, width: float, columns: Sequence[Column]) -> list[tuple[float, float]]:
    whole = sum(c.share for c in columns)
    edges = []
    for column in columns:
        edges.append((x, x + width * column.share / whole))
        x = edges[-1][1]
    return edges


def _line(
    paper: Paper,
    y: float,
    edges: list[tuple[float, float]],
    columns: Sequence[Column],
    cells: Row,
    look: Look,
    *,
    head: bool,
) -> None:
    for (left, right), column, cell in zip(edges, columns, cells, strict=True):
        value, size = letters.fitted(paper.clean(cell), look.size, right - left - 2.0, least=look.least)
        at = {"left": left + 1.0, "middle": (left + right) / 2, "right": right - 1.0}[column.anchor]
        base = y + look.step / 2 + look.size * 0.128
        paper.text(at, base, value, size, colour=SOFT if head else INK, anchor=column.anchor)


def _group(paper: Paper, x: float, y: float, width: float, group: Group, look: Look) -> None:
    base = y + look.step / 2 + look.size * 0.128
    figures = letters.cut(paper.clean(group.figures), look.size, width * 0.6)
    paper.text(x + width - 1, base, figures, look.size, colour=SOFT, anchor="right")
    room = width - 4 - letters.width_mm(figures, look.size)
    title, size = letters.fitted(paper.clean(group.title), look.size, room, least=look.least)
    paper.text(x + 1, base, title, size, bold=True)

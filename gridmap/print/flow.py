"""A document that flows from page to page: headings, paragraphs, and tables whose cells break into lines."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from reportlab.lib.colors import Color

from gridmap.print import letters
from gridmap.print.paper import FAINT, INK, LINE, SOFT, Paper
from gridmap.print.tables import Column, Look

_MOST_LINES = 60
#: Rows of a table that go to its last page together.
_FEW_ROWS = 3


class Flow:
    """Writes on a paper from top to bottom; ``head`` begins each page and gives where its content does."""

    def __init__(self, paper: Paper, head: Callable[[], float]) -> None:
        self.paper = paper
        self._head = head
        self.y = 0.0
        self.new_page()

    @property
    def left(self) -> float:
        """What is left of the page, mm."""
        return self.paper.bottom - self.y - 2

    def new_page(self) -> None:
        """Begin a page."""
        self.paper.page()
        self.y = self._head()

    def need(self, height: float) -> None:
        """Begin a page where so much, mm, is not left on this one."""
        if self.left < height:
            self.new_page()

    def title(self, value: str, *, keep: float = 20.0) -> None:
        """Write the title of a part; ``keep``: mm that must follow on the same page."""
        self.need(8.0 + keep)
        paper = self.paper
        self.y += 2.0
        paper.text(paper.margin, self.y + 4, letters.cut(paper.clean(value), 12, paper.inner), 12, bold=True)
        paper.line(paper.margin, self.y + 6, paper.margin + paper.inner, self.y + 6, width=0.3)
        self.y += 8.0

    def lines(self, values: Sequence[str], *, size: float = 9.0, colour: Color = INK, bullet: str = "·") -> None:
        """Write sentences, each whole, with a bullet before it."""
        for value in values:
            self.y = self._sentence(value, size, colour, bullet)

    def _sentence(self, value: str, size: float, colour: Color, bullet: str) -> float:
        paper = self.paper
        indent = letters.width_mm(bullet + " ", size) if bullet else 0.0
        step = size * 0.3528 * 1.42
        for n, line in enumerate(letters.lines(paper.clean(value), size, paper.inner - indent, _MOST_LINES)):
            self.need(step)
            base = self.y + size * 0.3528
            if n == 0 and bullet:
                paper.text(paper.margin, base, bullet, size, colour=colour)
            paper.text(paper.margin + indent, base, line, size, colour=colour)
            self.y += step
        return self.y + 0.7

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], look: Look | None = None) -> None:
        """Write a table; its head stands on every page, no row is broken over two, and none is alone on the last."""
        paper, look = self.paper, look or Look()
        edges = column_edges(paper.margin, paper.inner, columns)
        heads = broken(paper, [c.head for c in columns], edges, look)
        cells = [broken(paper, row, edges, look) for row in rows]
        self.need(row_height(heads, look) + (row_height(cells[0], look) if cells else 0))
        self.y = draw_row(paper, self.y, edges, columns, heads, look, head=True)
        heights = [row_height(row, look) for row in cells]
        here = self._rows_here(heights)
        for k, row in enumerate(cells):
            if not here:
                self.new_page()
                self.y = draw_row(paper, self.y, edges, columns, heads, look, head=True)
                here = max(1, self._rows_here(heights[k:]))
            self.y = draw_row(paper, self.y, edges, columns, row, look, head=False)
            here -= 1
        self.y += 2.0

    def _rows_here(self, heights: Sequence[float]) -> int:
        """Give how many rows stand on this page, so that none or some are left for the next one."""
        fit = sum(below <= self.left for below in accumulate(heights))
        left = len(heights) - fit
        return fit - max(0, min(_FEW_ROWS - left, fit - _FEW_ROWS)) if left else fit


Edges = list[tuple[float, float]]


def column_edges(x: float, width: float, columns: Sequence[Column]) -> Edges:
    """Give left and right of each column, mm."""
    whole = sum(c.share for c in columns)
    edges: Edges = []
    for column in columns:
        edges.append((x, x + width * column.share / whole))
        x = edges[-1][1]
    return edges


def broken(paper: Paper, cells: Sequence[str], edges: Edges, look: Look, most: int = _MOST_LINES) -> list[list[str]]:
    """Break cells into the lines that their columns have room for."""
    return [
        letters.lines(paper.clean(cell), look.size, right - left - 2.0, most) or [""]
        for cell, (left, right) in zip(cells, edges, strict=True)
    ]


def row_height(cells: list[list[str]], look: Look) -> float:
    """Give how high a row is, mm."""
    return look.step + (max(map(len, cells)) - 1) * look.size * 0.3528 * 1.25


def draw_row(
    paper: Paper, y: float, edges: Edges, columns: Sequence[Column], cells: list[list[str]], look: Look, *, head: bool
) -> float:
    """Draw a row of broken cells; gives where the next one begins."""
    height = row_height(cells, look)
    if head:
        paper.rect(edges[0][0], y, edges[-1][1] - edges[0][0], height, fill=FAINT)
    step = look.size * 0.3528 * 1.25
    for (left, right), column, lines in zip(edges, columns, cells, strict=True):
        at = {"left": left + 1.0, "middle": (left + right) / 2, "right": right - 1.0}[column.anchor]
        for n, line in enumerate(lines):
            base = y + look.step / 2 + look.size * 0.128 + n * step
            paper.text(at, base, line, look.size, colour=SOFT if head else INK, anchor=column.anchor)
    paper.line(edges[0][0], y + height, edges[-1][1], y + height, colour=LINE, width=0.12)
    return y + height

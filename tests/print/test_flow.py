"""A table over several pages: every row once, in order, and no lone row on the last page."""

from typing import Any

import pytest

from gridmap.print import flow
from gridmap.print.flow import Flow
from gridmap.print.tables import Column


class Sheet:
    """A page of 100 mm, which counts how often it was begun."""

    margin, inner, bottom, language = 10.0, 180.0, 100.0, "en"
    pages = 0

    def page(self) -> None:
        self.pages += 1

    def clean(self, text: str) -> str:
        return text


@pytest.mark.parametrize("count", range(60))
def test_no_lone_row_is_left_for_the_last_page(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, str]] = []

    def draw_row(paper: Any, y: float, edges: Any, columns: Any, cells: Any, look: Any, *, head: bool) -> float:
        if not head:
            drawn.append((paper.pages, cells[0][0]))
            assert y + look.step <= paper.bottom
        return y + look.step

    monkeypatch.setattr(flow, "draw_row", draw_row)
    sheet: Any = Sheet()
    Flow(sheet, lambda: 10.0).table([Column("Grid", 1.0)], [[str(k)] for k in range(count)])
    assert [text for _, text in drawn] == [str(k) for k in range(count)]
    pages = [page for page, _ in drawn]
    each = [pages.count(page) for page in sorted(set(pages))]
    assert len(each) <= 1 or each[-1] >= 3
    # as few pages as there must be: the head and eighteen rows fit on one
    assert len(each) == -(-count // 18)

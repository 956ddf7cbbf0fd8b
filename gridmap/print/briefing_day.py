"""The daily briefing: one page, whatever there is to say. What has no room is counted, never cut off in silence."""

from collections.abc import Callable, Sequence

from gridmap.analysis.briefing import Briefing
from gridmap.i18n import Language, text
from gridmap.print import briefing_text as words
from gridmap.print import letters
from gridmap.print.briefing_head import columns, cover, draw_tiles, tiles_of
from gridmap.print.briefing_maps import Place, draw_heat, draw_seen, heat_signs, seen_signs
from gridmap.print.drawing import Drawing
from gridmap.print.flow import broken, column_edges, draw_row, row_height
from gridmap.print.furniture import section
from gridmap.print.legends import Sign, draw_legend, legend_height
from gridmap.print.paper import SOFT, Paper
from gridmap.print.tables import Column, Look

_GAP, _TILE, _FOOT = 6.0, 24.0, 33.0
_LOOK = Look(7.0, 4.2)
_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0)
_SMALL = (7.0, 6.5, 6.0, 5.5)
_LEAST_MAP = 50.0


def draw_day(paper: Paper, found: Briefing) -> None:
    """Draw the page of a day."""
    language = paper.language
    paper.page()
    y = cover(paper, found, language, most=3) + 1
    y = draw_tiles(paper, tiles_of(found, language), paper.margin, y, paper.inner, height=_TILE)
    half = (paper.inner - _GAP) / 2
    left, right = paper.margin, paper.margin + half + _GAP
    heat = [] if found.heat is None else heat_signs(found, language)
    seen = [] if found.seen is None else seen_signs(found, language)
    legend = max(legend_height(signs, half) for signs in (heat, seen))
    foot = paper.bottom - _FOOT
    # sentences and tables need their room first, maps take what is left of the page
    high = max(_LEAST_MAP, min(80.0, (foot - y) * 0.52 - legend - 6))
    below = y + 6 + high + legend + 2
    _map(paper, text("report.heat_day", language), left, y, half, high, found, draw_heat, heat, "report.heat_hidden")
    _map(paper, text("report.seen", language), right, y, half, high, found, draw_seen, seen, "report.seen_hidden")
    said = [s.text(language) for s in found.said]
    said += [] if found.seen is None else [s.text(language) for s in found.seen.said]
    _fitted(paper, left, below, half, foot, [
        (text("report.summary", language), said),
        (text("report.alerts", language, at=f"{found.at:%H:%M}"), _alerts(found, language)),
    ], _SIZES)  # fmt: skip
    y = section(paper, right, below, half, text("report.places", language))
    split = below + (foot - below) * 0.56
    heads, shares = words.place_heads(False, language)[:4], (0.5, 2.0, 0.7, 1.3)
    cells = [words.place_cells(one, False, language)[:4] for one in found.places]
    y = _table(paper, right, y, half, split, columns(heads, shares, left=1), cells)
    y = section(paper, right, y + 1, half, text("report.types", language))
    cells = [words.type_cells(one, language) for one in found.types]
    _table(paper, right, y, half, foot, columns(words.type_heads(language), (2.2, 0.8, 0.8, 1.3), left=0), cells)
    for x, key, why in ((left, "report.missing", found.missing), (right, "report.made", found.made)):
        part = [(text(key, language), [s.text(language) for s in why])]
        _fitted(paper, x, foot, half, paper.bottom - 3, part, _SMALL)


def _alerts(found: Briefing, language: Language) -> list[str]:
    lines = [line for _, line in words.alert_lines(found, language)]
    return lines or [text("report.alerts_none", language)]


def _map(
    paper: Paper, title: str, x: float, y: float, width: float, height: float, found: Briefing,
    draw: Callable[[Drawing, Briefing, Place], None], signs: list[Sign], hidden: str,
) -> None:  # fmt: skip
    y = section(paper, x, y, width, title)
    if not signs:
        paper.block(x, y, width, text(hidden, paper.language), 8, most=4, colour=SOFT)
        return
    draw(paper, found, (x, y + 0.6, width, height))
    draw_legend(paper, signs, x, y + 0.6 + height + 0.6, width)


def _fitted(
    paper: Paper, x: float, y: float, width: float, bottom: float, parts: Sequence[tuple[str, list[str]]],
    sizes: Sequence[float],
) -> None:  # fmt: skip
    """Write titled sentences into a place: in the largest type in which all fit, else as many as fit, the rest counted.

    Each part keeps at least its share of the place.
    """
    for size in sizes:
        broken_up = [[_lines(paper, said, size, width) for said in sentences] for _, sentences in parts]
        step = size * 0.47
        high = sum(6.4 + step * sum(map(len, part)) for part in broken_up)
        if high <= bottom - y:
            break
    for n, ((title, _), part) in enumerate(zip(parts, broken_up, strict=True)):
        y = section(paper, x, y, width, title)
        rest = sum(6.4 + step * min(4, sum(map(len, other))) for other in broken_up[n + 1 :])
        y = _sentences(paper, x, y, bottom - rest, part, size, step) + 1.0


def _lines(paper: Paper, said: str, size: float, width: float) -> list[str]:
    return letters.lines("· " + paper.clean(said), size, width, 40)


def _sentences(
    paper: Paper, x: float, y: float, bottom: float, sentences: list[list[str]], size: float, step: float
) -> float:
    for n, lines in enumerate(sentences):
        after = step if n + 1 < len(sentences) else 0.0  # room to say how many are left
        if y + step * len(lines) + after > bottom + 0.01:
            more = text("report.more", paper.language, count=f"{len(sentences) - n:,}")
            paper.text(x, y + step * 0.78, more, size, colour=SOFT)
            return y + step
        for line in lines:
            paper.text(x, y + step * 0.78, line, size)
            y += step
    return y


def _table(
    paper: Paper, x: float, y: float, width: float, bottom: float, heads: list[Column], rows: list[list[str]]
) -> float:
    """Draw as many rows as fit; the rest are counted."""
    edges = column_edges(x, width, heads)
    y = draw_row(paper, y, edges, heads, broken(paper, [c.head for c in heads], edges, _LOOK), _LOOK, head=True)
    for n, row in enumerate(rows):
        cells = broken(paper, row, edges, _LOOK)
        after = 4.0 if n + 1 < len(rows) else 0.0
        if y + row_height(cells, _LOOK) + after > bottom:
            more = text("report.more_rows", paper.language, count=f"{len(rows) - n:,}")
            paper.text(x, y + 3.0, letters.cut(more, 6.5, width), 6.5, colour=SOFT)
            return y + 4.0
        y = draw_row(paper, y, edges, heads, cells, _LOOK, head=False)
    return y

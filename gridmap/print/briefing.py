"""A briefing as PDF on A4: of a day on exactly one page, of a month or another span on several."""

from collections.abc import Callable, Sequence

from gridmap.analysis.briefing import Briefing
from gridmap.domain.alerts import Grade
from gridmap.i18n import Language, text
from gridmap.print import briefing_text as words
from gridmap.print.briefing_day import draw_day
from gridmap.print.briefing_head import MARKS, WORSE, columns, cover, draw_tiles, tiles_of
from gridmap.print.briefing_maps import Place, draw_heat, draw_seen, heat_signs, seen_signs
from gridmap.print.charts import draw_course
from gridmap.print.flow import Flow
from gridmap.print.furniture import furniture, note_of_missing
from gridmap.print.legends import Sign, draw_legend, legend_height
from gridmap.print.paper import A4, INK, SOFT, Paper
from gridmap.print.tables import Look

#: Of the maps, mm: their greatest height, that on a page of their own, and the least for which none is begun.
_MAP, _NEW_MAP, _LEAST_MAP = 150.0, 125.0, 98.0
_TILE = 27.0
#: Hot grids and grids that nobody looked at that are listed one by one.
_MOST_GRIDS = 20


def briefing_pdf(found: Briefing, languages: Sequence[Language]) -> bytes:
    """Write a briefing as PDF, in each language one after the other; the same bytes for the same briefing.

    A daily one has exactly one page in each language: what has no room there is counted, not cut off.
    """
    first = languages[0]
    paper = Paper(A4, furniture(found.source, _title(found, first), first), first)
    for language in languages:
        paper.language = language
        paper.furniture = furniture(found.source, _title(found, language), language)
        if found.period.kind == "day":
            draw_day(paper, found)
        else:
            _draw(paper, found, language)
    note_of_missing(paper)
    return paper.finished()


def _title(found: Briefing, language: Language) -> str:
    return f"{words.title_of(found, language)} {words.place_of(found, language)} {found.period.first}"


def _draw(paper: Paper, found: Briefing, language: Language) -> None:
    flow = Flow(paper, lambda: paper.margin)
    flow.y = cover(paper, found, language, most=8) + 2
    flow.y = draw_tiles(paper, tiles_of(found, language), paper.margin, flow.y, paper.inner, height=_TILE) + 1
    flow.title(text("report.summary", language))
    flow.lines([s.text(language) for s in found.said], size=9.5)
    flow.title(text("report.alerts", language, at=f"{found.at:%Y-%m-%d %H:%M}"))
    _alerts(flow, found, language)
    flow.title(text("report.course", language), keep=45)
    draw_course(paper, found, paper.margin, flow.y, paper.inner, 40)
    flow.y += 43
    _heat(flow, found, language)
    _seen(flow, found, language)
    effort = any(p.effort is not None for p in found.places)
    flow.title(text("report.places", language))
    note = text("report.places_note" if effort else "report.places_short", language)
    flow.lines([note], size=8, colour=SOFT, bullet="")
    shares = (0.5, 1.85, 0.8, 1.45, 0.75, 0.85) + (0.75, 1.65, 0.85) * effort
    flow.table(columns(words.place_heads(effort, language), shares, left=1),
               [words.place_cells(p, effort, language) for p in found.places], Look(7.5, 4.6))  # fmt: skip
    flow.title(text("report.types", language))
    flow.table(columns(words.type_heads(language), (2.4, 0.8, 0.8, 1.3), left=0),
               [words.type_cells(t, language) for t in found.types], Look(8, 4.8))  # fmt: skip
    flow.title(text("report.missing", language))
    flow.lines([s.text(language) for s in found.missing])
    flow.title(text("report.made", language))
    flow.lines([s.text(language) for s in found.made], size=8.5)


def _alerts(flow: Flow, found: Briefing, language: Language) -> None:
    if not found.alerts:
        flow.lines([text("report.alerts_none", language)], bullet="")
    for grade, line in words.alert_lines(found, language):
        flow.lines([line], colour=WORSE if grade is Grade.URGENT else INK, bullet=MARKS[grade])


def _heat(flow: Flow, found: Briefing, language: Language) -> None:
    paper, title = flow.paper, text("report.heat", language)
    if found.heat is None:
        flow.title(title)
        flow.lines([text("report.heat_hidden", language)], bullet="")
        return
    signs = heat_signs(found, language)
    _map(flow, title, signs, lambda place: draw_heat(paper, found, place))
    flow.lines([s.text(language) for s in found.heat.said])
    rows = [[code, name, f"{count:,}", said.text(language)] for code, name, count, _, said in found.heat.hot]
    if rows:
        heads = [text(f"report.col_{k}", language) for k in ("code", "incidents", "said")]
        heads.insert(1, text("page.lead_col_place", language))
        flow.need(14)
        flow.table(columns(heads, (1.1, 1.6, 0.6, 3.0), left=3), rows[:_MOST_GRIDS], Look(7.5, 4.6))
        _more_rows(flow, len(rows), language)


def _seen(flow: Flow, found: Briefing, language: Language) -> None:
    paper, title = flow.paper, text("report.seen", language)
    if found.seen is None:
        flow.title(title)
        flow.lines([text("report.seen_hidden", language)], bullet="")
        return
    signs = seen_signs(found, language)
    _map(flow, title, signs, lambda place: draw_seen(paper, found, place))
    flow.lines([s.text(language) for s in found.seen.said])
    rows = words.unseen_rows(found)
    if rows:
        flow.need(24)
        flow.lines([text("report.unseen_table", language)], bullet="")
        heads = [text("report.col_code", language), text("page.lead_col_place", language)]
        heads.append(text("report.col_incidents", language))
        flow.table(columns(heads, (1.2, 2.4, 0.8), left=1), rows[:_MOST_GRIDS], Look(7.5, 4.6))
        _more_rows(flow, len(rows), language)


def _map(flow: Flow, title: str, signs: list[Sign], draw: Callable[[Place], None]) -> None:
    """Draw a map with its legend as high as the page has room, on a new one where that is too little."""
    paper, legend = flow.paper, legend_height(signs, flow.paper.inner)
    flow.title(title, keep=_LEAST_MAP + legend + 12)
    high = min(_MAP, flow.left - legend - 12) if flow.left < 200 else _NEW_MAP
    draw((paper.margin, flow.y, paper.inner, high))
    flow.y = draw_legend(paper, signs, paper.margin, flow.y + high + 1, paper.inner) + 1


def _more_rows(flow: Flow, count: int, language: Language) -> None:
    if count > _MOST_GRIDS:
        more = text("report.more_rows", language, count=f"{count - _MOST_GRIDS:,}")
        flow.lines([more], size=8, colour=SOFT, bullet="")

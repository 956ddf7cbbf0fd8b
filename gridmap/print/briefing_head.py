"""What the daily and the longer report have in common: the cover line, and the key numbers as tiles."""

from collections.abc import Sequence

from reportlab.lib.colors import HexColor

from gridmap.analysis.briefing import Briefing, Number
from gridmap.domain.alerts import Grade
from gridmap.i18n import Language, text
from gridmap.print import briefing_text as words
from gridmap.print import letters
from gridmap.print.paper import FAINT, INK, SOFT, Paper
from gridmap.print.tables import Column

WORSE, BETTER = HexColor("#a3261e"), HexColor("#1d6b3c")
MARKS = {Grade.URGENT: "▲", Grade.WARNING: "●", Grade.NOTE: "·"}
_GAP = 3.0


def cover(paper: Paper, found: Briefing, language: Language, *, most: int) -> float:
    """Draw the head of a report; gives where its content begins. ``most``: lines of the name of the place."""
    y = paper.margin
    paper.text(paper.margin, y + 6.5, words.title_of(found, language), 20, bold=True)
    said = words.as_of(found, language)
    paper.text(paper.width - paper.margin, y + 6.5, said, 8.5, colour=SOFT, anchor="right")
    y = paper.block(paper.margin, y + 9.5, paper.inner, words.place_of(found, language), 12, most=most)
    y = paper.block(paper.margin, y + 0.5, paper.inner, words.period_of(found, language), 9, most=2, colour=SOFT)
    paper.line(paper.margin, y + 1, paper.width - paper.margin, y + 1, colour=INK, width=0.5)
    return y + 2


#: Title, value, the lines beneath it, and which of these is good (True) or bad (False).
Tile = tuple[str, str, tuple[tuple[str, bool | None], ...]]


def _number_tile(one: Number, language: Language) -> Tile:
    """Give the texts of the tile of a number."""
    change, target = words.number_change(one, language), words.number_target(one, language)
    moved = one.change is not None and one.better != "neither" and abs(one.change) >= 1 / 20
    better = (one.better == "more") == (one.change is not None and one.change > 0) if moved else None
    met = None if one.target is None or one.value is None else one.value >= one.target
    lines = ((words.number_source(one, language), None), (change, better), (target, met))
    return words.number_title(one, language), words.number_value(one, language), tuple(x for x in lines if x[0])


def _open_tile(found: Briefing, language: Language) -> Tile:
    """Give the texts of the tile of open cases."""
    queues = found.queues
    value = text("report.value_cases", language, value=f"{queues['open']:,}")
    beneath = text("report.open_of", language, overdue=f"{queues['overdue']:,}", risk=f"{queues['risk']:,}")
    return text("report.open", language), value, ((beneath, not queues["overdue"]),)


def tiles_of(found: Briefing, language: Language) -> list[Tile]:
    """Give the tiles of the key numbers, that of open cases last."""
    return [*(_number_tile(one, language) for one in found.numbers), _open_tile(found, language)]


def draw_tiles(
    paper: Paper, cells: Sequence[Tile], x: float, y: float, width: float, *, height: float, across: int = 4
) -> float:
    """Draw tiles in rows; gives where the next may begin."""
    wide = (width - _GAP * (across - 1)) / across
    for n, (title, value, lines) in enumerate(cells):
        left, top = x + (n % across) * (wide + _GAP), y + (n // across) * (height + _GAP)
        paper.rect(left, top, wide, height, fill=FAINT)
        shown, size = letters.fitted(title, 8.5, wide - 4, least=6)
        paper.text(left + 2, top + 4.4, shown, size, colour=SOFT)
        shown, size = letters.fitted(value, 17, wide - 4, least=9)
        paper.text(left + 2, top + 11.6, shown, size, bold=True)
        at = top + 13.0
        for line, good in lines:
            colour = SOFT if good is None else BETTER if good else WORSE
            for part in letters.lines(line, 7.2, wide - 4, 3):
                at += 3.25
                paper.text(left + 2, at, part, 7.2, colour=colour)
    return y + -(-len(cells) // across) * (height + _GAP)


def columns(heads: Sequence[str], shares: Sequence[float], *, left: int) -> list[Column]:
    """Give columns: the one numbered ``left``, and codes before it, stand left, all others right."""
    return [
        Column(head, share, "left" if n <= left and not (left == 3 and n == 2) else "right")
        for n, (head, share) in enumerate(zip(heads, shares, strict=True))
    ]

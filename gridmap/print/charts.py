"""The course of a period as a drawing: cases reported, and the share closed on time."""

import math
from collections.abc import Sequence

from reportlab.lib.colors import Color, HexColor

from gridmap.analysis.briefing import Briefing
from gridmap.analysis.indicators.groups import period_of
from gridmap.i18n import text
from gridmap.print import letters
from gridmap.print.drawing import Drawing
from gridmap.print.legends import circle
from gridmap.print.paper import LINE, MM, SOFT

_BAR, _DOT, _VOID = HexColor("#9db4c8"), HexColor("#1f5f8b"), HexColor("#e6e3da")
_LEFT, _HEAD, _FOOT = 9.0, 5.0, 5.5


def draw_course(on: Drawing, found: Briefing, x: float, y: float, width: float, height: float) -> None:
    """Draw cases reported and the share closed on time side by side; days without records are marked."""
    board, half = found.board, (width - 8) / 2
    rows = {label: k for k, label in enumerate(board.course.keys[board.period])}
    reported, (on_time, due) = board.course.counts("filing")[1], board.course.counts("on_time_closing")
    values = [int(reported[rows[label]]) if label in rows else 0 for label in board.labels]
    shares = [
        100 * int(on_time[rows[label]]) / int(due[rows[label]]) if label in rows and due[rows[label]] else None
        for label in board.labels
    ]
    period = text(f"page.lead_period_{board.period}", on.language)
    void = _voids(found)
    _axes(
        on,
        x,
        y,
        half,
        height,
        text("report.course_reported", on.language, period=period),
        round_top(max(values, default=0)),
    )
    _bars(on, x + _LEFT, y + _HEAD, half - _LEFT, height - _HEAD - _FOOT, values, void)
    _labels(on, board.labels, x + _LEFT, y + height, half - _LEFT)
    x += half + 8
    _axes(on, x, y, half, height, text("report.course_on_time", on.language), 100)
    _points(on, x + _LEFT, y + _HEAD, half - _LEFT, height - _HEAD - _FOOT, shares)
    _labels(on, board.labels, x + _LEFT, y + height, half - _LEFT)


def round_top(most: float) -> float:
    """Give a number at which an axis can end: 1, 2 or 5 times a power of ten."""
    if most <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= most)


def _voids(found: Briefing) -> list[bool]:
    """Tell of each label whether all its days are in a span without records."""
    days: dict[str, list[bool]] = {label: [] for label in found.board.labels}
    for n in range(found.period.days):
        day = found.period.first.fromordinal(found.period.first.toordinal() + n)
        label = period_of(day, found.board.period)
        days.setdefault(label, []).append(any(a <= day <= b for a, b in found.gaps))
    return [bool(days[label]) and all(days[label]) for label in found.board.labels]


def _axes(on: Drawing, x: float, y: float, width: float, height: float, title: str, top: float) -> None:
    on.text(x, y + 2.8, letters.cut(title, 8, width), 8)
    low = y + height - _FOOT
    for part in (0.0, 0.5, 1.0):
        at = low - part * (height - _HEAD - _FOOT)
        on.line(x + _LEFT, at, x + width, at, colour=LINE, width=0.12)
        value = top * part
        if value == math.floor(value):
            on.text(x + _LEFT - 1, at + 0.9, f"{value:,.0f}", 6.5, colour=SOFT, anchor="right")


def _bars(
    on: Drawing, x: float, y: float, width: float, height: float, values: Sequence[int], void: Sequence[bool]
) -> None:
    step, top = width / max(1, len(values)), round_top(max(values, default=0))
    first = True
    for k, value in enumerate(values):
        if void[k]:
            on.rect(x + step * k, y, step, height, fill=_VOID)
            if first:
                note = text("report.course_gap", on.language)
                on.text(x + step * k, y + 2.4, letters.cut(note, 6, width - step * k), 6, colour=SOFT)
            first = False
        elif value:
            high = height * value / top
            on.rect(x + step * (k + 0.12), y + height - high, step * 0.76, high, fill=_BAR)


def _points(on: Drawing, x: float, y: float, width: float, height: float, shares: Sequence[float | None]) -> None:
    step = width / max(1, len(shares))
    before: tuple[float, float] | None = None
    for k, share in enumerate(shares):
        if share is None:
            before = None  # nothing was due: a gap, not a 0
            continue
        here = (x + step * (k + 0.5), y + height * (1 - share / 100))
        if before is not None:
            on.line(*before, *here, colour=_DOT, width=0.4)
        _dot(on, *here, _DOT)
        before = here


def _dot(on: Drawing, x: float, y: float, colour: Color) -> None:
    path = on.path()
    circle(path, x * MM, (on.height - y) * MM, 0.7 * MM)
    on.draw(path, fill=colour)


def _labels(on: Drawing, labels: Sequence[str], x: float, y: float, width: float) -> None:
    step = width / max(1, len(labels))
    every = max(1, math.ceil(len(labels) * 14 / width))
    for k in range(0, len(labels), every):
        shown = labels[k][5:] if len(labels[k]) > 7 else labels[k]
        on.text(x + step * (k + 0.5), y - 1.6, shown, 6.5, colour=SOFT, anchor="middle")

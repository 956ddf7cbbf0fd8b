"""Legends of maps on paper: signs with what they mean, in as many lines as they need."""

import math
from typing import Any

from reportlab.lib.colors import Color, HexColor

from gridmap.print import letters
from gridmap.print.drawing import Drawing
from gridmap.print.paper import MM, SOFT

#: Height of a line of the legend, mm; its type, points.
_LINE = 4.4
_TYPE = 7.5

#: A sign of a legend: fill, line, hatched, dotted; and what it means.
Sign = tuple[Color | None, Color | None, str, str]


def legend_height(signs: list[Sign], width: float) -> float:
    """Give how high a legend is, mm."""
    return _LINE * len(_rows(signs, width)) + 1


def draw_legend(on: Drawing, signs: list[Sign], x: float, y: float, width: float) -> float:
    """Draw a legend beneath a map; gives where the next may begin."""
    for n, row in enumerate(_rows(signs, width)):
        at, base = x, y + _LINE * n + 3.4
        for sign in row:
            at = _sign(on, sign, at, base)
    return y + legend_height(signs, width)


def _rows(signs: list[Sign], width: float) -> list[list[Sign]]:
    rows: list[list[Sign]] = [[]]
    used = 0.0
    for sign in signs:
        wide = _width(sign)
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append(sign)
        used += wide
    return rows


def _is_words(sign: Sign) -> bool:
    return sign[0] is None and sign[1] is None


def _width(sign: Sign) -> float:
    return letters.width_mm(sign[3], _TYPE) + (4.0 if _is_words(sign) else 11.0)


def _sign(on: Drawing, sign: Sign, x: float, base: float) -> float:
    fill, stroke, kind, words = sign
    if _is_words(sign):
        on.text(x, base, words, _TYPE, colour=SOFT)
        return x + _width(sign)
    top = base - 2.7
    if kind == "line" and stroke is not None:
        on.line(x, base - 1.1, x + 6, base - 1.1, colour=stroke, width=0.35)
    elif kind == "dot" and stroke is not None:
        path = on.path()
        circle(path, (x + 3) * MM, (on.height - base + 1.2) * MM, 0.9 * MM)
        on.draw(path, fill=stroke)
    elif kind in ("hatch", "dotted") and stroke is not None:
        on.rect(x, top, 6, 3.2, stroke=stroke if kind == "hatch" else None, fill=HexColor("#ffffff"))
        for k in range(4) if kind == "hatch" else ():
            on.line(
                x + 1.5 * k, top + 3.2, x + min(6.0, 1.5 * k + 3.2), top + max(0.0, 1.5 * k + 3.2 - 6), colour=stroke
            )
        if kind == "dotted":
            for k in range(7):
                on.rect(x + k, top, 0.25, 0.25, fill=stroke)
                on.rect(x + k, top + 3, 0.25, 0.25, fill=stroke)
    else:
        on.rect(x, top, 6, 3.2, fill=fill, stroke=stroke, line=0.7 if fill is None else 0.2)
    on.text(x + 7.2, base, words, _TYPE)
    return x + _width(sign)


def circle(path: Any, x: float, y: float, radius: float) -> None:
    """Add a round to a path, all in points."""
    for k in range(12):
        angle = 2 * math.pi * k / 12
        (path.lineTo if k else path.moveTo)(x + radius * math.cos(angle), y + radius * math.sin(angle))
    path.close()

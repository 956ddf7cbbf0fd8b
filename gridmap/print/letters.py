"""Type: the one font, what of a text can be set in it, and how it breaks into lines.

Texts are drawn as they are, glyph by glyph: nothing in a name is markup. What would change the direction or order of
what is read, or cannot be seen, is taken out; what the font lacks is shown as a box, never left out in silence.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FONT = "NotoSansSC"
#: Stands for a character that the font does not have.
BOX = "□"
#: Characters of one text that are looked at: longer ones end with an ellipsis anyway.
_LONGEST = 600
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp"})
_TOKENS = re.compile(r"[!-~\u00a1-\u024f]+|\s+|.", re.DOTALL)
#: What does not begin a line in Chinese, and what does not end one.
_CLOSING = frozenset("，。、；：？！）》」』】〕”’…·%㎡")
_OPENING = frozenset("（《「『【〔“‘")


@cache
def font() -> TTFont:
    """Load the font once, and make it known to the writer of PDF."""
    file = resources.files("gridmap.print") / "fonts" / "NotoSansSC-Regular.ttf"
    with resources.as_file(file) as path:
        made = TTFont(FONT, str(path))
    pdfmetrics.registerFont(made)
    return made


def clean(value: str) -> tuple[str, bool]:
    """Give what of a text can be set, and whether a character of it is shown as a box.

    Examples
    --------
    >>> clean("东海\\u202e路\\n一号")
    ('东海路 一号', False)
    >>> clean("A\\U0001F600")
    ('A□', True)
    """
    known = font().face.charToGlyph
    kept: list[str] = []
    missing = False
    for c in unicodedata.normalize("NFC", value[:_LONGEST]):
        if c.isspace():
            kept.append(" ")
        elif ord(c) in known and unicodedata.category(c) not in _INVISIBLE:
            kept.append(c)
        elif unicodedata.category(c) not in _INVISIBLE:
            kept.append(BOX)
            missing = True
    text = " ".join("".join(kept).split())
    return (text + "…" if len(value) > _LONGEST else text), missing


def visible(value: str) -> str:
    """Give a text without what cannot be seen or changes its direction; letters that the font lacks stay.

    Examples
    --------
    >>> visible("A\\u202eB\\n\\u4e00")
    'AB \u4e00'
    """
    kept = (" " if c.isspace() else c for c in unicodedata.normalize("NFC", value[:_LONGEST]))
    text = " ".join("".join(c for c in kept if unicodedata.category(c) not in _INVISIBLE).split())
    return text + "…" if len(value) > _LONGEST else text


def width_mm(text: str, size: float) -> float:
    """Measure a text in mm; ``size`` in points."""
    return float(font().stringWidth(text, size)) / 72 * 25.4


def fitted(text: str, size: float, width: float, *, least: float) -> tuple[str, float]:
    """Shrink a line, and at last cut it, until it fits a width in mm; gives it with its size in points."""
    wide = width_mm(text, size)
    if wide > width:
        size = max(least, size * width / wide)
    return cut(text, size, width), size


def cut(text: str, size: float, width: float) -> str:
    """Cut a line that is too wide and end it with an ellipsis."""
    if width_mm(text, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width_mm(text[:middle].rstrip() + "…", size) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def lines(text: str, size: float, width: float, most: int) -> list[str]:
    """Break a text into at most so many lines of a width in mm; the last one is cut where it does not end.

    Chinese breaks between any two characters but before a closing and behind an opening mark, other text at spaces; a
    word that is wider than a line breaks anywhere.
    """
    found: list[str] = []
    line = ""
    for token in _tokens(text, size, width):
        if width_mm((line + token).rstrip(), size) <= width or not line:
            line += token
            continue
        found.append(line.rstrip())
        line = token.lstrip()
        if len(found) > most:
            break
    if line.strip():
        found.append(line.rstrip())
    if len(found) > most:
        found = [*found[: most - 1], cut(found[most - 1] + found[most] + "…", size, width)]
    return found


def _tokens(text: str, size: float, width: float) -> Iterator[str]:
    held = ""
    for token in _TOKENS.findall(text):
        if held and token[0] not in _CLOSING and held[-1] not in _OPENING:
            yield held
            held = ""
        if width_mm(held + token, size) <= width:
            held += token
            continue
        yield from held + token  # a word longer than a line
        held = ""
    if held:
        yield held

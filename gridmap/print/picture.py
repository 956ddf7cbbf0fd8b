"""A drawing as SVG, to stand in a web page: the same strokes as on paper, text as text."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from reportlab.lib.colors import Color

from gridmap.i18n import Language
from gridmap.print import letters
from gridmap.print.paper import INK, MM, Anchor

#: Points of a path that lie nearer to each other, mm, cannot be told apart.
_NEAR = 0.08
_ANCHORS = {"left": "start", "middle": "middle", "right": "end"}


class SvgPath:
    """A path in points from the bottom left, as that of a PDF."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._parts: list[str] = []
        self._last = (0.0, 0.0)
        #: The last point, where it was too near to the one before it to be drawn as long as others follow.
        self._held: tuple[float, float] | None = None

    def moveTo(self, x: float, y: float) -> None:  # noqa: N802 - as reportlab names it
        """Begin a line."""
        self._end()
        self._put("M", x / MM, self._height - y / MM)

    def lineTo(self, x: float, y: float) -> None:  # noqa: N802
        """Go on."""
        x, y = x / MM, self._height - y / MM
        if abs(x - self._last[0]) + abs(y - self._last[1]) < _NEAR:
            self._held = (x, y)
        else:
            self._put("L", x, y)

    def close(self) -> None:
        """Close it."""
        self._end()
        self._parts.append("Z")

    def drawn(self) -> str:
        """Give the path."""
        self._end()
        return "".join(self._parts)

    def _end(self) -> None:
        if self._held is not None:
            self._put("L", *self._held)

    def _put(self, word: str, x: float, y: float) -> None:
        self._parts.append(f"{word}{_number(x)} {_number(y)}")
        self._last, self._held = (x, y), None


class Picture:
    """A drawing of a width and height in mm; ``named`` says in words what it shows; ``key`` tells its parts apart."""

    def __init__(self, width: float, height: float, language: Language, *, named: str, key: str) -> None:
        self.width, self.height = width, height
        self.language: Language = language
        self._named, self._key = named, key
        self._parts: list[str] = []
        self._clips = 0

    def svg(self) -> str:
        """Give the picture."""
        box = f"0 0 {_number(self.width)} {_number(self.height)}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" role="img" aria-label="{escape(self._named)}">'
            + "".join(self._parts)
            + "</svg>"
        )

    def clean(self, value: str) -> str:
        """Give a text as it can be shown; a browser has more letters than the font of the paper."""
        return letters.visible(value)

    def text(
        self, x: float, y: float, value: str, size: float, *, colour: Color = INK, anchor: Anchor = "left",
        bold: bool = False, halo: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line whose base is at ``y``; ``size`` in points."""
        if not value:
            return
        wide = letters.width_mm(value, size)
        weight = ' font-weight="bold"' if bold else ""
        ring = f' stroke="#fff" stroke-width="{_number(size / 5 / MM)}" paint-order="stroke"' if halo else ""
        # no wider than it was reckoned, whatever font the reader has
        self._parts.append(
            f'<text x="{_number(x)}" y="{_number(y)}" font-size="{_number(size / MM)}" fill="{_colour(colour)}" '
            f'text-anchor="{_ANCHORS[anchor]}" textLength="{_number(wide)}" lengthAdjust="spacingAndGlyphs"'
            f"{weight}{ring}>{escape(value)}</text>"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: Color = INK, width: float = 0.2) -> None:
        """Draw a straight line."""
        self._parts.append(
            f'<path d="M{_number(x1)} {_number(y1)}L{_number(x2)} {_number(y2)}" stroke="{_colour(colour)}" '
            f'stroke-width="{_number(width)}"/>'
        )

    def rect(
        self, x: float, y: float, width: float, height: float, *, fill: Color | None = None,
        stroke: Color | None = None, line: float = 0.2,
    ) -> None:  # fmt: skip
        """Draw a rectangle from its top left corner."""
        self._parts.append(
            f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'
            f"{_look(fill, stroke, line, ())}/>"
        )

    @contextmanager
    def clipped(self, x: float, y: float, width: float, height: float) -> Iterator[None]:
        """Draw nothing outside of a rectangle."""
        self._clips += 1
        name = f"{self._key}-{self._clips}"
        self._parts.append(
            f'<clipPath id="{name}"><rect x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" '
            f'height="{_number(height)}"/></clipPath><g clip-path="url(#{name})">'
        )
        try:
            yield
        finally:
            self._parts.append("</g>")

    def path(self) -> SvgPath:
        """Begin a path."""
        return SvgPath(self.height)

    def draw(
        self, path: SvgPath, *, fill: Color | None = None, stroke: Color | None = None, width: float = 0.3,
        dash: tuple[float, ...] = (),
    ) -> None:  # fmt: skip
        """Fill a path by the even-odd rule and draw its line."""
        self._parts.append(f'<path d="{path.drawn()}"{_look(fill, stroke, width, dash)}/>')


def _look(fill: Color | None, stroke: Color | None, width: float, dash: tuple[float, ...]) -> str:
    found = ' fill="none"' if fill is None else f' fill="{_colour(fill)}" fill-rule="evenodd"'
    if stroke is not None:
        found += f' stroke="{_colour(stroke)}" stroke-width="{_number(width)}" stroke-linejoin="round"'
        found += ' stroke-linecap="round"'
        if dash:
            found += f' stroke-dasharray="{" ".join(map(_number, dash))}"'
    return found


def _colour(colour: Color) -> str:
    return f"#{colour.hexval()[2:]}"


def _number(value: float) -> str:
    """Write mm to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"

"""What a map or a chart is drawn on: a page of a PDF, or a picture in a web page."""

from contextlib import AbstractContextManager
from typing import Any, Protocol

from reportlab.lib.colors import Color

from gridmap.i18n import Language
from gridmap.print.paper import INK, Anchor


class Drawing(Protocol):
    """Lines, shapes and texts in mm from the top left; paths in points from the bottom left."""

    language: Language
    height: float

    def clean(self, value: str) -> str:
        """Give what of a text can be set."""

    def text(
        self, x: float, y: float, value: str, size: float, *, colour: Color = INK, anchor: Anchor = "left",
        bold: bool = False, halo: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line whose base is at ``y``."""

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: Color = INK, width: float = 0.2) -> None:
        """Draw a straight line."""

    def rect(
        self, x: float, y: float, width: float, height: float, *, fill: Color | None = None,
        stroke: Color | None = None, line: float = 0.2,
    ) -> None:  # fmt: skip
        """Draw a rectangle from its top left corner."""

    def clipped(self, x: float, y: float, width: float, height: float) -> AbstractContextManager[None]:
        """Draw nothing outside of a rectangle."""

    def path(self) -> Any:
        """Begin a path (``moveTo``, ``lineTo``, ``close``)."""

    def draw(
        self, path: Any, *, fill: Color | None = None, stroke: Color | None = None, width: float = 0.3,
        dash: tuple[float, ...] = (),
    ) -> None:  # fmt: skip
        """Fill a path by the even-odd rule and draw its line."""

"""A document of pages in millimetres from the top left corner, with the furniture that all of them have."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from gridmap.i18n import Language, text
from gridmap.print import letters

MM = 72 / 25.4
A4 = (210.0, 297.0)
A3_LANDSCAPE = (420.0, 297.0)

INK = HexColor("#17212b")
SOFT = HexColor("#5b6875")
LINE = HexColor("#c5ced6")
FAINT = HexColor("#eef2f5")
#: Borders and codes of grids (DB11 on the division of unit grids asks for magenta).
MAGENTA = HexColor("#c8007f")

Anchor = Literal["left", "middle", "right"]


@dataclass(frozen=True, slots=True)
class Furniture:
    """What stands on every page: title, the lines of the foot, and the draft mark if it is one."""

    title: str
    foot: tuple[str, ...]
    draft: bool
    at: datetime


class Paper:
    """Pages of one size.

    Parameters
    ----------
    size : tuple of float
        Width and height, mm.
    furniture : Furniture
    language : {"zh", "en"}
    """

    margin = 14.0

    def __init__(self, size: tuple[float, float], furniture: Furniture, language: Language) -> None:
        letters.font()
        self.width, self.height = size
        self.language: Language = language
        self.furniture = furniture
        self.pages = 0
        self.missing = False
        self._file = io.BytesIO()
        # the same input is the same file: the only time in it is that of the sheet
        self._canvas = Canvas(
            self._file, pagesize=(self.width * MM, self.height * MM), pageCompression=1, invariant=1, lang=language
        )
        self._canvas.setTitle(self.clean(furniture.title))
        self._canvas.setAuthor("gridmap")
        self._canvas.setCreator("gridmap")
        self._canvas.setSubject("")
        self._canvas.setDateFormatter(lambda *_: _pdf_time(furniture.at))

    # -- pages --------------------------------------------------------------------------------------------------------

    @property
    def inner(self) -> float:
        """Width between the margins, mm."""
        return self.width - 2 * self.margin

    @property
    def bottom(self) -> float:
        """Where the foot begins, mm from the top."""
        return self.height - self.margin - 3.4 * len(self.furniture.foot) - 2

    def page(self) -> None:
        """Begin a page."""
        self._end_page()
        self.pages += 1
        self._foot()

    def finished(self) -> bytes:
        """End the document and give the file."""
        self._end_page()
        self._canvas.beginForm("total")
        self.text(0, self.height, str(self.pages), 7, colour=SOFT)
        self._canvas.endForm()
        self._canvas.save()
        return self._file.getvalue()

    def _end_page(self) -> None:
        if not self.pages:
            return
        if self.furniture.draft:  # over everything else: a map would cover it
            self._watermark()
        self._canvas.showPage()

    def _foot(self) -> None:
        y = self.bottom + 2
        self.line(self.margin, y, self.width - self.margin, y, colour=LINE, width=0.2)
        counted = f"{self.pages} / "
        wide = letters.width_mm(counted + "000", 7)
        for n, line in enumerate(self.furniture.foot):
            room = self.inner - (wide + 4 if n == 0 else 0)
            line, size = letters.fitted(self.clean(line), 7, room, least=5.5)
            self.text(self.margin, y + 3.8 + 3.4 * n, line, size, colour=SOFT)
        x = self.width - self.margin - letters.width_mm("000", 7)
        self.text(x, y + 3.8, counted, 7, colour=SOFT, anchor="right")
        self._canvas.saveState()
        # how many there are is known at the end: a form that comes later
        self._canvas.translate(x * MM, (self.height - y - 3.8) * MM)
        self._canvas.doForm("total")
        self._canvas.restoreState()

    def _watermark(self) -> None:
        word = text("print.draft_mark", self.language)
        size = 150.0 if self.width > 300 else 110.0
        size = min(size, size * 0.8 * self.width / letters.width_mm(word, size))
        self._canvas.saveState()
        self._canvas.translate(self.width / 2 * MM, self.height / 2 * MM)
        self._canvas.rotate(35)
        self._canvas.setFillColor(Color(0.55, 0.58, 0.62, alpha=0.16))
        self._canvas.setFont(letters.FONT, size)
        self._canvas.drawCentredString(0, -size / 3, word)
        self._canvas.restoreState()

    # -- drawing ------------------------------------------------------------------------------------------------------

    def clean(self, value: str) -> str:
        """Give what of a text can be set; the sheet says at its end if a character could not."""
        found, missing = letters.clean(value)
        self.missing = self.missing or missing
        return found

    def text(
        self,
        x: float,
        y: float,
        value: str,
        size: float,
        *,
        colour: Color = INK,
        anchor: Anchor = "left",
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """Draw a line whose base is at ``y``; ``halo`` draws white around it, for maps."""
        if not value:
            return
        wide = letters.width_mm(value, size)
        left = x - {"left": 0.0, "middle": wide / 2, "right": wide}[anchor]
        if halo:
            self._run(left, y, value, size, HexColor("#ffffff"), stroke=size / 5)
        self._run(left, y, value, size, colour, stroke=size / 38 if bold and size > 9 else 0.0)

    def _run(self, x: float, y: float, value: str, size: float, colour: Color, *, stroke: float) -> None:
        # one weight is embedded: a heavier one is the same letters with a thin line around them; it smears small ones
        run = self._canvas.beginText(x * MM, (self.height - y) * MM)
        run.setFont(letters.FONT, size)
        run.setFillColor(colour)
        if stroke:
            run.setStrokeColor(colour)
            self._canvas.setLineWidth(stroke)
            self._canvas.setLineJoin(1)
        run.setTextRenderMode(2 if stroke else 0)
        run.textOut(value)
        run.setTextRenderMode(0)
        self._canvas.drawText(run)

    def block(
        self, x: float, y: float, width: float, value: str, size: float, *, most: int = 3, colour: Color = INK
    ) -> float:
        """Draw a text over several lines from its top; gives where the next may begin."""
        step = size * 0.47
        for line in letters.lines(self.clean(value), size, width, most):
            y += step
            self.text(x, y - step * 0.22, line, size, colour=colour)
        return y

    def line(self, x1: float, y1: float, x2: float, y2: float, *, colour: Color = INK, width: float = 0.3) -> None:
        """Draw a straight line; ``width`` in mm."""
        self._canvas.setStrokeColor(colour)
        self._canvas.setLineWidth(width * MM)
        self._canvas.line(x1 * MM, (self.height - y1) * MM, x2 * MM, (self.height - y2) * MM)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: Color | None = None,
        stroke: Color | None = None,
        line: float = 0.2,
    ) -> None:
        """Draw a rectangle from its top left corner."""
        if fill is not None:
            self._canvas.setFillColor(fill)
        if stroke is not None:
            self._canvas.setStrokeColor(stroke)
            self._canvas.setLineWidth(line * MM)
        self._canvas.rect(
            x * MM,
            (self.height - y - height) * MM,
            width * MM,
            height * MM,
            stroke=int(stroke is not None),
            fill=int(fill is not None),
        )

    @contextmanager
    def clipped(self, x: float, y: float, width: float, height: float) -> Iterator[None]:
        """Draw nothing outside of a rectangle."""
        self._canvas.saveState()
        path = self.path()
        path.rect(x * MM, (self.height - y - height) * MM, width * MM, height * MM)
        self._canvas.clipPath(path, stroke=0, fill=0)
        try:
            yield
        finally:
            self._canvas.restoreState()

    def path(self) -> PDFPathObject:
        """Begin a path, in points from the bottom left corner."""
        return self._canvas.beginPath()

    def draw(
        self,
        path: PDFPathObject,
        *,
        fill: Color | None = None,
        stroke: Color | None = None,
        width: float = 0.3,
        dash: tuple[float, ...] = (),
    ) -> None:
        """Fill a path by the even-odd rule and draw its line; ``width`` and ``dash`` in mm."""
        canvas = self._canvas
        canvas.saveState()
        canvas.setLineJoin(1)
        canvas.setLineCap(1)
        if fill is not None:
            canvas.setFillColor(fill)
        if stroke is not None:
            canvas.setStrokeColor(stroke)
            canvas.setLineWidth(width * MM)
            canvas.setDash([d * MM for d in dash])
        canvas.drawPath(path, stroke=int(stroke is not None), fill=int(fill is not None), fillMode=0)
        canvas.restoreState()


def _pdf_time(at: datetime) -> str:
    offset = at.utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds() // 60)
    sign, minutes = ("-" if minutes < 0 else "+"), abs(minutes)
    return f"D:{at:%Y%m%d%H%M%S}{sign}{minutes // 60:02d}'{minutes % 60:02d}'"

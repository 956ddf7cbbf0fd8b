"""Maps on paper: a frame with a round scale, shapes drawn true to it, scale bar and north arrow."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from reportlab.lib.colors import Color, HexColor
from shapely.geometry.base import BaseGeometry

from gridmap import crs
from gridmap.domain.sheets import Backdrop
from gridmap.i18n import text
from gridmap.print import letters
from gridmap.print.drawing import Drawing
from gridmap.print.paper import INK, MM

Shapes = npt.NDArray[np.object_]

#: Scales are one to such a number, or ten, a hundred ... times as much.
_STEPS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5)
#: What is finer than this on paper, mm, is not drawn; shapes of few vertices are drawn as they are.
_FINEST_MM = 0.03
_FEW = 2_000
#: Beyond the frame shapes are cut off, mm: further than half a line.
_BLEED_MM = 3.0

_WATER, _GREEN, _ROAD = HexColor("#dbeaf4"), HexColor("#e6f0e0"), HexColor("#dfe3e7")


@dataclass(frozen=True, slots=True)
class Frame:
    """A map's place on the page (mm from the top left), its scale 1 : ``scale``, and the ground at its middle.

    ``middle`` is in metres of the metric CRS ``epsg``.
    """

    x: float
    y: float
    width: float
    height: float
    scale: float
    middle: tuple[float, float]
    epsg: int

    @property
    def metres(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what the frame shows, m."""
        w, h = (side / 2 * self.scale / 1000 for side in (self.width, self.height))
        x, y = self.middle
        return x - w, y - h, x + w, y + h

    def to_page(self, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Bring metres to mm from the top left of the page."""
        moved = (xy - np.array(self.middle)) * (1000 / self.scale)
        return np.column_stack((self.x + self.width / 2 + moved[:, 0], self.y + self.height / 2 - moved[:, 1]))

    def ready(self, shapes: Sequence[BaseGeometry] | Shapes) -> Shapes:
        """Give WGS 84 shapes in metres as they are drawn: cut to the frame, no finer than paper shows."""
        placed = crs.to_metric(np.asarray(shapes, dtype=object), self.epsg)
        bleed = _BLEED_MM * self.scale / 1000
        west, south, east, north = self.metres
        large = shapely.get_num_coordinates(placed) > _FEW
        if large.any():
            placed[large] = shapely.simplify(placed[large], _FINEST_MM * self.scale / 1000)
        return np.asarray(
            shapely.clip_by_rect(placed, west - bleed, south - bleed, east + bleed, north + bleed), dtype=object
        )


def frame_for(
    shapes: Sequence[BaseGeometry] | Shapes, place: tuple[float, float, float, float], epsg: int, *, room: float = 0.08
) -> Frame:
    """Fit WGS 84 shapes into a place on the page at the largest round scale.

    Parameters
    ----------
    shapes : sequence of Geometry
    place : tuple of float
        x, y, width, height, mm.
    epsg : int
    room : float
        Share of the place that stays free on each side, for what is around.
    """
    x, y, width, height = place
    placed = crs.to_metric(np.asarray(shapes, dtype=object), epsg)
    west, south, east, north = (float(v) for v in shapely.total_bounds(placed))
    free = 1 - 2 * room
    needed = max((east - west) / (width * free), (north - south) / (height * free), 0.01) * 1000
    return Frame(x, y, width, height, round_scale(needed), ((west + east) / 2, (south + north) / 2), epsg)


def round_scale(least: float) -> float:
    """Give the smallest round number of a scale that is not below a value.

    Examples
    --------
    >>> round_scale(1234), round_scale(2001), round_scale(760)
    (1250.0, 2500.0, 1000.0)
    """
    power = 10.0 ** math.floor(math.log10(least))
    for step in (*_STEPS, 10.0):
        if step * power >= least * (1 - 1e-12):
            return step * power
    raise AssertionError("ten times the power is larger")


def draw_shapes(
    paper: Drawing,
    frame: Frame,
    shapes: Iterable[BaseGeometry],
    *,
    fill: Color | None = None,
    stroke: Color | None = None,
    width: float = 0.3,
    dash: tuple[float, ...] = (),
) -> None:
    """Draw shapes that ``Frame.ready`` gave, each as one path."""
    for shape in shapes:
        path = paper.path()
        drawn = False
        for part in np.atleast_1d(shapely.get_parts(shape)):
            if part.is_empty or part.geom_type == "Point":
                continue
            closed = part.geom_type == "Polygon"
            for ring in shapely.get_rings(part) if closed else (part,):
                points = frame.to_page(shapely.get_coordinates(ring))
                points = np.column_stack((points[:, 0] * MM, (paper.height - points[:, 1]) * MM)).tolist()
                path.moveTo(*points[0])
                for point in points[1 : -1 if closed else None]:
                    path.lineTo(*point)
                if closed:
                    path.close()
                drawn = True
        if drawn:
            paper.draw(path, fill=fill, stroke=stroke, width=width, dash=dash)


def borders(shapes: Shapes) -> Shapes:
    """Give the borders of areas as lines, each once: dashes of two neighbours would fill one another's gaps."""
    lines = shapely.union_all(shapely.boundary(shapes[shapely.get_dimensions(shapes) == 2]))
    return np.asarray(shapely.get_parts(shapely.line_merge(lines)), dtype=object)


def draw_backdrop(paper: Drawing, frame: Frame, backdrop: Sequence[Backdrop]) -> None:
    """Draw water, green and roads in pale colours beneath the subject."""
    if not backdrop:
        return
    ready = frame.ready([b.geometry for b in backdrop])
    kinds = np.array([b.kind for b in backdrop], dtype=object)
    for kind, fill in (("water", _WATER), ("green", _GREEN)):
        draw_shapes(paper, frame, ready[kinds == kind], fill=fill, stroke=fill)
    draw_shapes(paper, frame, ready[kinds == "coast"], stroke=HexColor("#8fb3cc"), width=0.3)
    draw_shapes(paper, frame, ready[kinds == "road"], stroke=_ROAD, width=0.9)


def draw_frame(paper: Drawing, frame: Frame) -> None:
    """Draw the line around a map, its scale bar and its north arrow."""
    paper.rect(frame.x, frame.y, frame.width, frame.height, stroke=INK, line=0.35)
    _scale_bar(paper, frame)
    _north(paper, frame)


def scale_text(frame: Frame) -> str:
    """Write the scale as 1:2500."""
    return f"1:{frame.scale:,.0f}" if frame.scale >= 10 else f"1:{frame.scale:g}"


def bar_metres(frame: Frame) -> float:
    """Choose the length of the scale bar: a round number of metres, near a fifth of the frame."""
    wanted = frame.width / 5 * frame.scale / 1000
    power = 10.0 ** math.floor(math.log10(wanted))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= wanted)


def bar_width(frame: Frame) -> float:
    """Give the width of the box of the scale bar, mm."""
    metres = bar_metres(frame)
    return max(metres * 1000 / frame.scale, 22) + letters.width_mm(_bar_end(metres), 7) / 2 + 8


def _bar_end(metres: float) -> str:
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


def _scale_bar(paper: Drawing, frame: Frame) -> None:
    metres = bar_metres(frame)
    long = metres * 1000 / frame.scale
    end = _bar_end(metres)
    x, y = frame.x + 3, frame.y + frame.height - 3
    paper.rect(x, y - 11, bar_width(frame), 11, fill=HexColor("#ffffff"), stroke=HexColor("#c5ced6"), line=0.15)
    left, top = x + 3.5, y - 3.2
    for part in range(4):
        paper.rect(
            left + part * long / 4, top, long / 4, 1.3, fill=INK if part % 2 == 0 else HexColor("#ffffff"), stroke=INK
        )
    paper.text(left, top - 1.2, "0", 6.5, anchor="middle")
    paper.text(left + long, top - 1.2, end, 6.5, anchor="middle")
    paper.text(left, top - 4.3, text("print.scale", paper.language, scale=scale_text(frame)), 7.5)


def _north(paper: Drawing, frame: Frame) -> None:
    """Draw an arrow to true north: the grid of the metric CRS is turned against it by the convergence."""
    here = crs.from_metric(np.array([shapely.Point(frame.middle)], dtype=object), frame.epsg)[0]
    x, y = crs.point_to_metric(here.x, here.y + 1e-4, frame.epsg)
    turned = math.atan2(x - frame.middle[0], y - frame.middle[1])
    cx, cy = frame.x + frame.width - 9, frame.y + 12.5
    paper.rect(cx - 6, cy - 10.5, 12, 19.5, fill=HexColor("#ffffff"), stroke=HexColor("#c5ced6"), line=0.15)

    def at(right: float, up: float) -> tuple[float, float]:
        c, s = math.cos(turned), math.sin(turned)
        return (cx + right * c + up * s) * MM, (paper.height - cy + up * c - right * s) * MM

    for sign, fill in ((-1, INK), (1, HexColor("#ffffff"))):
        path = paper.path()
        path.moveTo(*at(0, 5.2))
        path.lineTo(*at(sign * 3.0, -5))
        path.lineTo(*at(0, -2.8))
        path.close()
        paper.draw(path, fill=fill, stroke=INK, width=0.2)
    paper.text(cx, cy - 6.6, text("print.north", paper.language), 8, anchor="middle", bold=True)

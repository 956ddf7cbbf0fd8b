"""Where names and numbers stand on a map: in the middle of what they name, and never over one another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.print import letters
from gridmap.print.maps import Frame

#: Left, top, right, bottom, mm.
Box = tuple[float, float, float, float]

#: Shares of the height of a text by which it moves aside when its place is taken: up and down first.
_SHIFTS = ((0, 0), (0, 1.2), (0, -1.2), (0.6, 0), (-0.6, 0), (0.6, 1.2), (-0.6, 1.2), (0.6, -1.2), (-0.6, -1.2))


@dataclass(frozen=True, slots=True)
class Label:
    """A text to be placed: where it would best stand, mm; its size and the least size, points."""

    value: str
    x: float
    y: float
    size: float
    least: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A text in its place: the middle of its base line, mm; ``at`` counts the labels asked for."""

    at: int
    value: str
    x: float
    y: float
    size: float


def inner_point(shape: BaseGeometry) -> tuple[float, float, float]:
    """Give the middle of the largest circle in an area, and its radius; nothing fits an empty one (radius 0)."""
    parts = [p for p in shapely.get_parts(np.atleast_1d(np.asarray(shape, dtype=object))) if p.geom_type == "Polygon"]
    if not parts:
        return 0.0, 0.0, 0.0
    largest = max(parts, key=lambda p: p.area)
    west, south, east, north = largest.bounds
    tolerance = max(east - west, north - south, 1e-9) / 100
    radius = shapely.maximum_inscribed_circle(largest, tolerance=tolerance)
    (x, y), _ = shapely.get_coordinates(radius)
    return float(x), float(y), float(shapely.length(radius))


def placed(
    frame: Frame, wanted: Sequence[Label], taken: Sequence[tuple[float, float, float, float]] = ()
) -> list[Placed]:
    """Place what can be placed, in the order asked for: within the frame, and beside what stands there already.

    Parameters
    ----------
    frame : Frame
    wanted : sequence of Label
    taken : sequence of tuple of float
        Boxes that stay free: left, top, right, bottom, mm.
    """
    boxes = [*taken]
    found: list[Placed] = []
    for n, label in enumerate(wanted):
        for size in _sizes(label):
            place = _place(frame, label, size, boxes)
            if place is not None:
                x, y, box = place
                boxes.append(box)
                found.append(Placed(n, label.value, x, y, size))
                break
    return found


def _sizes(label: Label) -> list[float]:
    steps = max(1, round((label.size - label.least) / 0.8))
    return [label.size + (label.least - label.size) * k / steps for k in range(steps + 1)]


def _place(frame: Frame, label: Label, size: float, boxes: list[Box]) -> tuple[float, float, Box] | None:
    wide, high = letters.width_mm(label.value, size), size * 0.3528
    for right, down in _SHIFTS:
        x, y = label.x + right * wide, label.y + down * high
        box = (x - wide / 2 - 0.3, y - high * 0.55, x + wide / 2 + 0.3, y + high * 0.55)
        inside = (
            box[0] > frame.x + 0.5
            and box[2] < frame.x + frame.width - 0.5
            and box[1] > frame.y + 0.5
            and box[3] < frame.y + frame.height - 0.5
        )
        if inside and not any(box[0] < b[2] and box[2] > b[0] and box[1] < b[3] and box[3] > b[1] for b in boxes):
            return x, y + high * 0.36, box
    return None

"""Where names and numbers stand on a map: in the middle of what they name, and never over one another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridmap.print import letters
from gridmap.print.maps import Frame, bar_width

#: Left, top, right, bottom, mm.
Box = tuple[float, float, float, float]

#: Shares of the height of a text by which it moves aside when its place is taken: up and down first.
_SHIFTS = ((0, 0), (0, 1.2), (0, -1.2), (0.6, 0), (-0.6, 0), (0.6, 1.2), (-0.6, 1.2), (0.6, -1.2), (-0.6, -1.2))


#: Height of a line of type, mm for each point of its size.
_HIGH = 0.3528
#: How far off a label may stand with a line to its place, mm.
_LEADERS_MM = (4.0, 6.0, 8.5, 11.0, 14.0, 18.0)


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
    """A text in its place: the middle of its base line, mm; ``at`` counts the labels asked for.

    ``leads_to`` is the end of a line to what it names, where it stands beside it.
    """

    at: int
    value: str
    x: float
    y: float
    size: float
    leads_to: tuple[float, float] | None = None


def inner_point(shape: BaseGeometry) -> tuple[float, float, float]:
    """Give the middle of the largest circle in an area, and its radius; nothing fits an empty one (radius 0)."""
    parts = [p for p in shapely.get_parts(np.atleast_1d(np.asarray(shape, dtype=object))) if p.geom_type == "Polygon"]
    largest = max(parts, key=lambda p: p.area, default=shapely.Polygon())
    if not largest.area:
        return 0.0, 0.0, 0.0
    west, south, east, north = largest.bounds
    tolerance = max(east - west, north - south, 1e-9) / 100
    radius = shapely.maximum_inscribed_circle(largest, tolerance=tolerance)
    if shapely.is_empty(radius):  # a splinter at the edge of the frame
        return 0.0, 0.0, 0.0
    (x, y), _ = shapely.get_coordinates(radius)
    return float(x), float(y), float(shapely.length(radius))


def placed(frame: Frame, wanted: Sequence[Label], taken: Sequence[Box] = (), *, leaders: bool = False) -> list[Placed]:
    """Place what can be placed, in the order asked for: within the frame, and beside what stands there already.

    Parameters
    ----------
    frame : Frame
    wanted : sequence of Label
    taken : sequence of Box
        What stays free.
    leaders : bool
        What has no room where it belongs may stand further off with a line to its place.
    """
    boxes = [*taken]
    found: list[Placed] = []
    crowded: list[int] = []
    for n, label in enumerate(wanted):
        place = next((p for size in _sizes(label) if (p := _place(frame, n, label, size, boxes)) is not None), None)
        if place is not None:
            found.append(place)
            boxes.append(box_of(place))
        else:
            crowded.append(n)
    for n in crowded if leaders else ():
        place = _beside(frame, n, wanted[n], boxes)
        if place is not None:
            found.append(place)
            boxes.append(box_of(place))
    return sorted(found, key=lambda p: p.at)


def _sizes(label: Label) -> list[float]:
    steps = max(1, round((label.size - label.least) / 0.8))
    return [label.size + (label.least - label.size) * k / steps for k in range(steps + 1)]


def _place(frame: Frame, n: int, label: Label, size: float, boxes: list[Box]) -> Placed | None:
    wide, high = letters.width_mm(label.value, size), size * _HIGH
    for right, down in _SHIFTS:
        place = Placed(n, label.value, label.x + right * wide, label.y + down * high + high * 0.36, size)
        if _free(frame, box_of(place), boxes):
            return place
    return None


def _beside(frame: Frame, n: int, label: Label, boxes: list[Box]) -> Placed | None:
    size = label.least
    for distance in _LEADERS_MM:
        for turn in range(16):
            angle = turn * math.pi / 8
            x, y = label.x + distance * math.cos(angle), label.y + distance * math.sin(angle)
            place = Placed(n, label.value, x, y + size * _HIGH * 0.36, size, (label.x, label.y))
            if _free(frame, box_of(place), boxes):
                return place
    return None


def box_of(place: Placed) -> Box:
    """Give the room that a label takes."""
    wide, high = letters.width_mm(place.value, place.size), place.size * _HIGH
    middle = place.y - high * 0.36
    return place.x - wide / 2 - 0.3, middle - high * 0.55, place.x + wide / 2 + 0.3, middle + high * 0.55


def _free(frame: Frame, box: Box, boxes: list[Box]) -> bool:
    inside = (
        box[0] > frame.x + 0.5
        and box[2] < frame.x + frame.width - 0.5
        and box[1] > frame.y + 0.5
        and box[3] < frame.y + frame.height - 0.5
    )
    return inside and not any(box[0] < b[2] and box[2] > b[0] and box[1] < b[3] and box[3] > b[1] for b in boxes)


def label_of(frame: Frame, shape: BaseGeometry, value: str, size: float, least: float) -> Label | None:
    """Make the label of a shape that ``Frame.ready`` gave, for its part in the frame; None where there is none."""
    x, y, radius = inner_point(shapely.intersection(shape, shapely.box(*frame.metres)))
    if not radius or not value:
        return None
    (px, py), *_ = frame.to_page(np.array([[x, y]])).tolist()
    return Label(value, px, py, size, least)


def corners(frame: Frame) -> list[Box]:
    """Give the boxes of a map that its scale bar and its arrow have."""
    right, bottom = frame.x + frame.width, frame.y + frame.height
    return [(frame.x, bottom - 15, frame.x + bar_width(frame) + 8, bottom), (right - 16, frame.y, right, frame.y + 23)]

"""The ground on which the demonstration city stands: coast, rivers, quarters and how dense it is where.

Everything here is drawn in metres around the centre of the district (x east, y north).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree
from shapely import LineString, Polygon

Floats = npt.NDArray[np.float64]

# Sea side, from the south-west corner eastwards: two bays, the mouth of the river, a peninsula, the north-east cape.
_COAST = [
    (-9900, -5500), (-8700, -6150), (-7500, -5750), (-6900, -4900), (-6000, -4750), (-5300, -5500), (-4700, -6500),
    (-3900, -6750), (-3200, -6000), (-2700, -5000), (-2000, -4450), (-1350, -4050), (-700, -4500), (-150, -5300),
    (900, -5650), (2050, -5750), (2900, -6500), (3550, -7700), (4350, -8500), (5150, -8350), (5250, -7350),
    (4850, -6350), (5150, -5350), (6100, -4700), (7300, -4600), (8500, -4000), (9300, -2900), (9350, -1700),
    (8550, -700), (8450, 400), (9150, 1300), (10100, 2100), (10350, 3400), (9700, 4600), (9000, 5600), (8700, 6900),
]  # fmt: skip

# Land side, from the north-east cape westwards and back to the south-west corner: a ridge, then a plain.
_LAND = [
    (8700, 6900), (7300, 7150), (6100, 7750), (4600, 7300), (3300, 6900), (1900, 7500), (600, 8050), (-900, 7500),
    (-2400, 7300), (-3900, 8000), (-5600, 7850), (-7000, 7000), (-8500, 6700), (-9300, 5400), (-9400, 3900),
    (-8900, 2600), (-9300, 1100), (-10150, -300), (-10200, -1900), (-9500, -3300), (-9600, -4600), (-9900, -5500),
]  # fmt: skip

_RIVER = [
    (-3300, 8600), (-3500, 7000), (-2900, 5900), (-3600, 4800), (-4300, 3900), (-3600, 2950), (-2300, 2700),
    (-1350, 2100), (-1500, 1100), (-2350, 300), (-2600, -700), (-1950, -1600), (-1050, -2250), (-900, -3100),
    (-1300, -3800), (-1400, -4600),
]  # fmt: skip

_TRIBUTARY = [
    (-10400, 1500), (-9000, 1750), (-8000, 1150), (-6900, 1250), (-6100, 2000), (-5200, 1700), (-4700, 800),
    (-3800, 450), (-3100, 150), (-2480, -150),
]  # fmt: skip

# Quarters: centre, radius, direction of its streets in degrees, pull on the direction.
_QUARTERS = [
    (700, -2600, 1500, 14.0, 2.0),  # old harbour town
    (2600, -700, 1500, -6.0, 2.2),  # new centre
    (4600, -2800, 1500, 31.0, 1.6),  # seaside
    (-4700, -3000, 1900, -24.0, 1.8),  # west bank
    (-6900, -600, 2000, 8.0, 1.4),  # industry
    (600, 2300, 1700, 27.0, 1.6),  # north of the centre
    (5600, 2500, 1900, -17.0, 1.6),  # university town
    (-6300, 4800, 2300, 38.0, 0.8),  # western villages
    (1900, 5500, 2200, -32.0, 0.8),  # northern valley
    (7400, -1900, 1700, 4.0, 1.2),  # eastern bay
]

# Where people live close together: centre, radius, weight (relative number of grids per area).
_DENSE = [
    (900, -2500, 1500, 21.0),
    (2700, -800, 1700, 19.0),
    (-3900, -3400, 1500, 15.0),
    (700, 1800, 1400, 10.0),
    (5500, 2300, 1500, 9.0),
    (4500, -3600, 1300, 10.0),
    (7600, -2300, 1100, 6.0),
    (-6700, -900, 1300, 4.5),
    (-6200, 4700, 900, 3.5),
    (2100, 5300, 800, 3.0),
    (-4200, 5600, 700, 2.0),
    (4100, -7300, 800, 4.0),
]

#: The round square in the new centre, from which streets radiate.
PLAZA = (2500.0, -900.0)

_CELL = 60.0
_REACH = 11400.0


@dataclass(frozen=True, slots=True)
class Terrain:
    """Coast, rivers and quarters, in metres around the centre of the district."""

    outline: Polygon
    coast: LineString
    river: LineString
    tributary: LineString
    cross: npt.NDArray[np.complex128]

    def direction(self, x: float, y: float) -> float:
        """Give the direction of the streets at a place, in radians; the crossing ones stand at a right angle."""
        i = min(max(int((x + _REACH) / _CELL), 0), self.cross.shape[1] - 1)
        j = min(max(int((y + _REACH) / _CELL), 0), self.cross.shape[0] - 1)
        return float(np.angle(self.cross[j, i])) / 4.0


def crowd(x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
    """Give the wished number of grids per area at places, relative to the empty country."""
    px, py = np.asarray(x, float), np.asarray(y, float)
    total = np.full(np.broadcast(px, py).shape, 1.6)
    for cx, cy, radius, weight in _DENSE:
        total += weight * np.exp(-((px - cx) ** 2 + (py - cy) ** 2) / (2 * radius**2))
    return total


def build_terrain(rng: np.random.Generator) -> Terrain:
    """Draw the ground: bent coast and border, rivers, and the field of street directions."""
    coast = _roughen(_spline(_COAST), rng, 70.0, 1250.0)
    land = _roughen(_spline(_LAND), rng, 110.0, 1800.0)
    outline = Polygon(np.vstack([coast, land[1:-1]]))
    river = _roughen(_spline(_RIVER), rng, 45.0, 900.0)
    tributary = _roughen(_spline(_TRIBUTARY), rng, 50.0, 700.0)
    tributary[-1] = river[np.argmin(np.hypot(*(river - tributary[-1]).T))]
    lines = LineString(coast), LineString(river), LineString(tributary)
    return Terrain(outline, *lines, cross=_cross_field(*lines, rng))


def waves(rng: np.random.Generator, length_m: float, count: int = 10) -> Floats:
    """Draw plane waves of about a length, for smooth noise: rows of (kx, ky, phase, phase)."""
    angle = rng.uniform(0, 2 * np.pi, count)
    k = 2 * np.pi / (length_m * rng.uniform(0.75, 1.35, count))
    return np.column_stack([k * np.cos(angle), k * np.sin(angle), rng.uniform(0, 2 * np.pi, (count, 2))])


def noise(field: Floats, x: Floats, y: Floats, channel: int = 0) -> Floats:
    """Give smooth noise of unit variance at places, from ``waves``; two independent channels."""
    phase = np.multiply.outer(x, field[:, 0]) + np.multiply.outer(y, field[:, 1]) + field[:, 2 + channel]
    return np.asarray(np.sin(phase).sum(axis=-1) * np.sqrt(2.0 / len(field)))


def _spline(points: list[tuple[int, int]], step_m: float = 60.0) -> Floats:
    xy = np.asarray(points, float)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T) ** 0.5)])
    curve = CubicSpline(along, xy)
    fine = curve(np.linspace(0, along[-1], 4000))
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(fine, axis=0).T))])
    at = np.linspace(0, length[-1], int(length[-1] / step_m))
    return np.column_stack([np.interp(at, length, fine[:, 0]), np.interp(at, length, fine[:, 1])])


def _roughen(xy: Floats, rng: np.random.Generator, amplitude_m: float, length_m: float) -> Floats:
    """Shift the inner points of a line by two octaves of smooth noise; the ends stay."""
    fade = np.minimum(1.0, np.minimum(np.arange(len(xy)), np.arange(len(xy))[::-1]) / 12.0)[:, None]
    shift = np.zeros_like(xy)
    for part, length in ((1.0, length_m), (0.28, length_m / 2.7)):
        field = waves(rng, length)
        shift += part * amplitude_m * np.column_stack([noise(field, xy[:, 0], xy[:, 1], c) for c in (0, 1)])
    return xy + fade * shift


def _cross_field(
    coast: LineString, river: LineString, tributary: LineString, rng: np.random.Generator
) -> npt.NDArray[np.complex128]:
    """Blend the street directions of quarters, shore and rivers; exp(4i angle) makes a quarter turn no difference."""
    ticks = np.arange(-_REACH, _REACH, _CELL) + _CELL / 2
    x, y = (a.ravel() for a in np.meshgrid(ticks, ticks))
    total = np.full(x.shape, 0.15 * np.exp(4j * np.radians(10.0)))
    for cx, cy, radius, degrees, pull in _QUARTERS:
        near = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (0.75 * radius) ** 2))
        total += pull * near * np.exp(4j * np.radians(degrees))
    for line, pull, reach in ((coast, 2.0, 420.0), (river, 2.2, 300.0), (tributary, 1.4, 240.0)):
        distance, angle = _along(line, x, y)
        total += pull * np.exp(-distance / reach) * np.exp(4j * angle)
    dx, dy = x - PLAZA[0], y - PLAZA[1]
    total += 3.0 * np.exp(-((np.hypot(dx, dy) / 700.0) ** 2)) * np.exp(4j * np.arctan2(dy, dx))
    turn = np.radians(16.0) * noise(waves(rng, 2600.0), x, y) / np.sqrt(crowd(x, y))
    field = total / np.maximum(np.abs(total), 1e-9) * np.exp(4j * turn)
    return np.asarray(field.reshape(len(ticks), len(ticks)))


def _along(line: LineString, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Give the distance to a line and its direction there, at places."""
    xy = shapely.get_coordinates(line)[::2]
    middle, step = (xy[1:] + xy[:-1]) / 2, np.diff(xy, axis=0)
    distance, nearest = cKDTree(middle).query(np.column_stack([x, y]))
    return distance, np.arctan2(step[nearest, 1], step[nearest, 0])

"""Main streets of the demonstration city: evenly spaced lines that follow the field of street directions.

Source of the method: Jobard and Lefer (1997), evenly spaced streamlines, on a cross field as in Chen et al. (2008),
interactive procedural street modelling.
"""

import math
from collections import deque
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString

from gridmap.demo.terrain import PLAZA, Terrain, crowd

_STEP_M = 25.0
_LONGEST_STEPS = 1100
#: Where tracing starts beside the square in the new centre: the west bank, the east, both sides of the upper river.
_STARTS = ((-4700.0, -3200.0), (5600.0, 2500.0), (-6200.0, 4700.0), (600.0, 3500.0), (4100.0, -7000.0))
#: Lines that differ by less than this are of one family and keep their distance; others may cross.
_SAME_FAMILY = math.cos(math.radians(40.0))


class _Traced:
    """All points of lines so far, with their direction: who is near whom."""

    def __init__(self) -> None:
        self._x = np.empty(60_000)
        self._y = np.empty(60_000)
        self._angle = np.empty(60_000)
        self._count = 0

    def add(self, xy: npt.NDArray[np.float64]) -> None:
        step = np.diff(xy, axis=0)
        part = slice(self._count, self._count + len(step))
        self._x[part], self._y[part] = xy[:-1].T
        self._angle[part] = np.arctan2(step[:, 1], step[:, 0])
        self._count = part.stop

    def crowded(self, x: float, y: float, angle: float, within_m: float) -> bool:
        n = self._count
        dx, dy = self._x[:n] - x, self._y[:n] - y
        near = dx * dx + dy * dy < within_m * within_m
        return bool((np.abs(np.cos(self._angle[:n][near] - angle)) > _SAME_FAMILY).any())


def mean_grid_m2(terrain: Terrain, grids: int) -> float:
    """Give the area that a grid would have where ``crowd`` is 1, so that the district holds that many grids."""
    ticks = np.arange(-11000.0, 11000.0, 100.0)
    x, y = (a.ravel() for a in np.meshgrid(ticks, ticks))
    inside = shapely.contains_xy(terrain.outline, x, y)
    return float(crowd(x[inside], y[inside]).sum() * 100.0 * 100.0 / grids)


def trace_arterials(terrain: Terrain, unit_m2: float) -> list[LineString]:
    """Trace the main streets, about two and a half grids apart, densest quarter first.

    Parameters
    ----------
    terrain : Terrain
    unit_m2 : float
        From ``mean_grid_m2``.

    Returns
    -------
    list of LineString
        Metres around the centre; some reach beyond the outline.
    """
    shapely.prepare(terrain.outline)
    traced = _Traced()
    for line in (terrain.coast, terrain.river, terrain.tributary):
        traced.add(shapely.get_coordinates(line))

    @cache
    def apart_in_cell(i: int, j: int) -> float:
        return 2.45 * math.sqrt(unit_m2 / float(crowd(i * 100.0, j * 100.0)))

    def apart(x: float, y: float) -> float:
        return apart_in_cell(round(x / 100.0), round(y / 100.0))

    lines = []
    seeds = deque([(*PLAZA, 0.0), (*PLAZA, math.pi / 2)])
    seeds += [(x, y, a) for x, y in _STARTS for a in (0.0, math.pi / 2)]
    while seeds:
        x, y, about = seeds.popleft()
        if not shapely.contains_xy(terrain.outline, x, y):
            continue
        angle = _nearest_arm(terrain.direction(x, y), about)
        if traced.crowded(x, y, angle, 0.92 * apart(x, y)):
            continue
        back = _walk(terrain, traced, x, y, angle + math.pi, apart)
        ahead = _walk(terrain, traced, x, y, angle, apart)
        xy = np.array([*back[::-1], (x, y), *ahead])
        if len(xy) * _STEP_M < 2.2 * apart(x, y):
            continue
        traced.add(xy)
        lines.append(LineString(xy))
        for i in range(0, len(xy) - 1, 6):
            (px, py), (qx, qy) = xy[i], xy[i + 1]
            along, gap = math.atan2(qy - py, qx - px), apart(px, py)
            for side in (1, -1):
                normal = along + side * math.pi / 2
                seeds.append((px + gap * math.cos(normal), py + gap * math.sin(normal), along))
            seeds.append((px, py, along + math.pi / 2))
    return _joined(lines, terrain, apart)


def _joined(lines: list[LineString], terrain: Terrain, apart: Callable[[float, float], float]) -> list[LineString]:
    """Lead each loose end straight on to the next line, if there is one not too far ahead."""
    fixed = [*lines, terrain.outline.exterior, terrain.river, terrain.tributary]
    tree = shapely.STRtree(fixed)
    result = []
    for i, line in enumerate(lines):
        xy = shapely.get_coordinates(line)
        for flip in (False, True):
            xy = xy[::-1] if flip else xy
            step = (xy[-1] - xy[-2]) / max(np.hypot(*(xy[-1] - xy[-2])), 1e-9)
            ray = LineString([xy[-1] + 0.5 * step, xy[-1] + 1.3 * apart(*xy[-1]) * step])
            hits = [shapely.intersection(ray, fixed[j]) for j in tree.query(ray, predicate="intersects") if j != i]
            if hits:
                end = shapely.get_coordinates(hits)
                nearest = end[np.argmin(np.hypot(*(end - xy[-1]).T))]
                xy = np.vstack([xy, nearest + 2.0 * step])
        result.append(LineString(xy))
    return result


def _nearest_arm(angle: float, about: float) -> float:
    """Of the four arms of a cross, give the one nearest to a direction."""
    return angle + round((about - angle) / (math.pi / 2)) * math.pi / 2


def _walk(
    terrain: Terrain, traced: _Traced, x: float, y: float, angle: float, apart: Callable[[float, float], float]
) -> list[tuple[float, float]]:
    """Follow the field from a place until the line leaves the land, comes too near another, or closes."""
    path: list[tuple[float, float]] = []
    x0, y0, angle0 = x, y, angle
    for step in range(_LONGEST_STEPS):
        half = _nearest_arm(
            terrain.direction(x + _STEP_M / 2 * math.cos(angle), y + _STEP_M / 2 * math.sin(angle)), angle
        )
        # A street bends, but never sharply: half of the wished turn at each step.
        angle += 0.5 * (half - angle)
        x, y = x + _STEP_M * math.cos(angle), y + _STEP_M * math.sin(angle)
        path.append((x, y))
        if not shapely.contains_xy(terrain.outline, x, y):
            break
        if step % 3 == 0 and traced.crowded(x, y, angle, 0.5 * apart(x, y)):
            break
        if step > 16 and math.hypot(x - x0, y - y0) < 1.5 * _STEP_M and math.cos(angle - angle0) > 0.7:
            path.append((x0, y0))
            break
    return path

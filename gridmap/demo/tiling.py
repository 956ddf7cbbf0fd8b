"""From main streets to grids: blocks between them, cut along the street pattern until the count is exact."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, Polygon

from gridmap.demo.network import mean_grid_m2, trace_arterials
from gridmap.demo.terrain import Terrain, crowd, noise, waves
from gridmap.errors import InvalidInput

Geometries = npt.NDArray[np.object_]

#: All vertices lie on this raster, so that neighbours match exactly.
SNAP_M = 0.01
#: While cutting, a much finer one: errors of later cuts on earlier ones must not add up to a step of the coarse one.
FINE_M = 1e-6
KINDS = ("local", "main", "river", "outline")


@dataclass(frozen=True, slots=True)
class Tiling:
    """Grids and the edges they are made of, in the metric CRS.

    Attributes
    ----------
    faces : array of Polygon
    edges : array of LineString
        Borders from junction to junction; neighbours share every vertex of theirs.
    kind : array of int
        One an edge: position in ``KINDS``.
    """

    faces: Geometries
    edges: Geometries
    kind: npt.NDArray[np.int64]


def build_tiling(terrain: Terrain, grids: int, origin: tuple[float, float], rng: np.random.Generator) -> Tiling:
    """Cut the district into exactly that many grids.

    Raises
    ------
    InvalidInput
        ``demo_seed_unfit``: the ground of this seed cannot be cut into that many grids.
    """
    unit_m2 = mean_grid_m2(terrain, grids)
    arterials = trace_arterials(terrain, unit_m2)
    streams = [terrain.river, terrain.tributary]
    blocks = _blocks(terrain, [*arterials, *streams], unit_m2)
    leaves = _cut_blocks(blocks, _shares(blocks, grids, unit_m2), terrain, unit_m2, rng)
    lines = shapely.union_all(shapely.boundary(leaves), grid_size=SNAP_M)
    edges = np.asarray(shapely.get_parts(shapely.line_merge(lines)))
    kind = _kinds(edges, shapely.union_all(shapely.boundary(blocks)), streams, terrain.outline)
    edges = _bend(edges, kind, unit_m2, origin, rng)
    faces = np.asarray(shapely.get_parts(shapely.polygonize(edges)))
    if len(faces) != grids or not shapely.coverage_is_valid(faces):
        raise InvalidInput("demo_seed_unfit")
    return Tiling(faces, edges, kind)


def shared_borders(faces: Geometries) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Give pairs of faces with common edges, lower index first, and the metres they share."""
    rings, owner = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    ends = np.stack([xy[:-1][same], xy[1:][same]], axis=1)
    flip = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    ends[flip] = ends[flip][:, ::-1]
    of = owner[ring[:-1][same]]
    key, order = np.unique(ends.reshape(-1, 4), axis=0, return_inverse=True)
    by = np.lexsort([of, order])
    twice = np.flatnonzero(order[by][1:] == order[by][:-1])
    pairs = np.column_stack([of[by][twice], of[by][twice + 1]])
    segment = key[order[by][twice]]
    length = np.hypot(segment[:, 2] - segment[:, 0], segment[:, 3] - segment[:, 1])
    pairs, place = np.unique(pairs, axis=0, return_inverse=True)
    shared = np.bincount(place.ravel(), weights=length, minlength=len(pairs))
    return pairs.astype(np.int64), shared.astype(np.float64)


def _demand(faces: Geometries, unit_m2: float) -> npt.NDArray[np.float64]:
    """Give how many grids each face wants."""
    centre = shapely.centroid(faces)
    return shapely.area(faces) * crowd(shapely.get_x(centre), shapely.get_y(centre)) / unit_m2


def _blocks(terrain: Terrain, lines: list[LineString], unit_m2: float) -> Geometries:
    """Give the faces between the lines; too small or too thin ones join the neighbour with the longest border."""
    noded = shapely.union_all([terrain.outline.exterior, *lines], grid_size=SNAP_M)
    faces = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))
    faces = faces[shapely.contains(terrain.outline.buffer(1.0), faces)]
    for _ in range(12):
        wish = _demand(faces, unit_m2)
        round_share = 4 * math.pi * shapely.area(faces) / shapely.length(faces) ** 2
        weak = (wish < 0.55) | ((round_share < 0.33) & (wish < 2.5))
        if not weak.any():
            break
        pairs, length = shared_borders(faces)
        both, long = np.vstack([pairs, pairs[:, ::-1]]), np.concatenate([length, length])
        gone: set[int] = set()
        merged = []
        for i in np.argsort(wish, kind="stable"):
            mine = np.flatnonzero(both[:, 0] == i)
            mine = mine[[both[k, 1] not in gone for k in mine]]
            if not weak[i] or i in gone or len(mine) == 0:
                continue
            to = int(both[mine[np.argmax(long[mine])], 1])
            merged.append(shapely.union(faces[i], faces[to]))
            gone |= {int(i), to}
        keep = [f for i, f in enumerate(faces) if i not in gone]
        faces = np.array([*keep, *merged], dtype=object)
    return faces


def _shares(blocks: Geometries, grids: int, unit_m2: float) -> npt.NDArray[np.int64]:
    """Share the grids out among the blocks, at least one each, the largest remainders first."""
    wish = _demand(blocks, unit_m2)
    wish *= grids / wish.sum()
    count = np.maximum(1, np.floor(wish)).astype(np.int64)
    while count.sum() != grids:
        up = count.sum() < grids
        gain = np.where(up | (count > 1), (wish - count) * (1 if up else -1), -np.inf)
        count[np.argmax(gain)] += 1 if up else -1
    return count


def _cut_blocks(
    blocks: Geometries, count: npt.NDArray[np.int64], terrain: Terrain, unit_m2: float, rng: np.random.Generator
) -> list[Polygon]:
    """Cut every block into its number of grids."""
    leaves: list[Polygon] = [block for block, n in zip(blocks, count, strict=True) if n == 1]
    ends: list[tuple[float, float]] = []
    work = [(block, int(n)) for block, n in zip(blocks, count, strict=True) if n > 1]
    while work:
        block, n = work.pop()
        cut, one, other = _best_cut(block, n, terrain, ends, rng)
        xy = shapely.get_coordinates(cut)
        ends += [tuple(xy[0]), tuple(xy[-1])]
        m = min(n - 1, max(1, round(n * one.area / block.area)))
        for part, k in ((one, m), (other, n - m)):
            if k > 1:
                work.append((part, k))
            else:
                leaves.append(part)
    return leaves


def _best_cut(
    block: Polygon, n: int, terrain: Terrain, ends: list[tuple[float, float]], rng: np.random.Generator
) -> tuple[LineString, Polygon, Polygon]:
    """Try a few cuts across a block, along its street directions, and take the one with the best shaped parts."""
    centre = block.representative_point() if not block.contains(block.centroid) else block.centroid
    angle = terrain.direction(centre.x, centre.y)
    best, best_score = None, -1.0
    near = np.array(ends) if ends else np.empty((0, 2))
    for turn in (0.0, math.pi / 2, 0.35, math.pi / 2 + 0.35, -0.35, math.pi / 2 - 0.35):
        share = (n // 2) / n + (rng.uniform(-0.06, 0.06) if n > 2 else rng.uniform(-0.12, 0.12))
        bend = rng.normal(0.0, 0.035)
        for line in _lines_across(block, angle + turn, share, bend, near):
            parts = shapely.get_parts(shapely.polygonize([shapely.union(block.exterior, line, grid_size=FINE_M)]))
            if len(parts) != 2:
                continue
            target = np.array([n // 2, n - n // 2]) / n * block.area
            area = np.sort(shapely.area(parts))
            fair = float((np.minimum(area, target) / np.maximum(area, target)).min())
            roundness = float((4 * math.pi * shapely.area(parts) / shapely.length(parts) ** 2).min())
            score = roundness * fair**0.5 * (0.8 if abs(turn) % (math.pi / 2) > 0.01 else 1.0)
            if score > best_score:
                best, best_score = (line, parts[0], parts[1]), score
        if best_score > 0.56 and turn != 0.0:
            break
    if best is None:
        raise InvalidInput("demo_seed_unfit")
    return best


def _lines_across(
    block: Polygon, angle: float, share: float, bend: float, ends: npt.NDArray[np.float64]
) -> list[LineString]:
    """Give cuts in a direction that leave a share of the area on one side; first one that meets a street opposite."""
    c, s = math.cos(angle), math.sin(angle)
    xy = shapely.get_coordinates(block.exterior)
    u, v = xy @ (c, s), xy @ (-s, c)
    low, high = v.min(), v.max()
    far = np.array([u.min() - 10.0, u.max() + 10.0])
    lo, hi = low, high
    for _ in range(7):
        at = (lo + hi) / 2
        box = [(far[0], low - 9), (far[1], low - 9), (far[1], at), (far[0], at)]
        half = Polygon([(p * c - q * s, p * s + q * c) for p, q in box])
        lo, hi = (at, hi) if shapely.intersection(half, block).area < share * block.area else (lo, at)
    at = (lo + hi) / 2
    long = LineString([(p * c - at * s, p * s + at * c) for p in far])
    inner = [p for p in shapely.get_parts(shapely.intersection(long, block)) if p.geom_type == "LineString"]
    if not inner:
        return []
    a, b = shapely.get_coordinates(max(inner, key=lambda p: p.length))[[0, -1]]
    reach = 0.24 * math.sqrt(block.area)
    result = []
    snapped = [_meet(block, e, ends, reach) for e in (a, b)]
    for from_, to in {(tuple(snapped[0]), tuple(snapped[1])): 0, (tuple(a), tuple(b)): 0}:
        p, q = np.array(from_), np.array(to)
        middle = (p + q) / 2 + bend * np.array([-(q - p)[1], (q - p)[0]])
        line = LineString([p, middle, q])
        if line.length > 5.0 and block.buffer(0.05).covers(line):
            result.append(line)
    return result


def _meet(
    block: Polygon, end: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], reach_m: float
) -> npt.NDArray[np.float64]:
    """Move the end of a cut to a street end on the same border, so that streets cross instead of jumping."""
    gap = np.hypot(*(ends - end).T) if len(ends) else np.empty(0)
    for i in np.argsort(gap, kind="stable")[:3]:
        if gap[i] > reach_m:
            break
        if shapely.distance(block.exterior, shapely.Point(ends[i])) < 2 * SNAP_M:
            return np.asarray(ends[i])
    return end


def _kinds(
    edges: Geometries, block_lines: shapely.Geometry, streams: list[LineString], outline: Polygon
) -> npt.NDArray[np.int64]:
    """Tell what each edge runs along."""
    middle = shapely.line_interpolate_point(edges, 0.37, normalized=True)
    kind = np.zeros(len(edges), dtype=np.int64)
    for code, line in ((1, block_lines), (2, shapely.union_all(streams)), (3, outline.exterior)):
        shapely.prepare(line)
        kind[shapely.dwithin(line, middle, 0.1)] = code
    return kind


def _bend(
    edges: Geometries,
    kind: npt.NDArray[np.int64],
    unit_m2: float,
    origin: tuple[float, float],
    rng: np.random.Generator,
) -> Geometries:
    """Give every edge its vertices, and shift all of them by one smooth field, so that nothing can come apart.

    The field's gradient stays below one: it folds nothing over.
    """
    middle = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    size = np.sqrt(unit_m2 / crowd(shapely.get_x(middle), shapely.get_y(middle)))
    edges = shapely.segmentize(shapely.simplify(edges, 0.4), np.clip(size / 9.0, 15.0, 42.0))
    fields = [(22.0, waves(rng, 820.0)), (5.0, waves(rng, 190.0)), (1.2, waves(rng, 70.0))]

    def shifted(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        x, y = xy.T
        calm = np.clip(1.9 / np.sqrt(crowd(x, y)), 0.4, 1.0)
        move = sum(a * np.column_stack([noise(w, x, y, 0), noise(w, x, y, 1)]) for a, w in fields)
        moved = xy + calm[:, None] * move + origin
        return np.round(moved / SNAP_M) * SNAP_M

    return np.asarray(shapely.transform(edges, shifted))

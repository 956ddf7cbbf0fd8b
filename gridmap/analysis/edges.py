"""Match the edges of polygons exactly, and prove from it that they do not overlap.

Let every polygon be wound the same way and let f be the number of polygons over a place. f changes only across edges,
and an edge that another polygon runs through in the opposite direction cancels. So f is fixed by the edges left
over: if they are, edge for edge, the border of the polygons' union, then f is 1 on the union and 0 elsewhere, and no
two polygons overlap. That costs one sort of the edges instead of a comparison of every pair of neighbours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Geometries = npt.NDArray[np.object_]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Edges:
    """Directed edges of some polygons.

    Attributes
    ----------
    key : array of uint64
        Equal for equal edges in either direction.
    forward : array of bool
        The sense of each.
    owner : array of int
        The polygon of each.
    first : array of int
        Where each starts in ``xy``; it ends at the next place.
    xy : array of float, shape (n, 2)
        Vertices of all rings.
    """

    key: Keys
    forward: npt.NDArray[np.bool_]
    owner: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    xy: npt.NDArray[np.float64]

    def start(self, which: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Give the first vertices of some edges."""
        return self.xy[self.first[which]]

    def end(self, which: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Give the last vertices of some edges."""
        return self.xy[self.first[which] + 1]


def edges_of(polygons: Geometries) -> Edges:
    """Take polygons apart into their edges. They must be in normal form (``shapely.normalize``), so wound alike."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(ring[1:] == ring[:-1]).astype(np.int32)
    of = owner[part].astype(np.int32)[ring[first]]
    del ring
    point = point_keys(xy)
    a, b = point[first], point[first + 1]
    return Edges(a + b, a < b, of, first, xy)


def matched_edges(key: Keys, forward: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tell which edges, given by key and sense, occur exactly twice, once in each direction."""
    order = np.argsort(key)
    ordered, sense = key[order], forward[order]
    equal = np.r_[False, ordered[1:] == ordered[:-1], False]
    # the first of two: equal to the next, not to the last, nor is the next to the one after it
    pair = np.flatnonzero(equal[1:-1] & ~equal[:-2] & ~equal[2:])
    pair = pair[sense[pair] != sense[pair + 1]]
    both = np.zeros(len(key), dtype=bool)
    both[order[pair]] = both[order[pair + 1]] = True
    return both


def proven_tiling(
    polygons: Geometries, candidates: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], BaseGeometry]:
    """Pick polygons that provably do not overlap each other, and give their union.

    Parameters
    ----------
    polygons : array of Polygon or MultiPolygon
        In normal form.
    candidates : array of bool
        Which of them are valid and may be picked.

    Returns
    -------
    array of bool, Geometry
        The picked ones: all, or those all of whose edges are matched. None, and an empty polygon, where the proof
        fails.
    """
    edges = edges_of(polygons)
    matched = matched_edges(edges.key, edges.forward)
    if candidates.all() and len(polygons):
        union = _bounded_by(edges, np.flatnonzero(~matched))
        if union is not None:
            return candidates.copy(), union
    picked = candidates.copy()
    picked[edges.owner[~matched]] = False
    union = proven_union(polygons, edges, picked)
    if union is None:
        return np.zeros(len(polygons), dtype=bool), shapely.MultiPolygon()
    return picked, union


def proven_union(polygons: Geometries, edges: Edges, picked: npt.NDArray[np.bool_]) -> BaseGeometry | None:
    """Unite some polygons by dropping their matched edges; None where that is not provably their union."""
    if not picked.any():
        return None
    mine = np.flatnonzero(picked[edges.owner])
    rest = mine[~matched_edges(edges.key[mine], edges.forward[mine])]
    return _bounded_by(edges, rest)


def _bounded_by(edges: Edges, rest: npt.NDArray[np.intp]) -> BaseGeometry | None:
    """Give the polygons whose border is exactly these edges, in their sense; None where there are none.

    Where the edges left over of some polygons bound one, that is their union: the number of polygons over a place, less
    one inside of it, then changes nowhere. Only the faces of those few edges are looked for.
    """
    lines = _lines(np.stack([edges.start(rest), edges.end(rest)], axis=1))
    faces = shapely.normalize(shapely.get_parts(shapely.polygonize(lines)))
    if not len(faces):
        return None
    around = edges_of(faces)
    # a face that the edges wind round as they do round polygons is ground; others are holes
    ground = np.ones(len(faces), dtype=bool)
    ground[
        around.owner[~np.isin(_sensed(around.key, around.forward), _sensed(edges.key[rest], edges.forward[rest]))]
    ] = 0
    parts = faces[ground]
    union: BaseGeometry = parts[0] if len(parts) == 1 else shapely.normalize(shapely.MultiPolygon(list(parts)))
    border = edges_of(np.array([union], dtype=object))
    same = _same(edges.key[rest], edges.forward[rest], border.key, border.forward)
    return union if same and shapely.is_valid(union) else None


def _lines(ends: npt.NDArray[np.float64]) -> Geometries:
    lines: Geometries = np.asarray(shapely.linestrings(ends), dtype=object)
    return lines


def _sensed(key: Keys, forward: npt.NDArray[np.bool_]) -> Keys:
    """Make keys that differ by the sense of the edge."""
    return _mix(key + forward.astype(np.uint64))


def unite(polygons: Geometries, usable: npt.NDArray[np.bool_]) -> BaseGeometry:
    """Unite polygons in normal form, the quick way as far as that is proven right."""
    proven, union = proven_tiling(polygons, usable)
    if not proven.all():
        union = shapely.union(union, shapely.union_all(polygons[~proven]))
    return union


def _same(key: Keys, forward: npt.NDArray[np.bool_], key2: Keys, forward2: npt.NDArray[np.bool_]) -> bool:
    one, two = np.lexsort((forward, key)), np.lexsort((forward2, key2))
    return np.array_equal(key[one], key2[two]) and np.array_equal(forward[one], forward2[two])


def filled_exactly(
    children: Geometries,
    owner: npt.NDArray[np.intp],
    parents: Geometries,
    children_valid: npt.NDArray[np.bool_],
    parents_valid: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Tell which parents are provably tiled by their own children: nothing sticks out, nothing is left bare.

    Parameters
    ----------
    children, parents : array of Polygon or MultiPolygon
        In normal form, one CRS.
    owner : array of int
        Position of each child's parent, or -1.
    children_valid, parents_valid : array of bool
        Which of them are valid; a parent that is not, or has a child that is not, is not proven.

    Notes
    -----
    Over a place, take the number of children less one for their parent. It changes only across edges; where every
    edge of the children and of the parent, the latter turned round, is met by one the other way, it changes
    nowhere, and so is 0 everywhere, as it is far outside. That costs one sort of all edges and no overlay.
    """
    mine, theirs = edges_of(children), edges_of(parents)
    group = np.r_[owner.astype(np.int32)[mine.owner], theirs.owner]
    key = np.r_[mine.key, theirs.key]
    sense = np.where(np.r_[mine.forward, ~theirs.forward], np.int32(1), np.int32(-1))
    # the same edge in another parent is another key
    key = _mix(key + group.astype(np.uint64))
    order = np.argsort(key[group >= 0])
    order = np.flatnonzero(group >= 0)[order]
    filled = parents_valid.copy()
    if len(order):
        key = key[order]
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        left = np.add.reduceat(sense[order], first) != 0
        filled[group[order[first[left]]]] = False
    filled[owner[(owner >= 0) & ~children_valid]] = False
    return filled


def point_keys(xy: npt.NDArray[np.float64]) -> Keys:
    """Hash points to 64 bits (the finaliser of SplitMix64 on both coordinates)."""
    bits = np.ascontiguousarray(xy + 0.0).view(np.uint64)  # + 0.0 makes -0.0 and 0.0 one
    return _mix(_mix(bits[:, 0]) + bits[:, 1])


def _mix(z: Keys) -> Keys:
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))

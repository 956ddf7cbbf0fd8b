"""Look through WKB before GEOS does: types, counts and rings, so that no byte string can crash or surprise it.

GEOS follows nested collections recursively until the stack ends, closes nothing and says nothing about which ring. This
walks the headers only; coordinates are skipped.
"""

import struct
from dataclasses import dataclass

_NAMES = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
_PARTS = {4: 1, 5: 2, 6: 3}
_MAX_PARTS = 100_000


class _BadWkbError(Exception):
    pass


@dataclass(slots=True)
class Scan:
    """What a WKB holds.

    Attributes
    ----------
    kind : str
        Geometry type, empty where it is not one of the six simple ones.
    vertices : int
    has_z : bool
        A third or fourth ordinate is present.
    fault : str or None
        ``bad_geometry``, ``type_not_allowed``, ``empty_geometry``, ``ring_not_closed``, ``too_few_points``.
    ring : int or None
        The ring at fault, counted through all parts from 0.
    place : tuple of float or None
        Where: the ring's first vertex.
    """

    kind: str = ""
    vertices: int = 0
    has_z: bool = False
    fault: str | None = None
    ring: int | None = None
    place: tuple[float, float] | None = None


def scan(wkb: bytes) -> Scan:
    """Walk the headers of one WKB (ISO or extended); never raises."""
    walk = _Walk(wkb)
    try:
        walk.geometry(None)
        if walk.at != len(wkb):
            raise _BadWkbError
    except (_BadWkbError, struct.error):
        if walk.scan.fault != "type_not_allowed":
            walk.scan.fault = "bad_geometry"
    if walk.scan.fault is None and walk.scan.vertices == 0:
        walk.scan.fault = "empty_geometry"
    return walk.scan


class _Walk:
    def __init__(self, wkb: bytes) -> None:
        self.wkb = wkb
        self.at = 0
        self.rings = 0
        self.scan = Scan()

    def geometry(self, only: int | None) -> None:
        order = "<" if self._byte() == 1 else ">"
        (code,) = self._take(order + "I")
        if code & 0x20000000:
            self.at += 4
        size = 2 + bool(code & 0x80000000) + bool(code & 0x40000000)
        kind, flavour = (code & 0xFFFFFFF) % 1000, (code & 0xFFFFFFF) // 1000
        size += (0, 1, 1, 2)[flavour] if flavour < 4 else 0
        self.scan.has_z = self.scan.has_z or size > 2
        if only is not None and kind != only:
            raise _BadWkbError
        if kind not in _NAMES or flavour > 3:
            self.scan.fault = "type_not_allowed"
            raise _BadWkbError
        if only is None:
            self.scan.kind = _NAMES[kind]
        if kind == 1:
            self._skip(1, size)
            self.scan.vertices += 1
        elif kind == 2:
            self._skip(self._count(order), size)
        elif kind == 3:
            for _ in range(self._count(order, _MAX_PARTS)):
                self._ring(order, size)
        else:
            for _ in range(self._count(order, _MAX_PARTS)):
                self.geometry(_PARTS[kind])

    def _byte(self) -> int:
        if self.at >= len(self.wkb) or self.wkb[self.at] > 1:
            raise _BadWkbError
        self.at += 1
        return self.wkb[self.at - 1]

    def _take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(form, self.wkb, self.at)
        self.at += struct.calcsize(form)
        return values

    def _count(self, order: str, most: int | None = None) -> int:
        (count,) = self._take(order + "I")
        if most is not None and count > most:
            raise _BadWkbError
        return count

    def _skip(self, count: int, size: int) -> None:
        self.at += count * size * 8
        if self.at > len(self.wkb):
            raise _BadWkbError
        if count > 1:
            self.scan.vertices += count

    def _ring(self, order: str, size: int) -> None:
        count = self._count(order)
        start = self.at
        self._skip(count, size)
        self.scan.vertices += count == 1
        ring, self.rings = self.rings, self.rings + 1
        if count == 0 or self.scan.fault is not None:
            return
        first = struct.unpack_from(order + "dd", self.wkb, start)
        last = struct.unpack_from(order + "dd", self.wkb, start + (count - 1) * size * 8)
        # NaN is unequal to itself; such a ring is caught as not finite.
        closed = first == last or any(v != v for v in (*first, *last))
        if (count < 4 and closed) or count < 3:
            self.scan.fault, self.scan.ring, self.scan.place = "too_few_points", ring, first
        elif not closed:
            self.scan.fault, self.scan.ring, self.scan.place = "ring_not_closed", ring, first

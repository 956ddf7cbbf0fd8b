"""What must not be changed: locked grids, borders and areas."""

from collections.abc import Iterable

from gridmap.analysis.redraw.ground import edges_changed, stays
from gridmap.analysis.redraw.mosaic import SAME_DEG, EdgeKey
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.redraw import Change
from gridmap.errors import Conflict
from gridmap.services.ports import Mark


def require_unlocked(marks: Iterable[Mark], tiling: Tiling, change: Change) -> None:
    """Check that a change leaves alone what is locked; a vertex on a straight border moves nothing.

    Raises
    ------
    Conflict
        ``redraw_locked``, with the kind of lock, its number and who set it.
    """
    locks = [m for m in marks if m.kind != "comment"]
    if not locks:
        return
    moved = {
        code
        for code in change.codes
        if code not in change.before or code not in change.after or not stays(change.before[code], change.after[code])
    }
    removed, _ = edges_changed(change, tiling.level.name)
    for lock in locks:
        held = {lock.code} if lock.kind == "grid" else _below(tiling, lock.code) if lock.kind == "area" else set()
        if held & moved or (lock.kind == "edge" and _among(lock.places, removed)):
            raise Conflict("redraw_locked", kind=lock.kind, lock=lock.number, author=lock.author)


def _below(tiling: Tiling, code: str | None) -> set[str | None]:
    found: set[str | None] = {code}
    below = [code]
    while below:
        here = below.pop()
        children = tiling.children.get(str(here), frozenset())
        found |= children
        below += list(children)
    return found


def _among(places: tuple[tuple[float, float], ...], edges: set[EdgeKey]) -> bool:
    def near(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return abs(a[0] - b[0]) <= SAME_DEG and abs(a[1] - b[1]) <= SAME_DEG

    a, b = places
    return any((near(a, p) and near(b, q)) or (near(a, q) and near(b, p)) for p, q in edges)

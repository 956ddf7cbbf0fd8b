"""Codes for areas that come into being while a plan is redrawn."""

from collections.abc import Callable
from itertools import count

from gridmap.analysis.redraw.local import Numberer
from gridmap.analysis.redraw.tiling import Tiling
from gridmap.domain.codes import scheme
from gridmap.domain.redraw import Shape
from gridmap.errors import InvalidInput
from gridmap.services.ports import UnitOfWork


def numberer(work: UnitOfWork, set_name: str, number: int, tiling: Tiling) -> Numberer:
    """Give the coding rule of a set: the lowest number of an area that no version and no edit ever used.

    Without a scheme, a code is that of the area above, a hyphen and a number.
    """
    given: list[str] = []

    def used() -> set[str]:
        codes = {*tiling.areas, *given}
        for version in work.boundaries.list_versions(set_name):
            codes.update(map(str, work.boundaries.tree(version)["code"]))
        for line in work.redraw.lines(set_name, number):
            codes.update(line.codes)
        return codes

    def by_scheme(parent: str | None, shape: Shape) -> str:
        assert tiling.boundary_set.code_scheme is not None
        if parent is None:
            raise InvalidInput("code_parent_missing", count=1, row=1)
        return scheme(tiling.boundary_set.code_scheme).next_free(parent, used())

    def plain(parent: str | None, shape: Shape) -> str:
        taken, front = used(), parent or tiling.level.name
        return next(code for n in count(1) if (code := f"{front}-{n}") not in taken)

    rule: Callable[[str | None, Shape], str] = by_scheme if tiling.boundary_set.code_scheme else plain

    def next_code(parent: str | None, shape: Shape) -> str:
        given.append(rule(parent, shape))
        return given[-1]

    return next_code

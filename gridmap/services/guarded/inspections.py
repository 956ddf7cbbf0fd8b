"""Checks of objects and draws of samples, cut down to a reach: that of the objects on the day."""

from collections.abc import Sequence
from datetime import date
from functools import cache

from gridmap.domain.access import Permission
from gridmap.domain.inspections import Check, RecordedDraw
from gridmap.errors import NotAllowed
from gridmap.services.guarded.guard import Guard
from gridmap.services.ports import FeatureFilter


class CutInspections:
    """``InspectionRepository`` for who does not have everything."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._raw = guard.raw.inspections

    def _codes(self, permission: Permission, layer: str, day: date, code: str | None = None) -> frozenset[str]:
        where = FeatureFilter(layer, day, within=self._guard.within(permission), code=code)
        return frozenset(map(str, self._guard.raw.features.frame(where)["code"]))

    def add_checks(self, layer: str, checks: Sequence[Check]) -> int:
        """Add checks of objects within reach, all or none."""
        for check in checks:
            if not self._codes(Permission.PATROLS_WRITE, layer, check.checked_on, check.code):
                raise NotAllowed("outside_reach")
        return self._raw.add_checks(layer, checks)

    def newest(self, layer: str, day: date) -> list[Check]:
        """Give the checks of objects within reach."""
        mine = self._codes(Permission.LAYERS_READ, layer, day)
        return [check for check in self._raw.newest(layer, day) if check.code in mine]

    def add_draw(self, layer: str, draw: RecordedDraw) -> RecordedDraw:
        """Put a draw on record whose whole list lies within reach."""
        if not self._codes(Permission.PATROLS_WRITE, layer, draw.day).issuperset(draw.ids):
            raise NotAllowed("outside_reach")
        return self._raw.add_draw(layer, draw)

    def draws(self, layer: str) -> list[RecordedDraw]:
        """Give the draws whose whole list lies within reach."""
        on = cache(lambda day: self._codes(Permission.PATROLS_READ, layer, day))
        return [draw for draw in self._raw.draws(layer) if on(draw.day).issuperset(draw.ids)]

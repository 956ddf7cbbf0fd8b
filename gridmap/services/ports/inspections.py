"""Checks of objects and draws of samples, as the use cases ask for them."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from gridmap.domain.inspections import Check, RecordedDraw


class InspectionRepository(Protocol):
    """Who looked at which object of a layer and what came of it, and the samples drawn. Only ever added to."""

    def add_checks(self, layer: str, checks: Sequence[Check]) -> int:
        """Add checks; what is there already, or twice among them, is no new one. Give how many are new.

        Raises
        ------
        NotFound
            ``feature_layer_unknown``.
        Conflict
            ``inspection_check_differs``: an object had another outcome or note at that moment. Nothing is added.
        """
        ...

    def newest(self, layer: str, day: date) -> list[Check]:
        """Give the newest check of each outcome of each object until the end of a day, by code and time."""
        ...

    def add_draw(self, layer: str, draw: RecordedDraw) -> RecordedDraw:
        """Put a draw on record; give it with its number.

        Raises
        ------
        NotFound
            ``feature_layer_unknown``.
        Conflict
            ``inspection_seed_used``: a draw of this layer had that seed. Nothing is added.
        """
        ...

    def draws(self, layer: str) -> list[RecordedDraw]:
        """Give the draws of a layer, newest first."""
        ...

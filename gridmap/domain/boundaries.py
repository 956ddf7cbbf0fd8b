"""Boundary sets, their levels and versions, and the grids in them."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from shapely import MultiPolygon, Polygon

#: Validity of a set's first version starts here unless a date is given: it was always so, as far as we know.
ALWAYS = date(1, 1, 1)


class VersionState(StrEnum):
    """Where a version stands in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Level:
    """One storey of a boundary set, such as street, area or grid.

    ``order`` counts from the outside in: 0 is the coarsest level. ``tiles_parent`` says whether the areas of this
    level cover their parent without hole or overlap.
    """

    name: str
    order: int
    tiles_parent: bool = True


@dataclass(frozen=True, slots=True)
class BoundarySet:
    """A named family of areas over one ground (urban management, health, school ...)."""

    name: str
    levels: tuple[Level, ...]
    title: str = ""

    @property
    def leaf(self) -> Level:
        """The finest level: its areas are the grids that answer for a point."""
        return max(self.levels, key=lambda level: level.order)


@dataclass(frozen=True, slots=True)
class BoundaryVersion:
    """One immutable edition of a set, in force in ``[valid_from, valid_to)``; ``valid_to`` None: open end."""

    set_name: str
    number: int
    state: VersionState
    valid_from: date
    valid_to: date | None = None
    content_hash: str = ""
    note: str = ""

    def in_force_at(self, day: date) -> bool:
        """Tell whether this version is the one of that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Grid:
    """One responsibility area. ``code`` names it for life; the geometry belongs to a version. WGS 84, lon/lat."""

    code: str
    name: str
    level: str
    geometry: Polygon | MultiPolygon
    parent_code: str | None = None
    households: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

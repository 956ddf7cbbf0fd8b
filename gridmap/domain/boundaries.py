"""Boundary sets, their levels and versions, and the grids in them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal

from shapely import MultiPolygon, Point, Polygon

from gridmap.domain.rulebook import Rulebook

#: Validity of a set's first version starts here unless a date is given: it was always so, as far as we know.
ALWAYS = date(1, 1, 1)


#: What the shapes of a level may be: areas alone, or also points (a building known by its door).
Shapes = Literal["area", "any"]


class VersionState(StrEnum):
    """Where a version stands in its life.

    ``draft``: may still change, nobody asks it. ``published``: never changes again, in force for its validity, be that
    past, present or scheduled. ``retired``: overtaken or withdrawn before it was in force; its validity is empty.
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Level:
    """One storey of a boundary set, such as street, area or grid.

    Attributes
    ----------
    name : str
    order : int
        Counts from the outside in: 0 is the coarsest level.
    tiles_parent : bool
        The areas of this level cover their parent without hole or overlap. False for buildings, stations, venues.
    shapes : {"area", "any"}
        ``any``: points may stand in for areas; only sensible for leaves that do not tile.
    contiguous : bool
        Each area must be in one piece.
    required : tuple of str
        Attributes that every area needs: ``name``, ``kind``, ``households``, or a key of ``attributes``.
    """

    name: str
    order: int
    tiles_parent: bool = True
    shapes: Shapes = "area"
    contiguous: bool = False
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BoundarySet:
    """A named family of areas over one ground (urban management, health, school ...).

    ``code_scheme`` names the scheme of ``domain.codes`` that the codes of all its levels follow; None: any codes.
    ``rules`` are those of size and shape that its areas follow; None: none.
    ``revision`` counts what was published, withdrawn or set on it: who publishes names the one that was built upon.
    """

    name: str
    levels: tuple[Level, ...]
    title: str = ""
    code_scheme: str | None = None
    revision: int = field(default=0, compare=False)
    rules: Rulebook | None = None

    @property
    def leaf(self) -> Level:
        """The finest level: its areas are the grids that answer for a point."""
        return max(self.levels, key=lambda level: level.order)


@dataclass(frozen=True, slots=True)
class BoundaryVersion:
    """One edition of a set, in force in ``[valid_from, valid_to)``; ``valid_to`` None: open end.

    ``number`` names it for ever: it is given when the draft is made and never again, so the order in time is that of
    ``valid_from``, which for a draft is the day it is planned for. ``based_on`` is the version that it was drawn from.
    ``content_hash`` is the hash of what it says (``services.boundaries.content_hash``).
    """

    set_name: str
    number: int
    state: VersionState
    valid_from: date
    valid_to: date | None = None
    content_hash: str = ""
    note: str = ""
    based_on: int | None = None
    published_at: datetime | None = field(default=None, compare=False)

    def in_force_at(self, day: date) -> bool:
        """Tell whether this version is the one of that day."""
        published = self.state is VersionState.PUBLISHED
        return published and self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @property
    def ever_in_force(self) -> bool:
        """Published, and its validity is not empty."""
        return self.state is VersionState.PUBLISHED and (self.valid_to is None or self.valid_from < self.valid_to)


def in_time_order(versions: Iterable[BoundaryVersion]) -> list[BoundaryVersion]:
    """Give the versions that are, were or will be in force, earliest first: no hole and no overlap between them."""
    return sorted((v for v in versions if v.ever_in_force), key=lambda v: v.valid_from)


@dataclass(frozen=True, slots=True)
class Grid:
    """One responsibility area. ``code`` names it for life; the geometry belongs to a version. WGS 84, lon/lat.

    ``kind`` tells siblings of one level apart: a zone, a town and a street under one district.
    """

    code: str
    name: str
    level: str
    geometry: Polygon | MultiPolygon | Point
    parent_code: str | None = None
    kind: str | None = None
    households: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

"""A briefing in values: what a report says, before it is set on paper or on a page, in no language yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import geopandas as gpd
import numpy as np
from shapely.geometry.base import BaseGeometry

from gridmap.analysis.case_tables import rate_of
from gridmap.analysis.indicators import INDICATORS
from gridmap.analysis.leading import NUMBERS, Board
from gridmap.analysis.saying import Statement
from gridmap.domain.alerts import Grade
from gridmap.domain.clauses import Texts
from gridmap.domain.periods import Period
from gridmap.domain.sheets import Backdrop, Source


@dataclass(frozen=True, slots=True)
class Number:
    """A key number: ``unit`` %, h or cases; missing values: no data; ``target`` asks for at least so much."""

    name: str
    unit: str
    better: str
    value: Decimal | None
    above: Decimal
    below: int
    before: Decimal | None
    target: Decimal | None

    @property
    def change(self) -> Decimal | None:
        """How far it moved, in its unit or in percentage points."""
        return None if self.value is None or self.before is None else self.value - self.before


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """A place in the ranking. ``code`` None: in no grid; ``rank`` None: nothing was due; ``hours``: of handling.

    ``effort``: what patrols did there (``effort_of_places``); None: not measured, or not to be seen.
    """

    code: str | None
    name: str
    rank: int | None
    reported: int
    on_time: int
    due: int
    hours: float | None
    reworks: int
    handled: int
    effort: "Effort | None" = None


@dataclass(frozen=True, slots=True)
class Effort:
    """Patrols in a place: its grids, how many of them nobody looked at, hours, and what was found.

    ``per_hour``: of what patrols found, with the ends of its 95 % interval; None: nobody was there.
    """

    grids: int
    unseen: int
    hours: float
    incidents: int
    found: int
    per_hour: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class TypeLine:
    """A type of case."""

    category: str
    reported: int
    before: int
    on_time: int
    due: int


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """What one rule asks somebody to look at: how much of it there is, and the most pressing of it in words."""

    grade: Grade
    title: Texts
    count: int
    first: tuple[Texts, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """Where incidents are dense.

    ``layers``: shapes (WGS 84) by class from light to dark, as many as ``colours``; ``breaks`` between them, in
    incidents per km2 and 30 days; ``dots``: incidents one by one instead, where they are those of a day. ``hot``: grids
    that stand out, with code, name, count and what is said of them.
    """

    incidents: int
    layers: tuple[BaseGeometry, ...] = ()
    colours: tuple[str, ...] = ()
    breaks: tuple[float, ...] = ()
    dots: tuple[BaseGeometry, ...] = ()
    hot: tuple[tuple[str, str, int, BaseGeometry, Statement], ...] = ()
    said: tuple[Statement, ...] = ()
    made: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Where somebody looked: ``grids`` (code, name, geometry, incidents, sight, hours) and what is said of them.

    ``recorded``: whether there was a single fix; if not, nothing can be said of any grid.
    """

    grids: gpd.GeoDataFrame
    recorded: bool
    said: tuple[Statement, ...] = ()

    def of(self, sight: str) -> gpd.GeoDataFrame:
        """Give the grids of a word of ``Sight``."""
        return self.grids[self.grids["sight"] == sight]


@dataclass(frozen=True)
class Briefing:
    """All that a report says.

    ``place``: name and code of what it is about; None: the whole set of ``source``. ``at``: the moment from which is
    told what is due, in the zone of the district. ``shapes``: areas of the level of ``places`` with their names, for
    the maps. ``heat``, ``seen``: None where the reader does not see them. ``gaps``: spans without records.
    """

    period: Period
    source: Source
    place: tuple[str, str] | None
    at: datetime
    epsg: int
    board: Board
    numbers: tuple[Number, ...]
    queues: Mapping[str, int]
    places: tuple[PlaceLine, ...]
    types: tuple[TypeLine, ...]
    alerts: tuple[AlertGroup, ...]
    shapes: tuple[tuple[str, BaseGeometry], ...]
    outline: BaseGeometry
    backdrop: tuple[Backdrop, ...]
    heat: Heat | None
    seen: Seen | None
    gaps: tuple[tuple[date, date], ...]
    said: tuple[Statement, ...]
    missing: tuple[Statement, ...]
    made: tuple[Statement, ...]


# -- numbers, places and types -----------------------------------------------------------------------------------------


def numbers_of(board: Board, targets: Mapping[str, Decimal]) -> tuple[Number, ...]:
    """Give the key numbers: cases reported first, then the indicators."""
    now, was = (int(found.counts("filing")[1][0]) if len(found.keys) else 0 for found in (board.now, board.was))
    found = [Number("reported", "cases", "neither", Decimal(now), Decimal(now), now, Decimal(was), None)]
    for name in NUMBERS[1:]:
        one = INDICATORS[name]
        value, before = (rate_of(part, name, 0) if len(part.keys) else None for part in (board.now, board.was))
        above, below = board.now.counts(name)
        top = Decimal(int(above[0])) / (1 if one.unit == "%" else 3_600_000_000)
        found.append(Number(name, one.unit, one.better, value, top, int(below[0]), before, targets.get(name)))
    return tuple(found)


def places_of(board: Board, names: Mapping[str, str], effort: Mapping[str, Effort] | None) -> tuple[PlaceLine, ...]:
    """Give places by rank: those with cases, and those that nobody looked at; where nothing was due, last."""
    figures = board.places
    codes = [code if isinstance(code, str) else None for code in figures.keys[figures.by[0]]]
    reported, (on_time, due) = figures.counts("filing")[1], figures.counts("on_time_closing")
    reworks, handled = figures.counts("rework")
    hours = figures.values("handling_hours")
    share = {row: on_time[row] / due[row] for row in range(len(codes)) if due[row]}
    lines = [
        PlaceLine(
            code, "" if code is None else names.get(code) or code,
            1 + sum(other > share[row] for other in share.values()) if row in share else None,
            int(reported[row]), int(on_time[row]), int(due[row]), None if np.isnan(hours[row]) else float(hours[row]),
            int(reworks[row]), int(handled[row]), None if effort is None or code is None else effort.get(code),
        )
        for row, code in enumerate(codes)
        if reported[row]
    ]  # fmt: skip
    there = set(codes)
    lines += [
        PlaceLine(code, names.get(code) or code, None, 0, 0, 0, None, 0, 0, one)
        for code, one in sorted((effort or {}).items())
        if code not in there
    ]
    return tuple(sorted(lines, key=lambda p: (p.rank is None, p.rank or 0, -p.due, -p.reported, p.code or "~")))


def types_of(board: Board) -> tuple[TypeLine, ...]:
    """Give types by how many were reported."""
    reported, (on_time, due) = board.types.counts("filing")[1], board.types.counts("on_time_closing")
    names = board.types.keys["category"].tolist()
    before = dict(zip(board.types_was.keys["category"], board.types_was.counts("filing")[1].tolist(), strict=True))
    lines = [
        TypeLine(str(name), int(reported[k]), int(before.pop(name, 0)), int(on_time[k]), int(due[k]))
        for k, name in enumerate(names)
    ]
    lines += [TypeLine(str(name), 0, int(count), 0, 0) for name, count in before.items()]
    return tuple(sorted((t for t in lines if t.reported or t.before), key=lambda t: (-t.reported, t.category)))

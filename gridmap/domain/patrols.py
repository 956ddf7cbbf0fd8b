"""What becomes of a fix, what was seen of a grid, and by which numbers: rules of patrols as data.

A table is a TOML file. The one of ``gridmap/data/patrols`` comes with the package; a city writes its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources

from gridmap.domain.books import Entry, read_book, require_unique, wrong
from gridmap.domain.clauses import Texts
from gridmap.domain.inspections import Cycle, CycleUnit, InspectionPlan

#: The first day that a receiver of GPS can mean: clocks that were never set stand before it.
EPOCH = datetime(1980, 1, 7, tzinfo=UTC)


class FixVerdict(StrEnum):
    """What became of a fix, in the order in which it is asked; the first that fits counts.

    ``KEPT`` and ``JITTER`` are used. A fix of jitter is one of a stop: it counts for time at the place of the stop, so
    that the trembling of a receiver makes no metres. All others are left out of every sum, and told.
    """

    UNREADABLE = "unreadable"
    DOUBLED = "doubled"
    NULL_ISLAND = "null_island"
    BEFORE_EPOCH = "before_epoch"
    CLOCK_SKEW = "clock_skew"
    TOO_OLD = "too_old"
    LOW_ACCURACY = "low_accuracy"
    OFF_GROUND = "off_ground"
    SUSPECTED_GCJ02 = "suspected_gcj02"
    CONTRADICTORY = "contradictory"
    IMPOSSIBLE_SPEED = "impossible_speed"
    JITTER = "jitter"
    KEPT = "kept"

    @property
    def used(self) -> bool:
        """Whether the fix is part of a track."""
        return self in (FixVerdict.KEPT, FixVerdict.JITTER)


class Watched(StrEnum):
    """Who looks at a grid: patrols stayed there, cameras alone see enough of it, nobody does."""

    PATROL = "patrol"
    CAMERA = "camera"
    BLIND = "blind"


class Sight(StrEnum):
    """What is known of a grid in a window of time. "Nothing happened" is only said where somebody looked."""

    FOUND = "seen_found"
    CLEAR = "seen_clear"
    UNSEEN = "not_seen"


class RecencyStatus(StrEnum):
    """How long ago a grid was visited, against its norm."""

    NEVER = "never"
    OVERDUE = "overdue"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class CleaningRules:
    """By which numbers fixes are cleaned; ``gridmap/data/patrols/cn.toml`` says what each means."""

    ahead_s: float = 300.0
    oldest_days: int = 1825
    accuracy_m: float = 200.0
    island_deg: float = 0.01
    ground_m: float = 500.0
    speed_m_s: float = 50.0
    speed_slack_m: float = 25.0
    jump_fixes: int = 6
    gap_s: float = 300.0
    stop_m: float = 25.0
    stop_s: float = 120.0
    clock_fixes: int = 20
    clock_spread_s: float = 120.0
    datum_fixes: int = 20
    datum_near_m: float = 30.0
    datum_share: float = 0.7
    datum_gain: float = 0.3


@dataclass(frozen=True, slots=True)
class Norm:
    """How many days may pass between two visits of a grid of a class.

    Attributes
    ----------
    id : str
    days : float
    title : Texts
    kinds : tuple of str
        Only grids of these kinds; empty: all.
    households : int
        Only grids with at least so many; 0: all.
    """

    id: str
    days: float
    title: Texts = field(hash=False)
    kinds: tuple[str, ...] = ()
    households: int = 0


@dataclass(frozen=True, slots=True)
class PatrolRules:
    """A table of rules.

    Attributes
    ----------
    name : str
    cleaning : CleaningRules
    dwell_s : float
        A visit of at least so long is a dwell; a shorter one passed through.
    reach_m : float
        Metres to each side of a way within which a grid is seen.
    camera_share : float
        Less than this share of a grid within sight of cameras is not watched by them.
    norms : tuple of Norm
        The first that fits a grid counts; the last one fits all.
    source : Texts
        Who says so, by language.
    inspections : tuple of InspectionPlan
        How the objects of layers are inspected; the name of a plan is that of its layer.
    camera_layers : tuple of str
        Layers of features whose open ones are cameras.
    camera_reach_m : float
        How far a camera sees.
    """

    name: str
    cleaning: CleaningRules
    dwell_s: float
    reach_m: float
    camera_share: float
    norms: tuple[Norm, ...]
    source: Texts = field(hash=False)
    inspections: tuple[InspectionPlan, ...] = ()
    camera_layers: tuple[str, ...] = ("cameras",)
    camera_reach_m: float = 50.0


#: The least and the most of each number of cleaning.
_LIMITS: dict[str, tuple[Decimal | int, int]] = {
    "ahead_s": (0, 86_400),
    "oldest_days": (1, 36_525),
    "accuracy_m": (1, 100_000),
    "island_deg": (0, 1),
    "ground_m": (0, 100_000),
    "speed_m_s": (Decimal("0.1"), 1_000),
    "speed_slack_m": (0, 1_000),
    "jump_fixes": (1, 1_000),
    "gap_s": (1, 86_400),
    "stop_m": (0, 1_000),
    "stop_s": (1, 86_400),
    "clock_fixes": (2, 10_000),
    "clock_spread_s": (0, 3_600),
    "datum_fixes": (2, 10_000),
    "datum_near_m": (0, 1_000),
    "datum_share": (0, 1),
    "datum_gain": (0, 1),
}
_WHOLE = frozenset({"oldest_days", "jump_fixes", "clock_fixes", "datum_fixes"})
_PLAN = ("layer", "unit", "every", "starts_on", "items", "notes", "within_m", "dwell_s", "lead_days")
_OWN = ("name", "source", "dwell_s", "reach_m", "camera_share", "camera_layers", "camera_reach_m", "norm", "inspection")


def read_patrol_rules(content: str) -> PatrolRules:
    """Read a table of rules.

    Raises
    ------
    InvalidInput
        ``book_wrong`` with the place as a JSON pointer and what was wanted there.
    """
    book = read_book(content, (*_OWN, *_LIMITS))
    numbers = {}
    for name, (low, high) in _LIMITS.items():
        numbers[name] = book.whole(name, int(low), high) if name in _WHOLE else float(book.number(name, low, high))
    rows = book.tables("norm", ("id", "days", "title", "kinds", "households"), least=1)
    require_unique(rows)
    norms = tuple(_norm(row) for row in rows)
    if norms[-1].kinds or norms[-1].households:
        raise wrong(f"{rows[-1].at}", "id, days, title")
    plans = tuple(map(_plan, book.tables("inspection", _PLAN)))
    if len({plan.name for plan in plans}) < len(plans):
        raise wrong("/inspection", "layer: unique")
    return PatrolRules(
        book.text("name", '"city"'),
        CleaningRules(**numbers),  # type: ignore[arg-type]
        float(book.number("dwell_s", 0, 86_400)),
        float(book.number("reach_m", Decimal("0.1"), 10_000)),
        float(book.number("camera_share", 0, 1)),
        norms,
        book.texts("source"),
        plans,
        # books from before cameras were asked for go by the usual
        book.names("camera_layers") if "camera_layers" in book else ("cameras",),
        float(book.number("camera_reach_m", Decimal("0.1"), 10_000)) if "camera_reach_m" in book else 50.0,
    )


def _norm(row: Entry) -> Norm:
    days = float(row.number("days", Decimal("0.01"), 3_660))
    households = row.whole("households") if "households" in row else 0
    return Norm(row.text("id"), days, row.texts("title"), row.names("kinds"), households)


def _plan(row: Entry) -> InspectionPlan:
    unit = CycleUnit(row.one_of("unit", [one.value for one in CycleUnit]))
    return InspectionPlan(
        row.text("layer", '"relics"'),
        Cycle(unit, row.whole("every", 1, 366) if "every" in row else 1),
        row.day("starts_on"),
        row.names("items"),
        float(row.number("within_m", Decimal("0.1"), 10_000)) if "within_m" in row else 30.0,
        row.whole("lead_days", 0, 3_660) if "lead_days" in row else 14,
        row.names("notes"),
        float(row.number("dwell_s", 0, 86_400)) if "dwell_s" in row else 60.0,
    )


def norm_of(rules: Sequence[Norm], kind: str, households: int) -> Norm:
    """Give the first norm that fits a grid; ``rules`` end with one that fits all."""
    return next(n for n in rules if (not n.kinds or kind in n.kinds) and households >= n.households)


@cache
def packaged_patrol_rules(name: str = "cn") -> PatrolRules:
    """Read a table that comes with the package."""
    return read_patrol_rules((resources.files("gridmap") / "data" / "patrols" / f"{name}.toml").read_text("utf-8"))

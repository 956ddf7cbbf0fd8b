"""What a map is asked for, and what every map of a store has beside its subject."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridmap import i18n
from gridmap.analysis.patrol_figures import PatrolWays
from gridmap.analysis.saying import texts
from gridmap.errors import TooLarge
from gridmap.i18n import Language
from gridmap.maps.cards import About
from gridmap.services.counts import fix_counts
from gridmap.services.hotspots import Keep, Observed, observe
from gridmap.services.patrol_parts import FromSums, PatrolParts
from gridmap.services.patrolling import Keep as KeepOf
from gridmap.services.patrolling import PatrolReport, measure_patrols
from gridmap.services.ports import PointFilter, Store
from gridmap.services.reports import PlanReport, plan_report
from gridmap.services.responsibility import Plan
from gridmap.services.silence import say_tracks
from gridmap.settings import Settings

if TYPE_CHECKING:
    from gridmap.maps.assembly import Around
    from gridmap.maps.drawing import Ground


class MadeAnew:
    """Keeps nothing: for the shell, where each map is drawn once."""

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """Make it."""
        return make()


@dataclass(frozen=True)
class Urls:
    """Addresses on the origin of a page, where a map is one; a file has none."""

    locate: str | None = None
    grid: str | None = None
    save: str | None = None


@dataclass(frozen=True)
class MapAsked:
    """A plan, a day, a closed window and a language; ``parts``: the days of patrols of the store itself; ``keep``,
    ``ways``, ``swaths``: where what takes long stays.
    """

    store: Store
    plan: Plan
    day: date
    where: PointFilter
    language: Language
    settings: Settings
    now: datetime
    parts: PatrolParts
    urls: Urls = Urls()
    keep: Keep = field(default_factory=MadeAnew)
    ways: KeepOf[PatrolWays] = field(default_factory=MadeAnew)
    swaths: KeepOf[pd.DataFrame] = field(default_factory=MadeAnew)
    ground: "Callable[[PlanReport], Ground] | None" = None

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The ends of the window."""
        assert self.where.start is not None
        assert self.where.end is not None
        return self.where.start, self.where.end

    @property
    def category(self) -> str | None:
        """What the categories are called."""
        if self.where.categories is None:
            return None
        return ", ".join(category_name(code, self.language) for code in self.where.categories)

    def base(self) -> PlanReport:
        """Give what every map draws beneath its subject."""
        return plan_report(self.store, self.plan)

    def around(self, base: PlanReport, sums: FromSums | None = None, *, looked: bool = True) -> "Around":
        """Give what every map takes beside its subject.

        ``sums``: what of its patrols is known by days alone. ``looked``: it tells where nobody looked.
        """
        told = [] if sums is None else [self._remark(sums)]
        if looked:
            told += texts(say_tracks(self.store, self.plan, self.where, self.settings), self.language)
        return {
            "remark": ("" if self.language == "zh" else " ").join(told) or None,
            "upper": base.upper,
            "context": base.context,
            "language": self.language,
            "locate_url": self.urls.locate,
            "grid_url": self.urls.grid,
            "time_zone": self.settings.time_zone,
            "ground": None if self.ground is None else self.ground(base),
        }

    def _remark(self, sums: FromSums) -> str:
        from gridmap.maps.legend import sums_note

        cut_hours = sums.left_out.total_seconds() / 3600
        zone = self.settings.time_zone
        return sums_note(sums.until, sums.days, sums.other_borders, cut_hours, self.language, zone)

    def about(self, seen: Observed | None = None) -> About:
        """Give what a map cannot know of itself; ``seen``: whose gaps are told."""
        version = self.plan.version
        source = i18n.text(
            "mapcard.source_store", self.language, set=self.plan.boundary_set.title or self.plan.boundary_set.name,
            number=version.number,
        )  # fmt: skip
        grids = len(self.plan.locator)
        made: About = {
            "source": source,
            "readers": i18n.text("mapcard.readers_staff", self.language, grids=f"{grids:,}"),
            "made_at": self.now,
        }
        if seen is not None:
            made["records"] = seen.said
        if self.urls.save is not None:
            made["save_url"] = self.urls.save
        return made

    def observed(self) -> Observed:
        """Read the incidents of the window."""
        return observe(self.store, self.plan, self.where, settings=self.settings)

    def patrols(self, *, shares: bool) -> PatrolReport:
        """Measure what patrols did in the window."""
        return measure_patrols(
            self.store, self.plan, self.where, day=self.day, now=self.now, settings=self.settings,
            parts=self.parts, ways=self.ways, swaths=self.swaths if shares else None,
        )  # fmt: skip

    def patrolled(self) -> tuple[pd.DataFrame | None, FromSums | None]:
        """Give the same by grid, without shares; None where the window holds too many fixes to be measured."""
        try:
            report = self.patrols(shares=False)
        except TooLarge:
            return None, None
        return report.figures, report.from_sums

    def passed(self, base: PlanReport) -> pd.DataFrame:
        """Count the fixes of each grid, which is quick: ``code`` and ``fixes``."""
        # whoever passed by, passed by for all kinds of incidents
        with self.store.unit_of_work() as work:
            counts = fix_counts(work, self.plan, PointFilter(*self.window), settings=self.settings)
        fixes = counts.set_index("grid_code")["fixes"].reindex(base.grids["code"]).fillna(0)
        return pd.DataFrame({"code": base.grids["code"].to_numpy(), "fixes": fixes.to_numpy(dtype="int64")})

    def of(self, start: datetime, end: datetime) -> "MapAsked":
        """Ask the same of another window."""
        return replace(self, where=replace(self.where, start=start, end=end))


def category_name(code: str, language: Language) -> str:
    """Name a category; one that the catalogue does not know goes by its own name."""
    return i18n.text(f"category.{code}", language) if i18n.has(f"category.{code}") else code

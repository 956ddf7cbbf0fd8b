"""What a route needs beside its parameters: the store, the plans, the clock, and reading days and windows with them."""

import logging
import tempfile
import threading
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from fastapi import Depends, Request

from api.cursor import Cursors
from api.errors import language_of
from api.rights import principal_of
from api.tiles.kept import TileFiles
from api.tiles.layers import Areas, Layer
from gridmap.analysis.gazetteer import Gazetteer
from gridmap.analysis.leading import Board
from gridmap.analysis.patrol_figures import PatrolWays
from gridmap.domain.access import Principal
from gridmap.errors import GridmapError, InvalidInput, NotFound
from gridmap.i18n import Language, catalogue
from gridmap.maps.drawing import Ground, ground
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.cases.alerting import Pressing
from gridmap.services.cases.holding import HELD, CasesHeld, held_cases
from gridmap.services.cases.indicators import alerts_now
from gridmap.services.cases.leading import USUAL, lead
from gridmap.services.cases.leading import newest as latest
from gridmap.services.clock import day_in, start_of
from gridmap.services.guarded import CutPlans, GuardedStore, Kin, Parts
from gridmap.services.kept import Kept, Part
from gridmap.services.lately import Lately, OfReader
from gridmap.services.patrol_parts import PatrolParts
from gridmap.services.patrolling import MOST_FIXES, measure_patrols
from gridmap.services.ports import Box, Clock, PointFilter, Store, UnitOfWork
from gridmap.services.proposals import Proposals
from gridmap.services.public_heat import Releases
from gridmap.services.redraw.drawings import Drawings
from gridmap.services.redraw.presence import Presence
from gridmap.services.reports import Overview, PlanReport, last_days, overview, plan_report
from gridmap.services.responsibility import Plan, Plans
from gridmap.services.siting import PlacesReport
from gridmap.settings import Settings

log = logging.getLogger("gridmap.api")

Moment = date | datetime

#: Days of a window of which the reader names neither end.
_DAYS = 30
#: Days of the window that the page of coverage opens with.
_WEEK = 7

#: Records in a page when the reader names no number.
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Context:
    """Everything one running app shares between requests."""

    settings: Settings
    store: Store
    plans: Plans
    clock: Clock
    cursors: Cursors
    version: str
    #: Patrols by day, of the whole store: cut to what a reader may see where they are put together.
    patrol_parts: PatrolParts
    #: Months that were released: the same to everybody.
    releases: Releases
    #: Pages of maps with their tags, what the store holds on a day, and the ground that the maps of a plan share.
    pages: Kept[tuple[str, str]] | Part[tuple[str, str]] = field(default_factory=lambda: Kept(16))
    overviews: Kept[Overview] | Part[Overview] = field(default_factory=lambda: Kept(4))
    grounds: Kept[Ground] | Part[Ground] = field(default_factory=lambda: Kept(4))
    #: Codes of a version as JSON, in the order of its locator.
    code_texts: Kept[npt.NDArray[np.object_]] | Part[npt.NDArray[np.object_]] = field(default_factory=lambda: Kept(16))
    code_arrays: Kept[pa.Array] | Part[pa.Array] = field(default_factory=lambda: Kept(16))
    #: Answers about two versions or two sets, as they are sent.
    comparisons: Kept[bytes] | Part[bytes] = field(default_factory=lambda: Kept(8))
    #: Best places that were found for a question.
    places: Kept[PlacesReport] | Part[PlacesReport] = field(default_factory=lambda: Kept(8))
    #: What the fixes of a window come to, by grid, and how much ground lies within reach of their ways.
    patrol_ways: Kept[PatrolWays] | Part[PatrolWays] = field(default_factory=lambda: Kept(6))
    patrol_swaths: Kept[pd.DataFrame] | Part[pd.DataFrame] = field(default_factory=lambda: Kept(12))
    #: What tiles are made of: areas by plan, and layers as they were asked for; and the tiles.
    tile_areas: Kept[Areas] | Part[Areas] = field(default_factory=lambda: Kept(6))
    tile_layers: Kept[Layer] | Part[Layer] = field(default_factory=lambda: Kept(24))
    tile_files: TileFiles = field(default_factory=lambda: TileFiles(Path(tempfile.gettempdir()) / "tiles", 0))
    #: What was judged of hotspots, by the figures that it was judged from, and who is beside whom.
    hotspots: Kept[Any] | Part[Any] = field(default_factory=lambda: Kept(24))
    #: Cases of the leader's page, which may be some seconds old.
    cases_held: Lately[CasesHeld] | OfReader[CasesHeld] = field(default_factory=lambda: Lately(0.0, 0.0))
    #: What asked for attention then, for those who may see it some seconds old.
    alerts_held: Lately[Pressing] | OfReader[Pressing] = field(default_factory=lambda: Lately(0.0, 0.0))
    #: The numbers that were worked out of cases held, while these are.
    boards: Kept[Board] | Part[Board] = field(default_factory=lambda: Kept(32))
    #: The index of standard places, which are everybody's.
    gazetteers: Kept[Gazetteer] = field(default_factory=lambda: Kept(1))
    #: Features of collections as columns, and how many match; and the tags of answers that were sent.
    served: Kept[Any] | Part[Any] = field(default_factory=lambda: Kept(24))
    #: A tag with what else a 304 says.
    tags: Kept[tuple[str, str]] | Part[tuple[str, str]] = field(default_factory=lambda: Kept(2_000))
    #: The service is about to stop: what is only made ready is left.
    stopping: threading.Event = field(default_factory=threading.Event)
    #: Held while a large body is parsed: one at a time bounds the memory that bodies can take.
    reading: threading.Lock = field(default_factory=threading.Lock)
    #: The codes of areas, and the plans cut to them.
    kin: Kin = field(default_factory=Kin)
    #: Drafts as they are drawn, with all of their areas, and who draws in them.
    drawings: Drawings = field(default_factory=Drawings)
    presence: Presence = field(default_factory=Presence)
    parts: Parts = field(default_factory=Parts)
    #: Searches for proposals, of all processes.
    proposals: Proposals = field(default_factory=lambda: Proposals(Path(tempfile.gettempdir()) / "proposals"))

    def for_reader(self, principal: Principal, request_id: str = "") -> "Context":
        """Give the context as somebody sees it: no route gets another one.

        Who sees everything shares plans and caches with all who do; everybody else has those of his reach.
        """
        store = GuardedStore(
            self.store, principal, clock=self.clock, day=self.day(None), kin=self.kin, request_id=request_id
        )
        cursors = self.cursors if principal.account_id is None else self.cursors.of(principal.account_id)
        reader = store.reading
        if reader is None:
            return replace(self, store=store, cursors=cursors)
        shared = {name: getattr(self, name).part(reader) for name in _SHARED}
        return replace(self, store=store, cursors=cursors, plans=CutPlans(self.plans, store, self.parts), **shared)

    def day(self, at: Moment | None) -> date:
        """Give the calendar day of a moment in the district's time zone; without one, today."""
        if at is None or isinstance(at, datetime):
            return day_in(at or self.clock.now(), self.settings.time_zone)
        return at

    def moment(self, at: Moment | None) -> datetime | None:
        """Give the start of a day in the district's time zone, or the time itself, in UTC."""
        if at is None or isinstance(at, datetime):
            return at
        return start_of(at, self.settings.time_zone)

    def plan(self, set_name: str | None, at: Moment | None, work: UnitOfWork | None = None) -> Plan:
        """Give the plan of a set (or of the default one) in force at a moment; ``work``: where one is open."""
        if work is not None:
            return self.plans.in_force(work, set_name, self.settings.default_set, self.day(at))
        with self.store.unit_of_work() as own:
            return self.plans.in_force(own, set_name, self.settings.default_set, self.day(at))

    def overview(self) -> Overview:
        """Say what the store holds today; counted again only after something was stored."""
        day = self.day(None)
        return self.overviews.get((self.store.revision(), day), lambda: overview(self.store, self.plans, day))

    def ground(self, base: PlanReport) -> Ground:
        """Give what all maps of a plan draw beneath their subject; a version never changes."""
        plan = base.plan
        return self.grounds.get(
            plan.key,
            lambda: ground(base.grids, base.upper),
        )

    def island_deg(self) -> float:
        """Give how near to 0, 0 a place is a receiver without one, by the city's book of today."""
        with self.store.unit_of_work() as work:
            return patrol_rules_at(work, self.day(None)).cleaning.island_deg

    def held(self, days: int = HELD.days) -> CasesHeld:
        """Give the cases of so many days, read lately."""

        def read() -> CasesHeld:
            now = self.clock.now()
            with self.store.unit_of_work() as work:
                found = held_cases(work, now, now - timedelta(days=days))
            # made where they are read, which is in the background: no reader waits for it
            found.coded(self.settings.time_zone)
            return found

        return self.cases_held.get(days, self.store.revision, read)

    def pressing(self) -> Pressing:
        """Give what asks for attention now."""
        now = self.clock.now()
        try:
            plan = self.plan(None, None)
        except NotFound:
            plan = None
        with self.store.unit_of_work() as work:
            return Pressing(now, *alerts_now(work, plan, now, self.settings))

    def pressing_lately(self) -> Pressing:
        """Give what asked for attention a moment ago."""
        return self.alerts_held.get((), self.store.revision, self.pressing)

    def close(self) -> None:
        """Stop what goes on in the background."""
        self.stopping.set()
        for held in (self.cases_held, self.alerts_held):
            if isinstance(held, Lately):
                held.close()

    def warm(self) -> None:
        """Make what the first reader would wait for: the plan in force, overview, ground of the maps, cases."""
        try:
            plan = self.plan(None, None)
            plan.make_ready()
            newest = self.overview().fixes.last_at
            self.ground(plan_report(self.store, plan))
            self._warm_leading(plan)
            if newest is not None:
                self._warm_patrols(plan, newest)
        except GridmapError as error:  # a new store has no plan yet
            log.info("not warmed: %s", error.code)

    def _warm_leading(self, plan: Plan) -> None:
        """Read the cases, and work out what the leader's page opens with."""
        held = self.held()
        end = latest(held)
        with self.store.unit_of_work() as work:
            lead(work, held, end - USUAL, end, plan, self.settings, boards=self.boards)
        self.pressing_lately()
        catalogue()

    def _warm_patrols(self, plan: Plan, newest: datetime) -> None:
        """Sum the last week of patrols, day by day: the window that the page of coverage opens with."""
        end = newest + timedelta(seconds=1)
        where = PointFilter(end - timedelta(days=_WEEK), end)
        self.patrol_parts.window(plan, where, most=MOST_FIXES, stopped=self.stopping.is_set)
        if self.stopping.is_set():
            return
        measure_patrols(
            self.store, plan, where, day=self.day(None), now=self.clock.now(), settings=self.settings,
            parts=self.patrol_parts, ways=self.patrol_ways, swaths=self.patrol_swaths,
        )  # fmt: skip

    def window(
        self,
        start: Moment | None,
        end: Moment | None,
        categories: tuple[str, ...] | None = None,
        bbox: Box | None = None,
    ) -> PointFilter:
        """Give the filter for the half-open window ``[start, end)``.

        Raises
        ------
        InvalidInput
            ``window_reversed``.
        """
        first, last = self.moment(start), self.moment(end)
        if first is not None and last is not None and first >= last:
            raise InvalidInput("window_reversed")
        return PointFilter(first, last, categories, bbox)

    def closed_window(self, asked: PointFilter) -> PointFilter:
        """Close a window that is open on a side: it ends with the newest record, and is a month long."""
        found = self.overview()
        ends = [span.last_at for span in (found.incidents, found.fixes) if span.last_at is not None]
        newest = max(ends, default=self.clock.now())
        end = asked.end or last_days(newest, _DAYS).end
        assert end is not None
        if asked.start is not None and asked.end is None:
            end = max(end, asked.start + timedelta(days=1))
        return replace(asked, start=asked.start or end - timedelta(days=_DAYS), end=end)

    def limit(self, asked: int | None) -> int:
        """Check the size of a page; without one, give the usual size.

        Raises
        ------
        InvalidInput
            ``limit_out_of_range``.
        """
        if asked is None:
            return min(_PAGE, self.settings.max_page)
        if not 1 <= asked <= self.settings.max_page:
            raise InvalidInput("limit_out_of_range", limit=self.settings.max_page)
        return asked


#: What is kept from one request to the next and hangs on what the reader may see.
_SHARED = (
    "pages", "overviews", "grounds", "code_texts", "code_arrays", "comparisons", "places", "patrol_ways",
    "patrol_swaths", "cases_held", "alerts_held", "boards", "served", "tags", "tile_areas", "tile_layers",
    "hotspots",
)  # fmt: skip


def context(request: Request) -> Context:
    """Give the context of the running app as whoever asks sees it."""
    whole: Context = request.app.state.context
    return whole.for_reader(principal_of(request.scope), request.scope["state"].get("request_id", ""))


def reader_language(request: Request) -> Language:
    """Give the language the reader asked for."""
    return language_of(request.scope, request.app.state.settings.language)


# nothing in them waits: as coroutines they need no thread of the pool
async def _context(request: Request) -> Context:
    return context(request)


async def _language(request: Request) -> Language:
    return reader_language(request)


Ctx = Annotated[Context, Depends(_context)]
ReaderLanguage = Annotated[Language, Depends(_language)]

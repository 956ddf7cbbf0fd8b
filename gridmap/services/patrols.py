"""Take in where the workers passed by."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.analysis.cleaning import CleaningSummary, clean
from gridmap.analysis.tracks import Fixes
from gridmap.domain.duty import by_unit
from gridmap.domain.patrols import EPOCH
from gridmap.services.case_books import patrol_rules_at
from gridmap.services.clock import day_in
from gridmap.services.guarded import GuardedStore
from gridmap.services.intake import ItemResult, kept_fix
from gridmap.services.intake.frames import record_points
from gridmap.services.points import FIX, PointsOutcome, import_points
from gridmap.services.ports import Store, UnitOfWork
from gridmap.services.responsibility import Plans, owning_set
from gridmap.settings import Settings


class FixScreen:
    """Holds fixes of a file against what those of devices are held against, and says what cleaning makes of the rest.

    Attributes
    ----------
    refused : Counter
        How many were left out, by the code of the reason: ``off_shift``, ``day_thinned``, ``null_island``,
        ``before_epoch``, ``clock_skew``, ``low_accuracy``. A file may be of any age.
    """

    def __init__(self, store: Store, settings: Settings, now: datetime) -> None:
        self.refused: Counter[str] = Counter()
        # what is only looked at here is handed out to nobody
        self._store = store.raw if isinstance(store, GuardedStore) else store
        self._settings = settings
        self._now = now
        self._kept: list[gpd.GeoDataFrame] = []

    def passed(self, batches: Iterable[gpd.GeoDataFrame]) -> Iterator[gpd.GeoDataFrame]:
        """Give the batches without what is refused."""
        for batch in batches:
            good = batch
            if len(batch):
                with self._store.unit_of_work() as work:
                    why = self._why(work, batch)
                self.refused.update(code for code in why.tolist() if code is not None)
                good = batch[why == None].reset_index(drop=True)  # noqa: E711  (an array of objects)
                self._kept.append(good[[c for c in ("unit_id", "fixed_at", "accuracy_m", "geometry") if c in good]])
            yield good

    def _why(self, work: UnitOfWork, batch: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
        rules = patrol_rules_at(work, day_in(self._now, self._settings.time_zone)).cleaning
        at = batch["fixed_at"]
        x, y = batch.geometry.x.to_numpy(), batch.geometry.y.to_numpy()
        why = np.full(len(batch), None, dtype=object)
        until = work.patrol_days.thinned_until()
        if until is not None:
            why[(at < until).to_numpy()] = "day_thinned"
        if "accuracy_m" in batch:
            why[(batch["accuracy_m"] > rules.accuracy_m).to_numpy()] = "low_accuracy"
        why[(at > self._now + timedelta(seconds=rules.ahead_s)).to_numpy()] = "clock_skew"
        why[(at < EPOCH).to_numpy()] = "before_epoch"
        why[(np.abs(x) < rules.island_deg) & (np.abs(y) < rules.island_deg)] = "null_island"
        left = np.flatnonzero(why == None)  # noqa: E711
        why[left[self._off_shift(work, batch.iloc[left])]] = "off_shift"
        return why

    def _off_shift(self, work: UnitOfWork, fixes: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
        home = owning_set(work, self._settings.default_set)
        off = np.zeros(len(fixes), dtype=bool)
        if home is None or not len(fixes):
            return off
        units = fixes["unit_id"].astype(str)
        bound = work.duty.bound(home.name, sorted(set(units)))
        if self._settings.fixes_without_shift == "refuse":
            off[~units.isin(bound).to_numpy()] = True
        if not bound:
            return off
        slack = timedelta(minutes=self._settings.shift_tolerance_minutes)
        first, last = fixes["fixed_at"].min().to_pydatetime(), fixes["fixed_at"].max().to_pydatetime()
        shifts = by_unit(
            work.duty.shifts(home.name, first - slack, last + slack + timedelta(microseconds=1), sorted(bound))
        )
        for unit, rows in units.reset_index(drop=True).groupby(units.to_numpy()).groups.items():
            if unit in bound:
                at = fixes["fixed_at"].iloc[rows]
                on = np.zeros(len(at), dtype=bool)
                for shift in shifts.get(str(unit), ()):
                    on |= ((at >= shift.starts_at - slack) & (at < shift.ends_at + slack)).to_numpy()
                off[rows] = ~on
        return off

    def cleaned(self, plans: Plans) -> CleaningSummary | None:
        """Say what cleaning makes of all that passed, by the grids of today; None: nothing passed."""
        kept = [part for part in self._kept if len(part)]
        if not kept:
            return None
        whole = pd.concat(kept, ignore_index=True)
        day = day_in(self._now, self._settings.time_zone)
        with self._store.unit_of_work() as work:
            rules = patrol_rules_at(work, day)
        home = plans.owner_of_points(self._settings.default_set)
        ground = None if home is None else plans.at(home, day).locator
        arrays = Fixes.of(whole["unit_id"], whole["fixed_at"], whole.geometry.x.to_numpy(), whole.geometry.y.to_numpy())
        accuracy = whole["accuracy_m"].to_numpy(dtype=np.float64) if "accuracy_m" in whole else None
        return clean(arrays, rules.cleaning, accuracy_m=accuracy, ground=ground).summary


def import_fixes(
    store: Store,
    plans: Plans,
    batches: Iterable[gpd.GeoDataFrame],
    *,
    settings: Settings,
    commit: Callable[[], bool] = lambda: False,
    screen: FixScreen | None = None,
) -> PointsOutcome:
    """Join batches of FIXES to the grid of their day and add them, all or none; see ``import_points``.

    Parameters
    ----------
    screen : FixScreen, optional
        Leaves out what devices may not send either; without it all are added.
    """
    passed = batches if screen is None else screen.passed(batches)
    return import_points(store, plans, FIX, passed, settings=settings, commit=commit)


def record_fixes(
    store: Store, plans: Plans, items: gpd.GeoDataFrame, *, settings: Settings, now: datetime
) -> list[ItemResult]:
    """Take a batch of fixes (FIXES in WGS 84) from the field; each is judged by itself."""
    return record_points(store, plans, FIX, items, kept_fix, settings=settings, now=now)

"""Take in what happened: files in bulk, and batches of single reports."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gridmap.services.intake import ItemResult, kept_incident
from gridmap.services.intake.frames import record_points
from gridmap.services.points import INCIDENT, PointsOutcome, import_points
from gridmap.services.ports import Store
from gridmap.services.responsibility import Plans
from gridmap.settings import Settings


def import_incidents(
    store: Store,
    plans: Plans,
    batches: Iterable[gpd.GeoDataFrame],
    *,
    settings: Settings,
    commit: Callable[[], bool] = lambda: False,
) -> PointsOutcome:
    """Join batches of INCIDENTS to the grid of their day and add them, all or none; see ``import_points``."""
    return import_points(store, plans, INCIDENT, batches, settings=settings, commit=commit)


def record_incidents(
    store: Store, plans: Plans, items: gpd.GeoDataFrame, *, settings: Settings, now: datetime
) -> list[ItemResult]:
    """Take a batch of single reports (INCIDENTS in WGS 84); each is judged by itself."""
    return record_points(store, plans, INCIDENT, items, kept_incident, settings=settings, now=now)


class ContentIds:
    """Ids for incidents that come without one, made from time, place and category.

    The same file gives the same ids again, so that a second import adds nothing; equal rows are told apart by counting
    them, over all batches of one file.
    """

    def __init__(self) -> None:
        # Of what came before only 8 bytes a row are kept, and a count where a row came again.
        self._seen: list[npt.NDArray[np.uint64]] = []
        self._counts: dict[str, int] = {}

    def of(self, frame: gpd.GeoDataFrame) -> list[str]:
        """Give one id a row (24 hexadecimal digits)."""
        if not len(frame):
            return []
        x, y = (map(float.hex, side.tolist()) for side in (frame.geometry.x, frame.geometry.y))
        parts = zip(_moments(frame["occurred_at"]), x, y, frame["category"].tolist(), strict=True)
        bases = list(map("|".join, parts))
        sha256 = hashlib.sha256
        packed = b"".join([sha256(base.encode() + b"|0").digest()[:12] for base in bases])
        digits = packed.hex()
        ids = [digits[i : i + 24] for i in range(0, len(digits), 24)]
        for row in self._again(packed):
            count = self._counts.get(ids[row], 1)
            self._counts[ids[row]] = count + 1
            ids[row] = sha256(f"{bases[row]}|{count}".encode()).hexdigest()[:24]
        return ids

    def _again(self, packed: bytes) -> list[int]:
        """Give the rows whose content came before, in this batch or an earlier one."""
        marks = np.ascontiguousarray(np.frombuffer(packed, dtype=np.uint8).reshape(-1, 12)[:, :8]).view(np.uint64)[:, 0]
        fresh, first = np.unique(marks, return_index=True)
        again = np.ones(len(marks), dtype=bool)
        again[first] = False
        known = np.zeros(len(fresh), dtype=bool)
        for seen in self._seen:
            at = np.searchsorted(seen, fresh).clip(max=len(seen) - 1)
            known |= seen[at] == fresh
        again[first[known]] = True
        if not known.all():
            self._seen.append(fresh[~known])
        found: list[int] = np.flatnonzero(again).tolist()
        return found


def _moments(times: pd.Series) -> list[str]:
    """Write aware times as ``str`` does, in UTC: a fraction only where there is one."""
    micros = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    texts = np.datetime_as_string(micros, unit="s").astype("U32")
    broken = micros.view(np.int64) % 1_000_000 != 0
    texts[broken] = np.datetime_as_string(micros[broken], unit="us")
    letters = texts.view("U1").reshape(-1, 32)
    letters[:, 10] = " "
    found: list[str] = np.char.add(texts, "+00:00").tolist()
    return found

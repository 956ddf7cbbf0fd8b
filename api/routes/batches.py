"""What batches of incidents and of fixes share: judge each item, hand the good ones on, answer in order."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import geopandas as gpd
import numpy as np

from api.deps import Context
from api.errors import Fault
from api.replies import BatchAnswer, ItemOut
from api.requests import FixIn, IncidentIn
from api.routes.common import batch_answer
from gridmap.crs import Datum, to_wgs84
from gridmap.errors import NotFound, TooLarge
from gridmap.i18n import Language, text
from gridmap.services.grids import looks_swapped
from gridmap.services.points import ItemResult

Item = TypeVar("Item", IncidentIn, FixIn)


class Recorder(Protocol):
    """A use case that takes a batch."""

    def __call__(self, store: Any, plans: Any, items: gpd.GeoDataFrame, *, settings: Any, now: Any) -> list[ItemResult]:
        """Judge and keep the items."""
        ...


def record(
    ctx: Context,
    language: Language,
    items: Sequence[Item],
    datum: Datum,
    frame_of: Callable[[list[Item], np.ndarray, np.ndarray], gpd.GeoDataFrame],
    keep: Recorder,
) -> BatchAnswer:
    """Judge each item of a batch and store the good ones.

    Raises
    ------
    TooLarge
        ``too_many_items_in_batch``.
    """
    limit = ctx.settings.max_batch_fixes
    if len(items) > limit:
        raise TooLarge("batch_too_large", limit=limit)
    faults = _places(ctx, items)
    good = [i for i, fault in enumerate(faults) if fault is None]
    results: list[ItemResult | ItemOut] = [_rejected(fault, language) for fault in faults if fault is not None]
    if good:
        kept = [items[i] for i in good]
        lon, lat = to_wgs84([i.lon for i in kept], [i.lat for i in kept], datum)
        stored = keep(ctx.store, ctx.plans, frame_of(kept, lon, lat), settings=ctx.settings, now=ctx.clock.now())
        # both lists are in the order of the items: lay them together again
        taken, refused = iter(stored), iter(results)
        results = [next(taken) if fault is None else next(refused) for fault in faults]
    return batch_answer(results, language)


def _places(ctx: Context, items: Sequence[Any]) -> list[Fault | None]:
    """Say of each item what is wrong with it: its fields, or its place."""
    faults: list[Fault | None] = [item if isinstance(item, Fault) else None for item in items]
    open_ = [i for i, fault in enumerate(faults) if fault is None]
    lon = np.array([items[i].lon for i in open_], dtype=np.float64)
    lat = np.array([items[i].lat for i in open_], dtype=np.float64)
    beyond = (np.abs(lon) > 180.0) | (np.abs(lat) > 90.0)
    swapped = np.zeros(len(open_), dtype=bool)
    with suppress(NotFound):  # no boundaries yet: nothing says where the district lies
        swapped = looks_swapped(ctx.plan(None, None), lon, lat)
    for i, out, turned in zip(open_, beyond, swapped, strict=True):
        if turned:
            faults[i] = Fault("outside_service_area", pointer="#")
        elif out:
            faults[i] = Fault("coordinate_out_of_range", pointer="#")
    return faults


def _rejected(fault: Fault, language: Language) -> ItemOut:
    detail = text(f"error.{fault.code}", language, **fault.fields)
    return ItemOut(status="rejected", code=fault.code, pointer=fault.pointer, detail=detail)

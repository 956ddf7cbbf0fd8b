"""What batches of incidents and of fixes share: judge each item, hand the good ones in, answer in order."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from fastapi import Response
from pydantic import BaseModel

from api.errors import Fault
from api.once import Once
from api.replies import ItemOut
from api.routes.common import batch_answer
from gridmap.crs import Datum, to_wgs84
from gridmap.errors import TooLarge
from gridmap.i18n import Language, text
from gridmap.services.intake import Batch, Intake, ItemResult, Judge
from gridmap.services.intake.items import Completes
from gridmap.services.ports import NewPoint, PointsOf

#: Gives the point of an item at a place in WGS 84.
PointAt = Callable[[Any, float, float], NewPoint]


class ItemIn(Protocol):
    """An item with the degrees of its place, as they were sent."""

    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...


#: Writes the answer of a batch.
Answer = Callable[[Sequence[ItemResult | ItemOut], Language], BaseModel]


async def take_in(
    once: Once,
    language: Language,
    kind: PointsOf,
    items: Sequence[ItemIn | Fault],
    datum: Datum,
    point_at: PointAt,
    judge: Judge,
    *,
    answer: Answer = batch_answer,
    complete: Completes | None = None,
) -> Response:
    """Judge each item of a batch, have the good ones kept, and answer when they last.

    Raises
    ------
    TooLarge
        ``batch_too_large``.
    """
    intake: Intake = once.app.state.intake
    ctx = once.context()
    limit = ctx.settings.max_batch_fixes
    if len(items) > limit:
        raise TooLarge("batch_too_large", limit=limit)
    good = [item for item in items if not isinstance(item, Fault)]
    points, faults = _points(good, datum, point_at)

    def written(results: list[ItemResult]) -> str:
        # both lists are in the order of the items: lay them together again
        kept = iter(results)
        laid = [_rejected(item, language) if isinstance(item, Fault) else next(kept) for item in items]
        return answer(laid, language).model_dump_json()

    with once.under_way():
        said = [(item.lon, item.lat) for item in good]
        batch = Batch(ctx.store, ctx.plans, kind, points, faults, said, once.key, written, complete, judge)
        done = await asyncio.wrap_future(intake.hand_in(batch))
    if done.before is not None:
        return once.replayed(done.before)
    return Response(written(done.results).encode("utf-8"), media_type="application/json")


def _points(items: Sequence[ItemIn], datum: Datum, point_at: PointAt) -> tuple[list[NewPoint], list[ItemResult | None]]:
    """Bring items to WGS 84, and say which of them lie nowhere on Earth."""
    on_earth = [abs(item.lon) <= 180.0 and abs(item.lat) <= 90.0 for item in items]
    places: Iterator[tuple[float, float]] = iter(())
    if any(on_earth):
        kept = [item for item, good in zip(items, on_earth, strict=True) if good]
        x, y = to_wgs84([item.lon for item in kept], [item.lat for item in kept], datum)
        places = iter(zip(x.tolist(), y.tolist(), strict=True))
    points: list[NewPoint] = []
    faults: list[ItemResult | None] = []
    for item, good in zip(items, on_earth, strict=True):
        point = point_at(item, *(next(places) if good else (item.lon, item.lat)))
        points.append(point)
        faults.append(None if good else _BEYOND)
    return points, faults


_BEYOND = ItemResult("rejected", "coordinate_out_of_range", pointer="#")


def _rejected(fault: Fault, language: Language) -> ItemOut:
    detail = text(f"error.{fault.code}", language, **fault.fields)
    return ItemOut(status="rejected", code=fault.code, pointer=fault.pointer, detail=detail)

"""Patrol fixes from the field."""

from collections.abc import Sequence

from fastapi import APIRouter, Response

from api.deps import ReaderLanguage
from api.once import OnceOnly
from api.replies import ItemOut
from api.replies_duty import FixBatchAnswer, FixItemOut
from api.requests import FixBatch, FixIn, NoQuery
from api.rights import needs
from api.routes.batches import take_in
from api.routes.common import Query, batch_answer
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.i18n import Language
from gridmap.services.intake import ItemResult, kept_fix
from gridmap.services.ports import NewFix

router = APIRouter(route_class=StrictRoute, tags=["patrols"])


@router.post("/api/v1/patrols/fixes", response_model=FixBatchAnswer)
@needs(Permission.PATROLS_WRITE)
async def post_fixes(once: OnceOnly, q: Query[NoQuery], language: ReaderLanguage, batch: FixBatch) -> Response:
    """Take a batch of fixes in any order; each is accepted, a duplicate, quarantined or rejected by itself."""
    return await take_in(once, language, "patrols", batch.items, batch.datum, _fix, kept_fix, answer=_answer)


def _answer(results: Sequence[ItemResult | ItemOut], language: Language) -> FixBatchAnswer:
    plain = batch_answer(results, language)
    items = [
        FixItemOut(
            **item.model_dump(),
            flag=result.flag if isinstance(result, ItemResult) else None,
            clock_s=result.clock_s if isinstance(result, ItemResult) else None,
        )
        for item, result in zip(plain.results, results, strict=True)
    ]
    return FixBatchAnswer(results=items, counts=plain.counts)


def _fix(item: FixIn, lon: float, lat: float) -> NewFix:
    return NewFix(item.unit_id, item.fixed_at, lon, lat, item.accuracy_m)

"""Cases: reports taken in, queues, one case, and acts on it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path, Response
from starlette.concurrency import run_in_threadpool

from api.cased import case_answer, case_out
from api.deps import Context, Ctx, ReaderLanguage
from api.errors import Fault
from api.once import OnceOnly
from api.replies_cases import CaseAnswer, CaseBatchAnswer, CaseItemOut, CasesAnswer
from api.requests import NoQuery
from api.requests_cases import ActIn, CaseBatch, CaseIn, CasesQuery
from api.rights import needs
from api.routes.batches import take_in
from api.routes.common import Query, batch_answer
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.domain.cases import Act, Entry
from gridmap.i18n import Language
from gridmap.services.cases.desk import Asked, CaseDesk
from gridmap.services.cases.guide import guide
from gridmap.services.cases.opening import judge, new_case_id, opener, reporter_of
from gridmap.services.cases.placing import Places
from gridmap.services.cases.queue import queue_counts, queued
from gridmap.services.intake import ItemResult
from gridmap.services.ports import CaseFilter, NewCase

router = APIRouter(route_class=StrictRoute, tags=["cases"])

CaseId = Annotated[str, Path(alias="case", description="number of a case")]


@router.post("/api/v1/cases", response_model=CaseBatchAnswer)
@needs(Permission.INCIDENTS_WRITE)
async def post_cases(once: OnceOnly, q: Query[NoQuery], language: ReaderLanguage, batch: CaseBatch) -> Response:
    """Take in reports of cases; each is accepted, a duplicate, quarantined or rejected by itself."""
    ctx = once.context()
    good = [item for item in batch.items if not isinstance(item, Fault)]
    spots: Mapping[str, tuple[float, float] | None] = {}
    if wanted := {item.component for item in good if item.component is not None and item.lon is None}:
        spots = await run_in_threadpool(_components, ctx, wanted)
    items = [item if isinstance(item, Fault) else placed(item, spots) for item in batch.items]

    def new_case(item: Placed, lon: float, lat: float) -> NewCase:
        # the place of a component is known in WGS 84, whatever the degrees of the others mean
        known = None if item.said.lon is not None else spots.get(item.said.component or "")
        return case_of(ctx, item.said, *(known or (lon, lat)))

    return await take_in(
        once, language, "cases", items, batch.datum, new_case, judge(ctx.settings.time_zone),
        answer=case_batch, complete=opener(ctx.settings, ctx.clock),
    )  # fmt: skip


def _components(ctx: Context, codes: set[str]) -> dict[str, tuple[float, float] | None]:
    """Find where components are."""
    with ctx.store.unit_of_work() as work:
        day = ctx.day(None)
        places = Places(work, guide(work, day).rules, day)
        return {code: places.component(code) for code in codes}


class Placed(NamedTuple):
    """A report with its place."""

    said: CaseIn
    lon: float
    lat: float


def placed(item: CaseIn, spots: Mapping[str, tuple[float, float] | None]) -> Placed | Fault:
    """Give a report with its place, or say what is missing."""
    if item.lon is not None and item.lat is not None:
        return Placed(item, item.lon, item.lat)
    if item.lon is not None or item.lat is not None or item.component is None:
        return Fault("case_place_missing", pointer="#/lon" if item.lon is None else "#/lat")
    spot = spots.get(item.component)
    if spot is None:
        return Fault("component_unknown", pointer="#/component")
    return Placed(item, *spot)


def case_of(ctx: Context, item: CaseIn, lon: float, lat: float) -> NewCase:
    """Give the case of a report at a place in WGS 84."""
    now = ctx.clock.now()
    role, by, author = reporter_of(ctx.store)
    return NewCase(
        item.case_id or new_case_id(now),
        item.occurred_at or now,
        item.category,
        lon,
        lat,
        item.channel,
        item.note,
        # whoever says on which side of a border it is stands in the record with it
        Entry(Act.REPORT, by, role, now, names="" if item.grid is None else f"grid:{item.grid}"),
        author,
        item.kind,
        item.emergency,
        item.component,
        tuple(item.photos),
        item.reporter,
        item.accuracy_m,
        item.address,
        confirmed=item.grid,
    )


def case_batch(results: Sequence[ItemResult | Any], language: Language) -> CaseBatchAnswer:
    """Give what became of reports."""
    plain = batch_answer(results, language)
    items = []
    for result, item in zip(results, plain.results, strict=True):
        opened = result.case if isinstance(result, ItemResult) else None
        told = {} if opened is None else {**opened._asdict(), "similar": list(opened.similar)}
        items.append(CaseItemOut.model_validate({**item.model_dump(), **told}))
    return CaseBatchAnswer(results=items, counts=plain.counts)


@router.get("/api/v1/cases")
@needs(Permission.CASES_READ)
def list_cases(ctx: Ctx, q: Query[CasesQuery]) -> CasesAnswer:
    """Give a page of a queue, and how many stand in each."""
    window = ctx.window(q.start, q.end)
    where = CaseFilter(
        categories=q.category, grid_code=q.grid, unit=q.unit, channel=q.channel, start=window.start, end=window.end,
        bbox=q.bbox, text=q.q,
    )  # fmt: skip
    now, zone, limit = ctx.clock.now(), ctx.settings.time_zone, ctx.limit(q.limit)
    question = ("cases", q.queue.value, *q.model_dump(exclude={"limit", "cursor", "queue"}).values())
    key = ctx.cursors.read(question, q.cursor)
    after = None if key is None else (datetime.fromisoformat(key[0]), int(key[1]))
    with ctx.store.unit_of_work() as work:
        asked = queued(where, q.queue, now, zone)
        lines = work.cases.page(asked, limit=limit + 1, after=after, by_report=q.queue.by_report)
        counts = queue_counts(work, where, now, zone)
    cursor = None
    if len(lines) > limit:
        del lines[limit:]
        at, row = lines[-1].key
        cursor = ctx.cursors.make(question, [at.isoformat(), str(row)])
    return CasesAnswer(at=now, cases=[case_out(ctx, line, now) for line in lines], counts=counts, next=cursor)


def _desk(ctx: Context) -> CaseDesk:
    return CaseDesk(ctx.store, ctx.plans, ctx.clock, ctx.settings)


@router.get("/api/v1/cases/{case}")
@needs(Permission.CASES_FILE)
def get_case(ctx: Ctx, q: Query[NoQuery], case: CaseId, language: ReaderLanguage) -> CaseAnswer:
    """Give a case: what is kept of it, who is responsible, its record and clock, and what may be done."""
    return case_answer(ctx, _desk(ctx).view(case), language)


@router.post("/api/v1/cases/{case}/acts")
@needs(Permission.CASES_WRITE)
def post_act(once: OnceOnly, q: Query[NoQuery], case: CaseId, body: ActIn, language: ReaderLanguage) -> CaseAnswer:
    """Do one act on a case, and give what became of it."""

    def act(ctx: Context) -> CaseAnswer:
        asked = Asked(body.act, body.version, body.reason, body.names, body.role, body.condition)
        return case_answer(ctx, _desk(ctx).act(case, asked), language)

    found: CaseAnswer = once.answer(act)
    return found

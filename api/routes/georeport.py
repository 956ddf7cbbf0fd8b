"""Open311 (GeoReport v2, JSON): another door to the same desk, for hotlines and citizens' apps that speak it."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, RootModel, ValidationError
from starlette.concurrency import run_in_threadpool

from api.deps import Context, Ctx, ReaderLanguage
from api.errors import InvalidRequest, as_fault
from api.fields import Names, QueryInteger, Short, Time
from api.georeport import GeoReportRoute, errors_json, form_of, list_response
from api.once import OnceOnly
from api.replies import ItemOut
from api.replies_georeport import RequestedOut, ServiceDefinitionOut, ServiceOut, ServiceRequestOut
from api.requests import Strict
from api.requests_cases import CaseIn
from api.rights import needs, open_to_all
from api.routes.batches import take_in
from api.routes.cases import CaseId, Placed, case_of
from api.routes.common import Query
from gridmap.crs import Datum
from gridmap.domain.access import Permission
from gridmap.domain.cases import CaseStatus
from gridmap.domain.taxonomy import Category, categories, leaves
from gridmap.errors import InvalidInput, NotFound
from gridmap.i18n import Language, text
from gridmap.services.cases.opening import judge, opener
from gridmap.services.intake import ItemResult
from gridmap.services.places import gazetteer_of, places_token
from gridmap.services.ports import CaseFilter, CaseLine, NewCase

router = APIRouter(route_class=GeoReportRoute, tags=["open311"])

#: The longest stretch of one question, as the specification has it.
_SPAN = timedelta(days=90)
_CLOSED = frozenset({CaseStatus.CLOSED, CaseStatus.REJECTED, CaseStatus.MERGED})
_TIMES = ("reported_at", "filed_at", "dispatched_at", "handled_at", "closed_at")

ServiceCode = Annotated[str, Path(alias="service", description="code of a type")]


class JurisdictionQuery(Strict):
    """Which city; there is one, so it is not looked at."""

    jurisdiction_id: Short | None = None


class ReadQuery(JurisdictionQuery):
    """A question that needs a key, unless it is shown as a bearer token."""

    api_key: Short | None = Field(None, description="a key, where the client cannot send it as a bearer token")


class ServiceRequestsQuery(ReadQuery):
    """Which reports; without dates those of the last 90 days."""

    service_request_id: Names | None = Field(None, description="these alone, joined by commas")
    service_code: Names | None = None
    start_date: Time | None = None
    end_date: Time | None = None
    status: Names | None = Field(None, description="open, closed or both")
    page_size: QueryInteger | None = Field(None, description="newest first; 1,000 without it")


class ReportForm(Strict):
    """A report as the form brings it. Who somebody is is taken from the wire and not kept."""

    service_code: Short
    lat: Short | None = None
    long: Short | None = None
    address_string: Short | None = None
    address_id: Short | None = None
    description: str | None = None
    media_url: Short | None = None
    jurisdiction_id: str | None = None
    email: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None


class _Told(RootModel[list[dict[str, Any]]]):
    """The answer to a report: what was taken, or why not."""


def _service(of: Category, language: Language) -> ServiceOut:
    words = (of.zh, of.en) if language == "zh" else (of.en, of.zh)
    known = categories().get(of.parent)
    group = "" if known is None else (known.zh if language == "zh" else known.en)
    return ServiceOut(
        service_code=of.code, service_name=words[0], description=words[0], metadata=False, type="realtime",
        keywords=", ".join(words), group=group,
    )  # fmt: skip


@router.get("/open311/v2/services.json")
@open_to_all
def list_services(ctx: Ctx, q: Query[JurisdictionQuery], language: ReaderLanguage) -> list[ServiceOut]:
    """List what can be reported today."""
    return [_service(category, language) for category in leaves(ctx.day(None))]


@router.get("/open311/v2/services/{service}.json")
@open_to_all
def get_service(q: Query[JurisdictionQuery], service: ServiceCode) -> ServiceDefinitionOut:
    """Say what a type of report asks for beside its place."""
    if service not in categories() or not categories()[service].parent:
        raise NotFound("category_unknown")
    return ServiceDefinitionOut(service_code=service, attributes=[])


@router.post("/open311/v2/requests.json", response_model=list[RequestedOut])
@needs(Permission.INCIDENTS_WRITE)
async def post_request(once: OnceOnly, request: Request, q: Query[ReadQuery], language: ReaderLanguage) -> Response:
    """Take in one report, sent as a form; it goes the way of every case."""
    try:
        form = ReportForm.model_validate(dict(form_of(request)))
        ctx = once.context()
        placed = await run_in_threadpool(_placed, ctx, form)
    except ValidationError as error:
        raise InvalidRequest([as_fault(e, ["body"]) for e in error.errors()]) from None

    def new_case(item: Placed, lon: float, lat: float) -> NewCase:
        return case_of(ctx, item.said, lon, lat)

    def told(results: Sequence[ItemResult | ItemOut], language: Language) -> _Told:
        (one,) = results
        opened = one.case if isinstance(one, ItemResult) else None
        if opened is None:
            return _Told(errors_json(InvalidInput(one.code or "bad_request"), language))
        notice = text("georeport.notice", language)
        return _Told([RequestedOut(service_request_id=opened.case_id, service_notice=notice).model_dump()])

    answer = await take_in(
        once, language, "cases", [placed], Datum.WGS84, new_case, judge(ctx.settings.time_zone),
        answer=told, complete=opener(ctx.settings, ctx.clock),
    )  # fmt: skip
    said = json.loads(bytes(answer.body))
    return list_response(said) if "code" in said[0] else answer


def _placed(ctx: Context, form: ReportForm) -> Placed:
    """Give the report with its place: degrees, else a standard place, else an address that is one beyond doubt."""
    if form.lat is not None or form.long is not None:
        lon, lat = _degrees(form.long), _degrees(form.lat)
    else:
        lon, lat = _address(ctx, form)
    said = CaseIn(
        category=form.service_code, lon=lon, lat=lat, channel="open311", note=form.description,
        photos=[] if form.media_url is None else [form.media_url], address=form.address_string,
    )  # fmt: skip
    return Placed(said, lon, lat)


def _degrees(words: str | None) -> float:
    try:
        return float(words or "")
    except ValueError:
        raise InvalidInput("georeport_place_missing") from None


def _address(ctx: Context, form: ReportForm) -> tuple[float, float]:
    """Find the place of an address (InvalidInput ``georeport_place_missing``, ``georeport_place_unsure``)."""
    if form.address_id is None and form.address_string is None:
        raise InvalidInput("georeport_place_missing")
    with ctx.store.unit_of_work() as work:
        known = ctx.gazetteers.get(places_token(work), lambda: gazetteer_of(work))
    if form.address_id is not None and (found := known.by_code(form.address_id)) is not None:
        return found
    only = known.certain(form.address_string or "")
    if only is None:
        raise InvalidInput("georeport_place_unsure")
    return only.lon, only.lat


@router.get("/open311/v2/requests.json")
@needs(Permission.CASES_READ)
def list_requests(ctx: Ctx, q: Query[ServiceRequestsQuery], language: ReaderLanguage) -> list[ServiceRequestOut]:
    """List reports and what became of them, newest first."""
    if q.service_request_id is not None:
        return _requests(ctx, CaseFilter(ids=q.service_request_id), ctx.limit(None), language)
    end = q.end_date or (None if q.start_date is None else q.start_date + _SPAN)
    start = q.start_date or (end or ctx.clock.now()) - _SPAN
    if end is not None and not timedelta() < end - start <= _SPAN:
        raise InvalidInput("georeport_span", limit=_SPAN.days)
    states = set(q.status or ("open", "closed"))
    if not states <= {"open", "closed"}:
        raise InvalidInput("georeport_status")
    is_open = None if len(states) == 2 else "open" in states
    where = CaseFilter(categories=q.service_code, start=start, end=end, open=is_open)
    most = ctx.settings.max_page
    return _requests(ctx, where, ctx.limit(min(1_000, most) if q.page_size is None else q.page_size), language)


@router.get("/open311/v2/requests/{case}.json")
@needs(Permission.CASES_READ)
def get_request(ctx: Ctx, q: Query[ReadQuery], case: CaseId, language: ReaderLanguage) -> list[ServiceRequestOut]:
    """Give one report and what became of it."""
    found = _requests(ctx, CaseFilter(ids=(case,)), 1, language)
    if not found:
        raise NotFound("case_unknown")
    return found


def _requests(ctx: Context, where: CaseFilter, limit: int, language: Language) -> list[ServiceRequestOut]:
    with ctx.store.unit_of_work() as work:
        lines = work.cases.page(where, limit=limit, by_report=True)
        rows = work.cases.frame(CaseFilter(ids=tuple(line.case_id for line in lines))) if lines else pd.DataFrame()
    if not lines:
        return []
    rows = rows.set_index("case_id")
    changed, due = rows[list(_TIMES)].max(axis=1), rows["due_at"]
    return [_request(line, changed[line.case_id], due[line.case_id], language) for line in lines]


def _request(line: CaseLine, changed: datetime, due: Any, language: Language) -> ServiceRequestOut:
    known = categories().get(line.category)
    name = line.category if known is None else (known.zh if language == "zh" else known.en)
    status = CaseStatus(line.status)
    return ServiceRequestOut(
        service_request_id=line.case_id,
        status="closed" if status in _CLOSED else "open",
        status_notes=text(f"page.dispatch_status_{status.value}", language),
        service_name=name,
        service_code=line.category,
        agency_responsible=line.unit,
        requested_datetime=line.reported_at,
        updated_datetime=changed,
        expected_datetime=None if pd.isna(due) else due,
        lat=line.place.y,
        long=line.place.x,
    )

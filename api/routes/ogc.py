"""OGC API - Common and Features, Part 1: landing page, conformance, the definition, and collections."""

from collections.abc import Iterator
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Path, Request, Response

from api.deps import Context, Ctx, ReaderLanguage
from api.ogc import pages
from api.ogc.answering import (
    BASE,
    FORMS,
    HTML,
    JSON,
    form_of,
    html_answer,
    json_answer,
    links_json,
    path_of,
    with_query,
)
from api.ogc.asking import Asked, PageQuery
from api.ogc.collections import TEMPORAL, Collection, Sort, collections_of, find_collection
from api.ogc.definition import OPENAPI, definition, schema_of
from api.ogc.registry import Link, classes, collection_links, declare, landing_links, link_collection, link_landing
from api.ogc.route import OgcRoute
from api.ogc.rows import whole
from api.rights import needs
from api.routes.common import Query
from api.routes.docs import docs_page
from gridmap.crs import CRS84_URI, REFERENCES
from gridmap.domain.access import Permission
from gridmap.errors import GridmapError
from gridmap.i18n import Language, text
from gridmap.services.ports import PointFilter

router = APIRouter(route_class=OgcRoute, include_in_schema=False)

_CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
_COMMON = "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/"
declare(*(_CORE + name for name in ("core", "geojson", "html", "oas30")))
declare(*(_COMMON + name for name in ("core", "landing-page", "json", "html", "oas30")))
declare("http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections")

QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SCHEMA = "application/schema+json"

CollectionId = Annotated[str, Path(alias="collection", description="name of a collection")]


@link_landing
def _of_features(ctx: Context, language: Language) -> Iterator[Link]:
    yield Link("data", f"{BASE}/collections", JSON, text("ogc.collections", language))


@link_collection
def _items(ctx: Context, collection: Collection, language: Language) -> Iterator[Link]:
    for form, kind in FORMS.items():
        href = with_query(path_of(collection, "items"), f=form)
        yield Link("items", href, kind.partition(";")[0], text(f"ogc.form.{form}", language))
    title = text("ogc.queryables", language)
    yield Link(QUERYABLES, with_query(path_of(collection, "queryables"), f="json"), SCHEMA, title)


def own_links(path: str, form: str, language: Language, kind: str = JSON) -> list[Link]:
    """Give the links of a page to itself and to its other form."""
    kinds = {"json": kind, "html": HTML}
    other = "html" if form == "json" else "json"
    return [
        Link("self", with_query(path, f=form), kinds[form], text("ogc.this", language)),
        Link("alternate", with_query(path, f=other), kinds[other], text(f"ogc.form.{other}", language)),
    ]


@router.get(BASE)
@router.get(f"{BASE}/")  # where OWSLib looks
@needs(Permission.GRIDS_READ)
def get_landing(ctx: Ctx, q: Query[PageQuery], request: Request, reader: ReaderLanguage) -> Response:
    """Say what is here and where."""
    language, form = q.lang or reader, form_of(request, q.f)
    links = [
        *own_links(BASE, form, language),
        Link("service-desc", f"{BASE}/api?f=json", OPENAPI, text("ogc.definition", language)),
        Link("service-doc", f"{BASE}/api?f=html", HTML, text("ogc.definition_read", language)),
        Link("conformance", f"{BASE}/conformance", JSON, text("ogc.conformance", language)),
        *landing_links(ctx, language),
    ]
    about = text("ogc.about", language)
    if form == "json":
        title = text("ogc.title", language)
        return json_answer(request, {"title": title, "description": about, "links": links_json(request, links)})
    content = [
        pages.paragraph(about),
        pages.cards(
            (pages.link(link.title, link.href.partition("?")[0], language), "")
            for link in links
            if link.rel not in ("self", "alternate", "service-desc") and not link.templated
        ),
        f"<h2>{text('ogc.connect', language)}</h2>",
        pages.paragraph(text("ogc.connect_how", language)),
    ]
    page = pages.page(request, language, text("ogc.title", language), content, (), _alternates(BASE))
    return html_answer(request, page, language)


def _alternates(path: str, kind: str = JSON) -> list[tuple[str, str]]:
    return [(kind, with_query(path, f="json"))]


@router.get(f"{BASE}/conformance")
@needs(Permission.GRIDS_READ)
def get_conformance(ctx: Ctx, q: Query[PageQuery], request: Request, reader: ReaderLanguage) -> Response:
    """List the conformance classes."""
    language, form = q.lang or reader, form_of(request, q.f)
    path = f"{BASE}/conformance"
    if form == "json":
        links = links_json(request, own_links(path, form, language))
        return json_answer(request, {"links": links, "conformsTo": classes()})
    content = [
        pages.paragraph(text("ogc.conformance_about", language)),
        pages.table(("URI",), ((c,) for c in classes())),
    ]
    title = text("ogc.conformance", language)
    return html_answer(
        request, pages.page(request, language, title, content, ((title, path),), _alternates(path)), language
    )


@router.get(f"{BASE}/api")
@needs(Permission.GRIDS_READ)
def get_definition(ctx: Ctx, q: Query[PageQuery], request: Request, reader: ReaderLanguage) -> Response:
    """Give the definition of this API (OpenAPI 3.0), to read or for machines."""
    language = q.lang or reader
    if form_of(request, q.f) == "json":
        return json_answer(request, definition(request, collections_of(ctx, language), language), OPENAPI)
    return docs_page(request, language, f"{BASE}/api?f=json")


@router.get(f"{BASE}/collections")
@needs(Permission.GRIDS_READ)
def list_collections(ctx: Ctx, q: Query[PageQuery], request: Request, reader: ReaderLanguage) -> Response:
    """List the collections that the reader has."""
    language, form = q.lang or reader, form_of(request, q.f)
    path, found = f"{BASE}/collections", collections_of(ctx, q.lang or reader)
    if form == "json":
        body = {
            "links": links_json(request, own_links(path, form, language)),
            "crs": list(REFERENCES),
            "collections": [_described(ctx, request, c, language, shared=True) for c in found],
        }
        return json_answer(request, body)
    content = [pages.cards((pages.link(c.title, path_of(c), language), c.description) for c in found)]
    if not found:
        content = [pages.paragraph(text("ogc.nothing", language))]
    title = text("ogc.collections", language)
    return html_answer(
        request, pages.page(request, language, title, content, ((title, path),), _alternates(path)), language
    )


@router.get(f"{BASE}/collections/{{collection}}")
@needs(Permission.GRIDS_READ)
def get_collection(
    ctx: Ctx, q: Query[PageQuery], request: Request, reader: ReaderLanguage, collection: CollectionId
) -> Response:
    """Say what a collection is of, where and when, and in which reference systems it is given."""
    language, form = q.lang or reader, form_of(request, q.f)
    found = find_collection(ctx, collection, language)
    described = _described(ctx, request, found, language, own=own_links(path_of(found), form, language))
    if form == "json":
        return json_answer(request, described)
    content = [pages.paragraph(found.description)]
    content.append(pages.facts(_told(described, language)))
    items = path_of(found, "items")
    content.append(
        f'<p class="ways">{pages.link(text("ogc.items", language), items, language)}'
        f"{pages.link(text('ogc.queryables', language), path_of(found, 'queryables'), language)}"
        + "".join(pages.link(text(f"ogc.form.{f}", language), items, language, f) for f in FORMS if f != "html")
        + "</p>"
    )
    if found.sort is not Sort.GAPS:
        content.append(pages.drawn_map(with_query(items, f="json", limit=1000), found.title))
    page = pages.page(request, language, found.title, content, trail_of(found, language), _alternates(path_of(found)))
    return html_answer(request, page, language)


def trail_of(collection: Collection, language: Language) -> tuple[tuple[str, str], ...]:
    """Give the way to a collection."""
    return (text("ogc.collections", language), f"{BASE}/collections"), (collection.title, path_of(collection))


def _told(described: dict[str, Any], language: Language) -> Iterator[tuple[str, Any]]:
    yield text("ogc.name", language), described["id"]
    extent = described.get("extent", {})
    if "spatial" in extent:
        yield text("ogc.box", language), ", ".join(f"{v:.5f}" for v in extent["spatial"]["bbox"][0])
    if "temporal" in extent:
        yield text("ogc.time", language), " – ".join(v or "…" for v in extent["temporal"]["interval"][0])
    yield text("ogc.systems", language), len(REFERENCES)


@router.get(f"{BASE}/collections/{{collection}}/queryables")
@needs(Permission.GRIDS_READ)
def get_queryables(
    ctx: Ctx, q: Query[PageQuery], request: Request, reader: ReaderLanguage, collection: CollectionId
) -> Response:
    """Say which properties of a collection filters may ask for, as JSON Schema."""
    language, form = q.lang or reader, form_of(request, q.f)
    found = find_collection(ctx, collection, language)
    path = path_of(found, "queryables")
    schema = schema_of(request, found, path)
    if form == "json":
        return json_answer(request, schema, SCHEMA)
    rows = [
        (name, about.get("type", "geometry"), about.get("format", "")) for name, about in schema["properties"].items()
    ]
    heads = tuple(text(f"ogc.{name}", language) for name in ("name", "type", "format"))
    title = text("ogc.queryables", language)
    content = [pages.paragraph(text("ogc.queryables_about", language)), pages.table(heads, rows)]
    trail = (*trail_of(found, language), (title, path))
    return html_answer(
        request, pages.page(request, language, title, content, trail, _alternates(path, SCHEMA)), language
    )


def _described(
    ctx: Context,
    request: Request,
    collection: Collection,
    language: Language,
    *,
    shared: bool = False,
    own: list[Link] | None = None,
) -> dict[str, Any]:
    """Describe a collection; ``shared``: its reference systems stand beside the list of collections."""
    links = [*(own or own_links(path_of(collection), "json", language)), *collection_links(ctx, collection, language)]
    return {
        "id": collection.id,
        "title": collection.title,
        "description": collection.description,
        "itemType": "feature",
        "extent": extent_of(ctx, collection),
        "crs": ["#/crs"] if shared else list(REFERENCES),
        "storageCrs": CRS84_URI,
        "links": links_json(request, links),
    }


def extent_of(ctx: Context, collection: Collection) -> dict[str, Any]:
    """Say where and when the features of a collection are; what is not known, or dear to find out, is left out."""
    try:
        box = _box(ctx, collection)
    except GridmapError:  # of that day there is nothing
        box = None
    extent: dict[str, Any] = {} if box is None else {"spatial": {"bbox": [box], "crs": CRS84_URI}}
    if collection.sort in TEMPORAL:
        first: Any = None if collection.since is None else f"{collection.since.isoformat()}T00:00:00Z"
        last: Any = None
        if collection.sort is Sort.INCIDENTS:
            with ctx.store.unit_of_work() as work:
                span = work.incidents.time_span()
            first, last = (None, None) if span is None else (x.isoformat().replace("+00:00", "Z") for x in span)
        trs = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
        extent["temporal"] = {"interval": [[first, last]], "trs": trs}
    return extent


def _box(ctx: Context, collection: Collection) -> list[float] | None:
    if collection.sort in (Sort.AREAS, Sort.INCIDENTS):
        plan = ctx.plan(collection.set_name, None)
        if collection.sort is Sort.AREAS:
            return list(plan.box)
        with ctx.store.unit_of_work() as work:
            held = [work.incidents.count(PointFilter(bbox=box)) for box in (None, plan.box)]
        # a box that leaves one out would be wrong, and to look at all of them is dear
        return list(plan.box) if held[0] == held[1] else None
    if collection.sort is Sort.GAPS:
        return list(ctx.plan(None, None).box)
    _, table = whole(ctx, collection, Asked(names=()))
    return [float(v) for v in shapely.total_bounds(table.shapes)] if len(table) else None

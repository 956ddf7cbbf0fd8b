"""OGC API - Features: the features of collections, some of them, all of them, or one."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.answers import GEOJSON, to_json
from api.deps import Ctx, ReaderLanguage
from api.ogc import pages
from api.ogc.answering import (
    FORMS,
    answered,
    form_of,
    html_answer,
    links_json,
    path_of,
    tag_of,
    with_query,
)
from api.ogc.asking import Asked, ItemQuery, ItemsQuery, asked_of
from api.ogc.collections import Collection, find_collection
from api.ogc.editing import state_of
from api.ogc.recall import keep, key_of, known
from api.ogc.registry import Link, declare
from api.ogc.route import RecallingRoute
from api.ogc.rows import Page, find, page_of
from api.ogc.streams import kept_texts, streamed
from api.rights import needs
from api.routes.common import Query
from api.routes.ogc import CollectionId, trail_of
from gridmap.crs import to_reference
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput
from gridmap.files.geojson import feature_texts, values_of
from gridmap.i18n import Language, text

router = APIRouter(route_class=RecallingRoute, include_in_schema=False)

_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
declare("http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs")
declare(
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{x}"
        for x in ("queryables", "filter", "features-filter")
    )
)
declare(
    *(
        _CQL2 + name
        for name in (
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "accent-insensitive-comparison", "basic-spatial-functions", "basic-spatial-functions-plus",
            "spatial-functions", "temporal-functions", "property-property", "arithmetic",
        )
    )
)  # fmt: skip

_NULL = "\x00"
#: Forms that give all features at once.
STREAMED = ("ndjson", "csv", "fgb", "parquet")


@router.get("/ogc/collections/{collection}/items")
@needs(Permission.GRIDS_READ)
def list_items(
    ctx: Ctx, q: Query[ItemsQuery], request: Request, reader: ReaderLanguage, collection: CollectionId
) -> Response:
    """Give features of a collection: a page of them as GeoJSON or HTML."""
    language, form = q.lang or reader, form_of(request, q.f, tuple(FORMS))
    key = key_of(request, ctx)
    if (answer := known(request, ctx, key)) is not None:
        return answer
    found = find_collection(ctx, collection, language)
    asked = asked_of(ctx, found, q)
    if form in STREAMED:
        if q.cursor is not None:
            raise InvalidInput("cursor_of_pages")
        return streamed(request, ctx, found, asked, form, q.limit)
    after = ctx.cursors.read(asked.question, q.cursor)
    page = page_of(ctx, found, asked, None if after is None else [None if x == _NULL else x for x in after])
    following = None
    if page.following is not None:
        following = ctx.cursors.make(asked.question, [_NULL if x is None else x for x in page.following])
    if form == "html":
        return html_answer(request, _items_page(request, found, asked, page, q, following, language), language)
    links = _links(found, q, following, language)
    body = _collection(request, page, asked, links)
    answer = answered(request, body, GEOJSON, Content_Crs=f"<{asked.crs}>", **_link_header(request, links))
    keep(ctx, key, answer)
    return answer


def _query(q: ItemsQuery, **more: Any) -> dict[str, Any]:
    told = q.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    return {**told, **more}


def _links(collection: Collection, q: ItemsQuery, following: str | None, language: Language) -> list[Link]:
    path = path_of(collection, "items")
    links = [
        Link("self", with_query(path, **_query(q)), GEOJSON, text("ogc.this", language)),
        Link("alternate", with_query(path, **_query(q, f="html")), "text/html", text("ogc.form.html", language)),
        Link("collection", path_of(collection), "application/json", collection.title),
    ]
    if following is not None:
        href = with_query(path, **_query(q, cursor=following))
        links.append(Link("next", href, GEOJSON, text("ogc.next", language)))
    return links


def _link_header(request: Request, links: list[Link]) -> dict[str, str]:
    told = [link for link in links_json(request, links) if link["rel"] == "next"]
    return {"Link": ", ".join(f'<{x["href"]}>; rel="next"; type="{x["type"]}"' for x in told)} if told else {}


def _collection(request: Request, page: Page, asked: Asked, links: list[Link]) -> bytes:
    texts = written(page, asked)
    told: dict[str, Any] = {
        "links": links_json(request, links),
        "numberMatched": page.matched,
        "numberReturned": len(texts),
    }
    if not page.exact:
        # the standard has no word for it: counted in a sample
        told["numberMatchedEstimated"] = True
    return b'{"type":"FeatureCollection","features":[%s],%s' % (b",".join(texts), to_json(told)[1:].encode("utf-8"))


def written(page: Page, asked: Asked) -> list[bytes]:
    """Write the features of a page; as they are in their table, they are kept with it."""
    texts = None if page.whole is None else kept_texts(page.whole, asked)
    if texts is not None:
        return [texts[row] for row in page.rows.tolist()]
    return feature_texts(page.table, asked.names, to_reference(page.table.shapes, asked.crs))


def _items_page(
    request: Request,
    collection: Collection,
    asked: Asked,
    page: Page,
    q: ItemsQuery,
    following: str | None,
    language: Language,
) -> str:
    path = path_of(collection, "items")
    columns = [values_of(page.table.columns[name]) for name in asked.names]
    rows = [
        (pages.Raw(pages.link(str(id_), path_of(collection, "items", str(id_)), language)), *row)
        for id_, *row in zip(page.table.ids.tolist(), *columns, strict=True)
    ]
    said = text("ogc.matched" if page.exact else "ogc.matched_about", language, count=page.matched, shown=len(rows))
    on = with_query(path, **{**_query(q), "cursor": following}) if following else None
    content = [
        f'<p class="ways"><span>{said}</span>'
        + (pages.link(text("ogc.next", language), _without(on, "f", "lang"), language) if on else "")
        + "".join(
            pages.link(text(f"ogc.form.{f}", language), with_query(path, **_shown(q)), language, f)
            for f in FORMS
            if f != "html"
        )
        + "</p>",
        pages.drawn_map(
            with_query(path, **{**_shown(q), "f": "json", "limit": q.limit, "cursor": q.cursor}), collection.title
        ),
        pages.table(("id", *asked.names), rows),
    ]
    title = text("ogc.items", language)
    trail = (*trail_of(collection, language), (title, path))
    return pages.page(
        request, language, collection.title, content, trail, [(GEOJSON, with_query(path, **_query(q, f="json")))]
    )


def _shown(q: ItemsQuery) -> dict[str, Any]:
    """Give what is asked but for how it is told."""
    return {k: v for k, v in _query(q).items() if k not in ("f", "lang", "cursor", "limit", "crs")}


def _without(address: str, *names: str) -> str:
    from urllib.parse import parse_qsl

    path, _, query = address.partition("?")
    return with_query(path, **{k: v for k, v in parse_qsl(query) if k not in names})


ItemId = Annotated[str, Path(alias="item", description="id of a feature")]


@router.get("/ogc/collections/{collection}/items/{item}")
@needs(Permission.GRIDS_READ)
def get_item(
    ctx: Ctx, q: Query[ItemQuery], request: Request, reader: ReaderLanguage, collection: CollectionId, item: ItemId
) -> Response:
    """Give one feature, as it is on a day."""
    language, form = q.lang or reader, form_of(request, q.f)
    found = find_collection(ctx, collection, language)
    asked = asked_of(ctx, found, ItemsQuery.model_validate({"crs": q.crs, "datetime": q.datetime}))
    row = find(ctx, found, item, asked)
    path = path_of(found, "items", item)
    if form == "html":
        values = ((name, values_of(row.columns[name])[0]) for name in asked.names)
        content = [
            pages.drawn_map(with_query(path, f="json", datetime=q.datetime), item),
            pages.facts(values),
            f'<p class="ways">{pages.link(text("ogc.form.json", language), path, language, "json")}</p>',
        ]
        trail = (*trail_of(found, language), (text("ogc.items", language), path_of(found, "items")))
        page = pages.page(request, language, item, content, trail, [(GEOJSON, with_query(path, f="json"))])
        return html_answer(request, page, language)
    links = [
        Link("self", with_query(path, f="json", crs=q.crs, datetime=q.datetime), GEOJSON, text("ogc.this", language)),
        Link(
            "alternate", with_query(path, f="html", datetime=q.datetime), "text/html", text("ogc.form.html", language)
        ),
        Link("collection", path_of(found), "application/json", found.title),
    ]
    (feature,) = feature_texts(row, asked.names, to_reference(row.shapes, asked.crs))
    body = feature[:-1] + b',"links":' + to_json(links_json(request, links)).encode("utf-8") + b"}"
    # before the dot what it is, behind it how it is told: whoever changes it names the former
    tag = f'"{state_of(row)}.{tag_of(body)[3:-1]}"'
    return answered(request, body, GEOJSON, tag=tag, Content_Crs=f"<{asked.crs}>")

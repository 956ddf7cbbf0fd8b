"""How answers of OGC API are told: forms, links, tags."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response

from api.answers import GEOJSON, to_json
from api.errors import NotAcceptable
from api.ogc.collections import Collection
from api.ogc.registry import Link
from api.web import shell_policy, with_banner
from gridmap.i18n import Language

BASE = "/ogc"
HTML = "text/html"
JSON = "application/json"
#: Forms by the value of ``f``, and what they are for HTTP.
FORMS: Mapping[str, str] = {
    "json": GEOJSON,
    "html": HTML,
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "fgb": "application/flatgeobuf",
    "parquet": "application/vnd.apache.parquet",
}
_ACCEPTED = {
    JSON: "json", GEOJSON: "json", "application/*": "json", "*/*": "json", HTML: "html", "text/*": "html",
    "application/xhtml+xml": "html", "application/x-ndjson": "ndjson", "text/csv": "csv",
    "application/flatgeobuf": "fgb", "application/vnd.apache.parquet": "parquet",
    "application/schema+json": "json", "application/vnd.oai.openapi+json": "json", "application/problem+json": "json",
}  # fmt: skip
#: Entries of an Accept header that are looked at.
_ENTRIES = 20
#: Answers hang on these; they are for whoever asked, and are asked for again before they are shown again.
_CACHING = {"Vary": "Accept, Accept-Language, Authorization, Cookie", "Cache-Control": "private, no-cache"}


def form_of(request: Request, said: str | None, forms: Sequence[str] = ("json", "html")) -> str:
    """Choose the form of an answer: as ``f`` says, else the one of these that Accept likes best.

    Raises
    ------
    NotAcceptable
        ``not_acceptable``.
    """
    if said is not None:
        return said
    accept = request.headers.get("accept", "*/*")
    liked: list[tuple[float, int, str]] = []
    for place, entry in enumerate(accept.split(",")[:_ENTRIES]):
        kind, _, rest = entry.partition(";")
        form = _ACCEPTED.get(kind.strip().lower())
        if form in forms and (weight := _weight(rest)) > 0:
            liked.append((-weight, place, str(form)))
    if not liked:
        raise NotAcceptable("not_acceptable", known=", ".join(FORMS[form] for form in forms))
    return min(liked)[2]


def _weight(parameters: str) -> float:
    for part in parameters.split(";"):
        name, _, value = part.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value[:10]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def root_of(request: Request) -> str:
    """Give the address of this service as readers know it, without a slash at its end."""
    public: str = request.app.state.settings.public_url
    if public:
        return public.rstrip("/")
    return f"{request.url.scheme}://{request.url.netloc}"


def path_of(collection: Collection, *more: str) -> str:
    """Give the path of a collection, or of something in it."""
    return "/".join((BASE, "collections", quote(collection.id, safe=""), *(quote(part, safe="") for part in more)))


def with_query(path: str, **query: Any) -> str:
    """Put parameters behind a path; those that are None are left out."""
    said = {name.replace("_", "-"): value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(said)}" if said else path


def links_json(request: Request, links: Sequence[Link]) -> list[dict[str, Any]]:
    """Write links, with whole addresses."""
    root = root_of(request)
    return [
        {
            "rel": link.rel,
            "href": root + link.href,
            "type": link.type,
            **({"title": link.title} if link.title else {}),
            **({"templated": True} if link.templated else {}),
        }
        for link in links
    ]


def tag_of(body: bytes) -> str:
    """Give the tag of an answer. Weak: the same may be sent packed."""
    return f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def matches(request: Request, tag: str) -> bool:
    """Tell whether the reader has what stands behind a tag (RFC 9110, 13.1.2)."""
    said = request.headers.get("if-none-match")
    if said is None:
        return False
    bare = tag.removeprefix("W/")
    return any(part.strip() in ("*", tag, bare) or part.strip() == f"W/{bare}" for part in said.split(","))


def answered(request: Request, body: bytes, kind: str, *, tag: str | None = None, **headers: str) -> Response:
    """Send an answer, or say that the reader has it."""
    tag = tag or tag_of(body)
    told = {**_CACHING, "ETag": tag, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if kind.startswith(HTML):
        told["Content-Security-Policy"] = shell_policy(request.app.state.settings.image_origins)
    if matches(request, tag):
        return Response(status_code=304, headers=told)
    return Response(body, headers=told, media_type=kind)


def unchanged(tag: str, **headers: str) -> Response:
    """Say that the reader has the answer."""
    return Response(status_code=304, headers={**_CACHING, "ETag": tag, **headers})


def json_answer(request: Request, value: Any, kind: str = JSON, **headers: str) -> Response:
    """Send plain values."""
    return answered(request, to_json(value).encode("utf-8"), kind, **headers)


def html_answer(request: Request, page: str, language: Language) -> Response:
    """Send a page."""
    if request.app.state.settings.access == "open":
        page = with_banner(page, language)
    return answered(request, page.encode("utf-8"), f"{HTML}; charset=utf-8", Content_Language=language)

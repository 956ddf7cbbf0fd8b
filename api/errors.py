"""The one table from error class to HTTP status, and the one shape of an error: problem+json (RFC 9457).

Every failure, from a header too long to a database away, becomes an exception of the ``GridmapError`` tree and leaves
through ``problem``. Nothing of what was sent ever comes back: no value, path, SQL, stack or library message.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.types import Scope

from api import web
from api.extensions import members
from gridmap import errors as tree
from gridmap.errors import GridmapError, InvalidInput
from gridmap.errors import NotSignedIn as NotSignedIn
from gridmap.errors import TooManyRequests as TooManyRequests
from gridmap.i18n import Language, as_language, has, text

log = logging.getLogger("gridmap.api")

MEDIA_TYPE = "application/problem+json"
#: Entries of ``errors`` in one problem; more are cut off and ``truncated`` says so.
MAX_ERRORS = 100
#: Seconds after which a call that found no store may try again.
RETRY_AFTER_S = 5


class RequestError(GridmapError):
    """A request that cannot be taken as HTTP, before any rule of the trade is asked."""


class NotParsable(RequestError):
    """The request cannot be parsed at all."""


class NoRoute(RequestError):
    """Nothing lives at this address."""


class MethodNotAllowed(RequestError):
    """The address knows other methods; ``allow`` lists them."""


class BodyTimeout(RequestError):
    """The body did not arrive in time."""


class UriTooLong(RequestError):
    """The address is over its limit."""


class UnsupportedBody(RequestError):
    """The body is of a type this address does not take."""


class HeadersTooLarge(RequestError):
    """The headers are over their limit."""


class NotAcceptable(RequestError):
    """None of the forms that the reader takes is given; ``known`` lists them."""


class PreconditionNeeded(RequestError):
    """What is to be changed must be named as it was seen."""


#: Class to status. The nearest class of an error's line of descent counts; a test holds that every class stands here.
STATUS: dict[type[GridmapError], int] = {
    tree.GridmapError: 500,
    tree.InvalidInput: 422,
    tree.CrsError: 422,
    tree.GeometryError: 422,
    tree.ColumnError: 422,
    tree.TextError: 422,
    tree.FileError: 422,
    tree.TooLarge: 413,
    tree.NotFound: 404,
    tree.Conflict: 409,
    tree.StaleVersion: 412,
    tree.RedrawConflict: 409,
    tree.IllegalTransition: 409,
    tree.NotPublishable: 422,
    tree.EncodingAmbiguous: 409,
    tree.NotSignedIn: 401,
    tree.NotAllowed: 403,
    tree.TooManyRequests: 429,
    tree.IdentityUnavailable: 503,
    tree.StoreUnavailable: 503,
    RequestError: 400,
    NotParsable: 400,
    NoRoute: 404,
    MethodNotAllowed: 405,
    BodyTimeout: 408,
    UriTooLong: 414,
    UnsupportedBody: 415,
    HeadersTooLarge: 431,
    NotAcceptable: 406,
    PreconditionNeeded: 428,
}

#: What pydantic calls a fault, and what we call it, with the fields of its context that our text shows.
_FAULTS: dict[str, str] = {
    "missing": "missing_field",
    "extra_forbidden": "unknown_field",
    "finite_number": "number_not_finite",
    "string_unicode": "bad_text",
    "string_too_long": "text_too_long",
    "string_too_short": "text_empty",
    "too_long": "too_many_items",
    "too_short": "too_few_items",
    "literal_error": "value_not_allowed",
    "enum": "value_not_allowed",
    "greater_than": "value_out_of_range",
    "greater_than_equal": "value_out_of_range",
    "less_than": "value_out_of_range",
    "less_than_equal": "value_out_of_range",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a request: where (JSON Pointer or parameter), a code, and what its text needs."""

    code: str
    pointer: str | None = None
    parameter: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self, language: Language) -> dict[str, Any]:
        """Give the entry for ``errors``."""
        place = {"pointer": self.pointer} if self.parameter is None else {"parameter": self.parameter}
        return {**place, "code": self.code, "detail": text(f"error.{self.code}", language, **self.fields)}


class InvalidRequest(InvalidInput):
    """A request that was parsed but breaks rules, with all its faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        codes = {f.code for f in self.faults}
        if len(codes) == 1:
            super().__init__(self.faults[0].code, **self.faults[0].fields)
        else:
            super().__init__("invalid_request", count=len(self.faults))


class BadQuestion(InvalidRequest):
    """The same where a standard asks for 400."""


STATUS[BadQuestion] = 400


def status_of(error: GridmapError) -> int:
    """Look up the status of an error by the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def as_fault(detail: ErrorDetails | Mapping[str, Any], root: Sequence[str | int] = ()) -> Fault:
    """Translate one fault found by pydantic. Places name fields of ours only, never keys that were sent."""
    loc = [*root, *detail["loc"]]
    kind, context = str(detail["type"]), detail.get("ctx") or {}
    where = str(loc[0]) if loc else "body"
    code = _FAULTS.get(kind, kind if has(f"error.{kind}") else "wrong_type")
    path = loc[1:-1] if kind == "extra_forbidden" else loc[1:]
    fields = {k: v for k, v in context.items() if k in ("max_length", "min_length", "expected", "ge", "le", "gt", "lt")}
    if code == "value_out_of_range":
        fields = {"bound": f"{next(iter(fields.values())):g}"}
    if where in ("query", "path"):
        name = str(path[0]) if path else "-"
        code = {"missing_field": "missing_parameter", "unknown_field": "unknown_parameter"}.get(code, code)
        return Fault(code, parameter=name, fields=fields)
    return Fault(code, pointer="#" + "".join(f"/{p}" for p in path), fields=fields)


def problem(error: GridmapError, *, request_id: str, language: Language) -> Response:
    """Build the answer for an error."""
    status = status_of(error)
    body: dict[str, Any] = {
        "type": f"urn:gridmap:error:{error.code}",
        "title": text(f"title.{status}", language),
        "status": status,
        "detail": error.message(language),
        "instance": f"urn:uuid:{request_id}",
        "code": error.code,
        "request_id": request_id,
        "retryable": status in (408, 429, 503),
        "errors": [],
    }
    if isinstance(error, InvalidRequest):
        body["errors"] = [f.as_json(language) for f in error.faults[:MAX_ERRORS]]
        if len(error.faults) > MAX_ERRORS:
            body["truncated"] = True
    body |= members(error, language)
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.fields["retry_after_s"])
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.fields["allow"]
    if status in (408, 413):
        # the rest of the body is not wanted
        headers["Connection"] = "close"
    content = json.dumps(body, ensure_ascii=False).encode("utf-8")
    return Response(content, status, headers, media_type=MEDIA_TYPE)


def language_of(scope: Scope, default: Language) -> Language:
    """Choose the language of a request's messages by Accept-Language."""
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return as_language(value.decode("latin-1"), default)
    return default


def answer(scope: Scope, error: GridmapError) -> Response:
    """Build the answer for an error of a request."""
    default = scope["app"].state.settings.language
    scope["state"]["code"] = error.code
    return problem(error, request_id=scope["state"]["request_id"], language=language_of(scope, default))


def install(app: FastAPI) -> None:
    """Send every kind of exception through the one shape."""

    async def ours(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, GridmapError)
        if status_of(exc) >= 500:
            extra = {"request_id": request.scope["state"]["request_id"], "code": exc.code}
            log.warning("no answer", extra=extra)
        if isinstance(exc, NotSignedIn) and _is_reader(request) and _is_page_of_its_own(request):
            return web.to_sign_in(request.scope)
        return answer(request.scope, exc)

    async def invalid(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, RequestValidationError)
        return answer(request.scope, InvalidRequest([as_fault(e) for e in exc.errors()]))

    async def http(request: Request, exc: Exception) -> Response:
        assert isinstance(exc, HTTPException)
        error = _from_http(request, exc)
        if isinstance(error, NoRoute) and _is_reader(request):
            return web.not_found()
        return answer(request.scope, error)

    async def broken(request: Request, exc: Exception) -> Response:
        extra = {"request_id": request.scope["state"]["request_id"]}
        log.error("answer breaks its schema", exc_info=exc, extra=extra)
        return answer(request.scope, GridmapError("internal_error"))

    app.add_exception_handler(GridmapError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(ResponseValidationError, broken)
    app.add_exception_handler(HTTPException, http)


def _from_http(request: Request, exc: HTTPException) -> GridmapError:
    if exc.status_code == 405:
        return MethodNotAllowed("method_not_allowed", allow=allowed_methods(request))
    if exc.status_code == 404:
        return NoRoute("not_found")
    return NotParsable("bad_request")


def _is_reader(request: Request) -> bool:
    """Tell a person who mistyped an address from a program that asked the API for something that is not there."""
    path = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/api/", "/assets/"))


def _is_page_of_its_own(request: Request) -> bool:
    """Tell a page from one in a frame of ours: there the page around it sees what is wrong."""
    return request.method == "GET" and request.headers.get("sec-fetch-dest", "document") == "document"


def allowed_methods(request: Request) -> str:
    """List the methods that the address of a request knows."""
    methods: set[str] = set()
    for route in request.app.state.api_routes:
        if route.path_regex.match(request.scope["path"]):
            methods |= route.methods
    return ", ".join(sorted(methods or {"GET", "HEAD"}))

"""What Open311 (GeoReport v2) does its own way: forms, keys in a field, and errors as a list."""

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError

from api.credentials import SESSION
from api.doors import Doors
from api.errors import InvalidRequest, NotParsable, NotSignedIn, UnsupportedBody, as_fault, language_of, status_of
from api.rights import permission_of, require
from api.strict import StrictRoute
from gridmap.domain.access import Permission
from gridmap.errors import GridmapError, InvalidInput
from gridmap.i18n import Language, text

_MOST_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"
#: Where a form that was read is kept with its request.
_STATE = "form"


def read_form(body: bytes, content_type: str | None) -> dict[str, str]:
    """Read a form strictly: UTF-8, each field once; of ``attribute[...]`` fields there may be several.

    Empty fields are left out: to GeoReport they are the same as none.

    Raises
    ------
    UnsupportedBody
        ``form_wanted``.
    NotParsable
        ``not_utf8``, ``bad_request``.
    InvalidInput
        ``repeated_parameter``.
    """
    kind, _, rest = (content_type or "").partition(";")
    charset = rest.replace(" ", "").lower()
    if kind.strip().lower() != _FORM or charset not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise UnsupportedBody("form_wanted")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=_MOST_FIELDS
        )
    except UnicodeDecodeError:
        raise NotParsable("not_utf8") from None
    except ValueError:
        raise NotParsable("bad_request") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name.startswith("attribute["):
            continue  # no service of ours asks for more
        if name in found:
            raise InvalidInput("repeated_parameter", parameter="form")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def form_of(request: Request) -> Mapping[str, str]:
    """Give the form that came with a request."""
    found: Mapping[str, str] = request.scope["state"][_STATE]
    return found


def errors_json(error: GridmapError, language: Language) -> list[dict[str, Any]]:
    """Give an error as GeoReport tells it: the HTTP status as its code; ``error`` is ours, and stable."""
    status = _status(error)
    faults = error.faults if isinstance(error, InvalidRequest) else ()
    if not faults:
        return [{"code": status, "description": error.message(language), "error": error.code}]
    told = []
    for fault in faults[:20]:
        place = fault.parameter or (fault.pointer or "").removeprefix("#/")
        words = text(f"error.{fault.code}", language, **fault.fields)
        told.append({"code": status, "description": f"{place}: {words}" if place else words, "error": fault.code})
    return told


def _status(error: GridmapError) -> int:
    """Give the status: what breaks a rule is a bad request there; what is not known has its own."""
    if error.code == "category_unknown":
        return 404
    found = status_of(error)
    return 400 if found == 422 else found


class GeoReportRoute(StrictRoute):
    """A route whose caller may show a key in the field ``api_key``, and whose errors leave as a list."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the strict handler."""
        handle = super().get_route_handler()
        permission = permission_of(self.endpoint)

        async def georeport(request: Request) -> Response:
            state = request.scope["state"]
            try:
                form: dict[str, str] = {}
                if request.method == "POST":
                    form = await _read(request, permission)
                key = form.pop("api_key", None) or request.query_params.get("api_key")
                state[_STATE] = form
                if key:
                    doors: Doors = request.app.state.doors
                    if key.startswith(SESSION):
                        raise NotSignedIn("not_signed_in")
                    await doors.admit_by(request.scope, key)
                return await handle(request)
            except RequestValidationError as error:
                return _refused(request, InvalidRequest([as_fault(e) for e in error.errors()]))
            except GridmapError as error:
                return _refused(request, error)

        return georeport


async def _read(request: Request, permission: Permission | None) -> dict[str, str]:
    """Read the form of a request; who may not send any is told that, and not what is wrong with it."""
    try:
        return read_form(await request.body(), request.headers.get("content-type"))
    except GridmapError:
        require(request.scope, permission, request.app.state.context.day(None))
        raise


def _refused(request: Request, error: GridmapError) -> Response:
    request.scope["state"]["code"] = error.code
    language = language_of(request.scope, request.app.state.settings.language)
    return list_response(errors_json(error, language), error)


def list_response(told: list[dict[str, Any]], error: GridmapError | None = None) -> Response:
    """Send a list of errors with the status that its first one names."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    if error is not None and "retry_after_s" in error.fields:
        headers["Retry-After"] = str(error.fields["retry_after_s"])
    content = json.dumps(told, ensure_ascii=False).encode("utf-8")
    return Response(content, told[0]["code"], headers, media_type="application/json")

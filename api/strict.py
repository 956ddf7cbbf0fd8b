"""Strict reading of a request: the query string, and JSON bodies as RFC 8259 means them.

FastAPI alone accepts NaN, doubled keys, unknown and repeated query parameters, and any depth; nothing of that may reach
a use case. ``StrictRoute`` checks the query and parses the body before FastAPI looks at either.
"""

import inspect
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin
from urllib.parse import unquote_to_bytes

import numpy as np
from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from api.errors import NotParsable, UnsupportedBody
from api.privacy import seeing_people
from api.replies import Out
from api.rights import permission_of, principal_of, require
from gridmap.domain.access import Permission
from gridmap.errors import InvalidInput

_NUMBER_OF_DEPTH = np.zeros(256, dtype=np.int8)
_NUMBER_OF_DEPTH[[ord("["), ord("{")]] = 1
_NUMBER_OF_DEPTH[[ord("]"), ord("}")]] = -1
# also swallows a string that never ends, so that the scan stays linear on any input
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
#: Bytes outside strings up to which they are counted one by one: arrays let other threads in, and the loop waits.
_SHORT = 8_192
_CHARSET = re.compile(r'\s*charset\s*=\s*"?([A-Za-z0-9_.:-]+)"?\s*\Z', re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"
JSON_TYPES = frozenset({"application/json"})
GEOJSON_TYPES = JSON_TYPES | {"application/geo+json"}


def parse_json(body: bytes, *, max_depth: int) -> Any:
    """Parse a JSON text strictly.

    Numbers too large for a float become infinite, so that a later check can point at them.

    Raises
    ------
    NotParsable
        ``not_utf8``, ``too_deep``, ``not_json`` (also for NaN and Infinity) or ``duplicate_key``.
    """
    body = body.removeprefix(_BOM)
    try:
        source = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotParsable("not_utf8") from None
    if json_depth(body) > max_depth:
        raise NotParsable("too_deep", limit=max_depth)
    try:
        return json.loads(source, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_bounded)
    except (ValueError, RecursionError):
        raise NotParsable("not_json") from None


def json_depth(body: bytes) -> int:
    """Count the deepest nesting of brackets outside strings, without parsing."""
    plain = _STRING.sub(b"", body)
    if len(plain) <= _SHORT:
        depth = deepest = 0
        for bracket in _BRACKETS.findall(plain):
            depth += 1 if bracket in b"[{" else -1
            deepest = max(deepest, depth)
        return deepest
    bare = np.frombuffer(plain, dtype=np.uint8)
    return int(np.cumsum(_NUMBER_OF_DEPTH[bare], dtype=np.int32).max(initial=0))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise NotParsable("duplicate_key")
    return result


def _refuse(_: str) -> Any:
    raise ValueError


def _bounded(digits: str) -> int | float:
    # int() of many thousand digits is slow and then refused; such a number fits no field anyway
    return int(digits) if len(digits) <= 20 else float(digits)


def require_json_type(content_type: str | None, kinds: frozenset[str] = JSON_TYPES) -> None:
    """Check that a body is declared as JSON in UTF-8.

    Raises
    ------
    UnsupportedBody
        ``unsupported_body_type``.
    """
    kind, _, rest = (content_type or "").partition(";")
    if kind.strip().lower() not in kinds:
        raise UnsupportedBody("unsupported_body_type")
    for parameter in filter(str.strip, rest.split(";")):
        charset = _CHARSET.match(parameter)
        if charset is None or charset[1].lower().replace("-", "") != "utf8":
            raise UnsupportedBody("unsupported_body_type")


def check_query(query_string: bytes, known: frozenset[str]) -> None:
    """Check that a query string is UTF-8 and names each parameter once, and only known ones.

    Raises
    ------
    NotParsable
        ``not_utf8``.
    InvalidInput
        ``unknown_parameter`` (with the known ones) or ``repeated_parameter``.
    """
    seen: set[str] = set()
    for part in filter(None, query_string.split(b"&")):
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        try:
            key = unquote_to_bytes(name).decode("utf-8")
            unquote_to_bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            raise NotParsable("not_utf8") from None
        if key not in known:
            raise InvalidInput("unknown_parameter", known=", ".join(sorted(known)) or "-")
        if key in seen:
            raise InvalidInput("repeated_parameter", parameter=key)
        seen.add(key)


def query_names(endpoint: Callable[..., Any]) -> frozenset[str]:
    """Give the names of an endpoint's query parameters: the fields of its parameter model ``q``."""
    found = inspect.signature(endpoint).parameters.get("q")
    model = get_args(found.annotation)[0] if found is not None else None
    if model is None:
        return frozenset()
    if not issubclass(model, BaseModel):
        raise TypeError("the query parameters of a route are one model, called q")
    return frozenset(field.alias or name for name, field in model.model_fields.items())


class ParsedRequest(Request):
    """A request whose JSON body was already parsed, strictly."""

    def __init__(self, request: Request, body: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._bytes = body
        self._value = value

    async def body(self) -> bytes:
        """Give the raw body."""
        return self._bytes

    async def json(self) -> Any:
        """Give the parsed body."""
        return self._value


class StrictRoute(APIRoute):
    """A route that refuses what FastAPI would let pass."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler with the strict checks."""
        handle = super().get_route_handler()
        permission = permission_of(self.endpoint)
        self._require_classified(permission)
        known = query_names(self.endpoint)
        has_body = self.body_field is not None

        async def strict(request: Request) -> Response:
            day = request.app.state.context.day(None)
            require(request.scope, permission, day)
            check_query(request.scope["query_string"], known)
            people = not principal_of(request.scope).reach(Permission.PEOPLE_READ, day).nowhere
            if not has_body:
                with seeing_people(people):
                    return await handle(request)
            require_json_type(request.headers.get("content-type"))
            body = await request.body()
            settings = request.app.state.settings
            value = parse_json(body, max_depth=settings.max_json_depth)
            with seeing_people(people):
                return await handle(ParsedRequest(request, body, value))

        return strict

    def _require_classified(self, permission: Permission | None) -> None:
        """Check that what is answered says how private it is; plain values are for what anybody may see."""
        model = self.response_model
        if get_origin(model) is list:
            (model,) = get_args(model)
        classified = model is None or (inspect.isclass(model) and issubclass(model, Out))
        if not classified and permission is not None:
            raise TypeError(f"{self.endpoint.__qualname__} answers with something whose privacy nobody has classified")

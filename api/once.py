"""``Idempotency-Key``: a request that changes something can be sent again when its answer was not heard."""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.deps import Context
from api.edge import route_of
from api.errors import Fault, InvalidRequest
from api.rights import principal_of
from gridmap.errors import Conflict, GridmapError
from gridmap.services.intake import Key
from gridmap.services.once import KEPT, Deferred
from gridmap.services.ports import Answered

_KEY = re.compile(r"[\x21-\x7e]{8,128}")
#: In the answer to a request that was answered before.
REPLAYED = "Idempotent-Replayed"


#: Gives headers for the body of an answer.
Headers = Callable[[Any], Mapping[str, str]]


def _headers(give: Headers | None, body: Any) -> dict[str, str]:
    return {} if give is None else dict(give(jsonable_encoder(body)))


class UnderWay:
    """Keys of requests that this process works on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def hold(self, account: str, key: str) -> Iterator[None]:
        """Be the only one with a key (Conflict ``in_flight``)."""
        mine = (account, key)
        with self._lock:
            if mine in self._keys:
                raise Conflict("in_flight")
            self._keys.add(mine)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(mine)


class Once:
    """One request with its key, if it has one."""

    def __init__(self, request: Request, response: Response, key: str | None, fingerprint: str) -> None:
        self._request = request
        self._response = response
        self._key = key
        self._fingerprint = fingerprint
        self._account = principal_of(request.scope).account_id or ""
        self._route = f"{request.method} {route_of(request.scope)}"
        self._whole: Context = request.app.state.context

    def answer(
        self,
        build: Callable[[Context], BaseModel],
        *,
        join: bool = True,
        headers: Headers | None = None,
    ) -> Any:
        """Do the work and answer, or give the answer that was given before.

        Parameters
        ----------
        build : callable
            Does the work on the context that it gets and gives the answer.
        join : bool
            As of ``services.once.Deferred``.
        headers : callable
            Gives headers for the body of an answer.

        Raises
        ------
        Conflict
            ``in_flight``.
        InvalidInput
            ``idempotency_key_reused``.
        """
        if self._key is None:
            answer = build(self._context(self._whole))
            self._response.headers.update(_headers(headers, answer))
            return answer
        with self._request.app.state.under_way.hold(self._account, self._key):
            known = self._known(headers)
            return known if known is not None else self._first(build, join, headers)

    @property
    def app(self) -> Any:
        """The app that was asked."""
        return self._request.app

    @property
    def key(self) -> Key | None:
        """The key with what it stands for, for a use case that keeps its answer itself."""
        return None if self._key is None else Key(self._account, self._key, self._route, self._fingerprint)

    def context(self) -> Context:
        """Give the context as whoever asks sees it."""
        return self._context(self._whole)

    def under_way(self) -> AbstractContextManager[None]:
        """Be the only request with this key in this process (Conflict ``in_flight``)."""
        if self._key is None:
            return nullcontext()
        under_way: UnderWay = self._request.app.state.under_way
        return under_way.hold(self._account, self._key)

    def _context(self, whole: Context) -> Context:
        scope = self._request.scope
        return whole.for_reader(principal_of(scope), scope["state"].get("request_id", ""))

    def _first(self, build: Callable[[Context], BaseModel], join: bool, headers: Headers | None) -> Response:
        assert self._key is not None
        store = Deferred(self._whole.store, join=join)
        try:
            body = jsonable_encoder(build(self._context(replace(self._whole, store=store))))
            if store.touched:
                text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
                now = self._whole.clock.now()
                store.keep(Answered(self._account, self._key, self._route, self._fingerprint, 200, text, now))
        except GridmapError:
            # another process may have been first, and this is what it left of our work
            store.drop()
            known = self._known(headers)
            if known is None:
                raise
            return known
        finally:
            store.drop()
        return JSONResponse(body, headers=_headers(headers, body))

    def _known(self, headers: Headers | None) -> Response | None:
        assert self._key is not None
        with self._whole.store.unit_of_work() as work:
            found = work.idempotency.find(self._account, self._key)
        if found is None or found.at < self._whole.clock.now() - KEPT:
            return None
        return self.replayed(found, headers)

    def replayed(self, found: Answered, headers: Headers | None = None) -> Response:
        """Give an answer again.

        Raises
        ------
        InvalidInput
            ``idempotency_key_reused``.
        """
        if (found.route, found.request_hash) != (self._route, self._fingerprint):
            raise InvalidRequest([Fault("idempotency_key_reused", parameter="Idempotency-Key")])
        body = json.loads(found.body)
        return JSONResponse(body, found.status, {**_headers(headers, body), REPLAYED: "true"})


async def once(
    request: Request,
    response: Response,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="8 to 128 visible ASCII characters, new for each request; the same request with the same key "
            "within 24 hours gets the same answer and does nothing again",
        ),
    ] = None,
) -> Once:
    """Read the key of a request."""
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequest([Fault("bad_idempotency_key", parameter="Idempotency-Key")])
    digest = hashlib.sha256()
    for part in (request.scope["path"].encode("utf-8", "replace"), request.scope["query_string"]):
        digest.update(len(part).to_bytes(8) + part)
    digest.update(await request.body())
    return Once(request, response, key, digest.hexdigest())


OnceOnly = Annotated[Once, Depends(once)]

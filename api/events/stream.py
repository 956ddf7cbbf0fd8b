"""A stream of server-sent events for one reader, for as long as they may hear it."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.deps import Context
from api.events.feed import Feed
from api.events.places import Places
from api.events.reading import page, reader_of, shown, sight
from gridmap.domain.access import Permission, Principal
from gridmap.domain.events import Happened, Whose
from gridmap.errors import GridmapError
from gridmap.services.ports import EventMark

#: Seconds after which a reader to whom nothing happened hears that the stream is alive, and where it is.
HEARTBEAT_S = 15.0
#: Seconds between two looks whether the reader may still listen.
_AGAIN_S = 0.5
#: Seconds in which a reader must take what was sent.
_PATIENCE_S = 20.0
#: Events read from the store at once for who is far behind.
_PART = 500
#: Milliseconds after which a browser comes back whose stream was cut.
_RETRY_MS = 2_000

#: The event that tells where units are; it has no place, so a reader goes on from that of the last other event.
MOVED = "patrols.moved"

#: In the state of a request, where the server has it: set when the process is told to stop.
ENDING = "ending"

Again = Callable[[], Awaitable[Principal | None]]


class EventStream(Response):
    """What happens after a place, until the reader leaves, may no longer listen, or the service stops.

    Parameters
    ----------
    again : callable
        Gives who listens, as it is now; None: their token is no longer good.
    leave : callable
        Called at the end.
    positions : bool
        Tell also where units are: first all of them, then those that moved.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        whole: Context,
        feed: Feed,
        principal: Principal,
        after: int,
        mark: EventMark,
        *,
        again: Again,
        leave: Callable[[], None],
        positions: bool = False,
        threads: Executor | None = None,
    ) -> None:
        self._whole = whole
        self._feed = feed
        self._principal = principal
        self._after = after
        self._mark = mark
        self._again = again
        self._leave = leave
        self._threads = threads
        self._positions = feed.positions if positions else None
        #: Up to where positions were sent, and in whose areas; None: none yet.
        self._turn: int | None = None
        self._seen_in: Whose = ()
        super().__init__(headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        ending = scope.get("state", {}).get(ENDING)
        self._feed.join()
        if self._positions is not None:
            self._positions.join()
        gone = asyncio.create_task(_left(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send(send, f"retry: {_RETRY_MS}\n{self._place()}")
            await self._serve(send, lambda: gone.done() or (ending is not None and ending.is_set()))
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            pass  # who does not take what is sent is let go
        finally:
            gone.cancel()
            if self._positions is not None:
                self._positions.leave()
            self._feed.leave()
            self._leave()

    async def _serve(self, send: Send, over: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        said = loop.time()
        while not over():
            principal = await self._again()
            day = self._whole.day(None)
            if principal is None or principal.reach(Permission.GRIDS_READ, day).nowhere:
                return
            self._principal = principal
            text = await self._new() + await self._moved()
            if text:
                await self._send(send, text)
            elif loop.time() - said >= HEARTBEAT_S:
                await self._send(send, f": here\n{self._place()}")
            else:
                await self._feed.wait(_AGAIN_S)
                continue
            said = loop.time()

    async def _new(self) -> str:
        """Give what is new to the reader, and go on behind it; empty: nothing."""
        found = self._feed.since(self._after)
        if found == []:
            self._after = max(self._after, self._feed.newest or 0)  # what passed by is not for it
            return ""
        loop = asyncio.get_running_loop()
        try:
            mine = await loop.run_in_executor(self._threads, sight, self._whole, self._principal)
            if found is None:
                read = await loop.run_in_executor(self._threads, page, self._whole, mine, self._after, _PART)
                found, self._after = read.events, read.last
            else:
                self._after = found[-1].number
                found = [happened for happened in found if mine.shows(happened.event)]
        except GridmapError:  # the store is away: it goes on where it was once that is back
            await asyncio.sleep(_AGAIN_S)
            return ""
        places = self._places()
        return "".join(_written(happened, places) for happened in found)

    async def _moved(self) -> str:
        """Give where units are that moved, cut to the sight of the reader; all of them where that is another one."""
        board = self._positions
        if board is None or not board.whole or board.turn == self._turn:
            return ""
        try:
            loop = asyncio.get_running_loop()
            mine = await loop.run_in_executor(self._threads, sight, self._whole, self._principal)
        except GridmapError:
            return ""
        whole = self._turn is None or self._seen_in != mine.patrols
        found = board.since(0 if whole or self._turn is None else self._turn)
        texts = [position.text for position in found if mine.shows_unit(position.set_name, position.grid_code)]
        was, self._turn, self._seen_in = self._seen_in, board.turn, mine.patrols
        # who sees no unit at all is not even told that one moved
        if not texts and not (whole and (mine.patrols != () or was != ())):
            return ""
        said = f'{{"whole":{"true" if whole else "false"},"units":[{",".join(texts)}]}}'
        return f"event: {MOVED}\ndata: {said}\n\n"

    def _places(self) -> Places:
        return Places(self._feed.mark.key or self._mark.key, reader_of(self._principal))

    def _place(self) -> str:
        """Give the lines that only say where the reader is."""
        return f"id: {self._places().seal(self._after)}\n\n"

    async def _send(self, send: Send, text: str) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            await send({"type": "http.response.body", "body": text.encode("utf-8"), "more_body": True})


def _written(happened: Happened, places: Places) -> str:
    out = shown(happened, places)
    return f"id: {out.id}\nevent: {out.kind}\ndata: {out.model_dump_json()}\n\n"


async def _left(receive: Receive) -> None:
    """Wait until the reader leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass

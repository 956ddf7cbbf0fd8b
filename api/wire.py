"""The wire: uvicorn's fast HTTP/1.1 protocol, with a limit to what a client may send before it says anything.

The parser keeps a head until it is complete, however long, and the app's own limits are asked only then. ``gridmap
serve`` names this protocol to uvicorn; with another server the app works as well, behind that server's own limits.
"""

import asyncio
import threading

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.events.stream import ENDING

#: Bytes of an unfinished head (or of trailers) that are taken.
MOST_UNFINISHED = 32_768
#: Seconds in which a head must be complete, from the connection or from its first byte. For bodies the app has its own.
HEAD_DEADLINE_S = 10.0
_SAID = b"The head of the request took too long to arrive."
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_SAID), _SAID)
)


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection on which bytes come and come, or time passes, but no head ends and no body moves on."""

    _unfinished = 0
    _moved = False
    _head_timer: asyncio.TimerHandle | None = None

    def shutdown(self) -> None:
        """End: streams that are open look at this, all else comes to an end by itself."""
        self.app_state.setdefault(ENDING, threading.Event()).set()
        super().shutdown()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; it must say something soon."""
        # one for all connections: each request gets a copy of the state, with this in it
        self.app_state.setdefault(ENDING, threading.Event())
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_DEADLINE_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that a connection is gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        # answers to earlier requests may still be under way; ours would stand in the middle of them
        if self._unfinished and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(_TOO_SLOW)
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._moved = False
        super().data_received(data)
        if self._moved:
            self._unfinished = 0
            return
        self._unfinished += len(data)
        if self._head_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._head_timer = self.loop.call_later(HEAD_DEADLINE_S, self._give_up)
        if self._unfinished > MOST_UNFINISHED and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.send_400_response("The head of the request is too large.")
            else:
                self.transport.close()

    def on_headers_complete(self) -> None:
        """Note that a head is complete."""
        self._moved = True
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note that a body moves on."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is complete."""
        self._moved = True
        super().on_message_complete()

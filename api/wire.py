"""The wire: uvicorn's fast HTTP/1.1 protocol, with a limit to what a client may send before it says anything.

The parser keeps a head until it is complete, however long, and the app's own limits are asked only then. ``gridmap
serve`` names this protocol to uvicorn; with another server the app works as well, behind that server's own limits.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes of an unfinished head (or of trailers) that are taken.
MOST_UNFINISHED = 32_768


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection on which bytes come and come, but no head is completed and no body moves on."""

    _unfinished = 0
    _moved = False

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        self._moved = False
        super().data_received(data)
        if self._moved:
            self._unfinished = 0
            return
        self._unfinished += len(data)
        if self._unfinished > MOST_UNFINISHED and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.send_400_response("The head of the request is too large.")
            else:
                self.transport.close()

    def on_headers_complete(self) -> None:
        """Note that a head is complete."""
        self._moved = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Note that a body moves on."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that a request is complete."""
        self._moved = True
        super().on_message_complete()

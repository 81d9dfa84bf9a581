"""Connections of clients that send or take too slowly are closed, which uvicorn leaves to a proxy.

uvicorn closes a connection that is idle between two requests. It waits for ever for the rest of a request's headers,
which it keeps however long they grow, for the rest of a body that nobody reads, and for a client that does not take its
answer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEADER_BYTES = 32_768
"""Longest address and headers of one request; longer ones are answered 400."""


class HeadersTooLong(Exception):
    """Raised inside the parser, which answers 400."""


def protocol_for(seconds: float) -> type[HttpToolsProtocol]:
    """uvicorn's protocol with a limit of so many seconds for headers, for a body, and for a client to take some bytes.

    Who reads a body answers 408 by itself; the limit for it is a second longer here, so that this answer goes out.
    """
    return type("Protocol", (_Impatient,), {"seconds": seconds})


class _Impatient(HttpToolsProtocol):
    seconds: float

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._arriving: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._waiting_for_headers = True
        self._header_bytes = self._header_bytes_kept = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect(self.seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._waiting_for_headers:  # then all of it was headers, or ended the body of the request before
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
                self.send_400_response("The headers are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = self._header_bytes_kept = 0
        self._waiting_for_headers = True
        self._expect(self.seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes_kept += len(name) + len(value)
        if self._header_bytes_kept > MAX_HEADER_BYTES:  # trailers behind a body come by here as well
            raise HeadersTooLong
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._waiting_for_headers = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEADER_BYTES:
            raise HeadersTooLong
        self._expect(self.seconds + 1)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._cancel_arriving()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._leaving = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _expect(self, seconds: float) -> None:
        self._cancel_arriving()
        self._arriving = self.loop.call_later(seconds, self.transport.close)

    def _cancel_arriving(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _cancel(self) -> None:
        self._cancel_arriving()
        if self._leaving is not None:
            self._leaving.cancel()

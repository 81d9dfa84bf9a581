"""HTTP/1.1 on a connection, for uvicorn's Server: requests one after the other, and no patience with slow clients.

It does what uvicorn's own protocol on httptools does, without what the gateway does not need, at half its cost. Beyond
that, a connection ends where headers, a body or the taking of an answer last too long, or where headers, chunks'
extensions or trailers are too long; and an answer under way is never interrupted by the refusal of what follows it.
"""

import asyncio
import contextvars
import logging
import math
from collections import deque
from typing import Any, Final

from starlette.types import Scope
from uvicorn import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from gateway.http.answer import STATUS_LINES, header_lines
from gateway.http.arrival import Arrival, NotTaken
from gateway.http.exchange import MOST_HELD_BYTES, Exchange
from gateway.http.patience import Patience

MAX_PIPELINED: Final = 100
"""Requests that a client may send ahead in one go; more are refused once those before are answered."""

_REFUSAL: Final = (
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 30\r\nconnection: close\r\n\r\n"
    b"Invalid HTTP request received."
)

logger = logging.getLogger(__name__)


def protocol_for(seconds: float) -> type["Connection"]:
    """The protocol with a limit of so many seconds for headers, for a body, and for a client to take some bytes.

    Who reads a body answers 408 by itself; the limit for it is a second longer here, so that this answer goes out.
    """
    return type("Protocol", (Connection,), {"seconds": seconds})


class Connection(Patience):
    """A client, whose requests are answered one by one."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(_loop or asyncio.get_running_loop())
        self._app, self._keep_alive_seconds = config.loaded_app, config.timeout_keep_alive
        self._state, self._app_state = server_state, app_state
        self._default_headers: list[tuple[bytes, bytes]] = []
        self._default_lines = b""
        self._context = contextvars.copy_context()
        self._current: Exchange | None = None
        self._waiting: deque[tuple[Exchange, Scope]] = deque()
        self._ahead = bytearray()  # what has come while requests wait, and is not looked at yet
        self._paused = False
        self._deaf = False  # nothing more is taken
        self._refusal: int | None = None  # its status, where all that were taken must be answered first

    # What the transport calls, and the server.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        super().connection_made(transport)
        self._state.connections.add(self)  # type: ignore[arg-type]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "server": get_local_addr(self._transport),
            "client": get_remote_addr(self._transport),
            "scheme": "https" if is_ssl(self._transport) else "http",
            "root_path": "",
        }
        self._arrival = Arrival(self, scope, self._app_state)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, whoever ended it."""
        super().connection_lost(exc)
        self._state.connections.discard(self)
        if self._current is not None:
            self._current.lose()
        self._current = None
        self._waiting.clear()
        self._arrival.end()
        del self._arrival  # it refers back

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        if self._deaf:
            return
        if self._waiting:
            self._ahead += data
            if len(self._ahead) > MOST_HELD_BYTES:  # from here on nobody would notice that the client goes away
                self.pause_reading()
            return
        try:
            self._arrival.feed(data)
        except NotTaken as reason:
            logger.warning("a request that is not clear, or too long")
            self._refuse(reason.status)

    def shutdown(self) -> None:
        """The server leaves: an answer under way is this connection's last."""
        if self._current is None:
            self.close()
        else:
            self._current.keep_alive = False

    # What arrives.

    def head_begins(self) -> None:
        """The first byte of a request has come."""
        if not self._waiting:  # else nothing more is looked at, and nobody is late
            self.wait(self.seconds)

    def asked(self, exchange: Exchange, scope: Scope) -> None:
        """A request's head has come. Raises NotTaken where too many wait already."""
        if self._current is None:
            self.wait(self.seconds + 1)
            self._begin(exchange, scope)
        elif len(self._waiting) < MAX_PIPELINED:
            self.wait(math.inf)
            self._waiting.append((exchange, scope))
        else:
            raise NotTaken(400)

    def request_ends(self) -> None:
        """All of a request has come."""
        if self._current is not None:
            self._until = math.inf
        else:
            self.wait(self._keep_alive_seconds)

    def pause_reading(self) -> None:
        """Takes nothing more of the client until it is told to read on."""
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    # What an exchange calls.

    def read_on(self) -> None:
        """Takes more of the client, unless it has requests waiting already."""
        if self._paused and not self._waiting and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def late(self) -> None:
        """The client is too slow: it is heard no longer, and gets what it has asked for already."""
        if self._current is None or not self._current.whole:
            self.close()
        else:
            self._deaf, self._current.keep_alive = True, False
            self.wait(math.inf)

    def close(self) -> None:
        """Ends the connection once what was written is taken."""
        super().close()
        self._waiting.clear()
        self._deaf = True

    def answered(self, exchange: Exchange) -> None:
        """The answer is complete; the next request's turn, if there is one."""
        self._state.total_requests += 1
        self._current = None
        if self._transport.is_closing():
            return
        if not exchange.keep_alive:
            self.close()
        elif self._waiting:
            self._current, scope = self._waiting.popleft()
            self._loop.call_soon(self._begin, self._current, scope)
            if not self._waiting:
                self._catch_up()
        elif self._refusal is not None:
            self._end_refusing(self._refusal)
        else:
            self.read_on()
            if not self._arrival.arriving:
                self.wait(self._keep_alive_seconds)

    @property
    def default_lines(self) -> bytes:
        """What every answer says; uvicorn makes it anew each second, as the date is in it."""
        if self._default_headers is not self._state.default_headers:
            self._default_headers = self._state.default_headers
            self._default_lines = header_lines(self._default_headers)[0]
        return self._default_lines

    def _begin(self, exchange: Exchange, scope: Scope) -> None:
        if not exchange.gone:
            self._current = exchange
            # Within the context of this connection, not of another request, whose end this may be.
            exchange.start(self._app, scope, self._state.tasks, self._context.copy())

    def _catch_up(self) -> None:
        """Looks at what has come meanwhile; a request that has begun to arrive has its time from here on."""
        if self._arrival.arriving:
            self.wait(self.seconds + 1)
        ahead, self._ahead = bytes(self._ahead), bytearray()
        self.read_on()
        self.data_received(ahead)

    def _refuse(self, status: int) -> None:
        """Takes nothing more, and says so once all before is answered, unless it would be a second answer."""
        self._deaf = True
        broken = self._arrival.newest
        if broken is not None and not broken.whole:  # its head was all right, and its body is not
            if self._waiting:
                self._waiting.pop()
            elif broken.begun:
                self.close()
                return
            else:
                self._current = None
                broken.lose()
        if self._current is None:
            self._end_refusing(status)
        else:
            self._refusal = status
            self.wait(math.inf)  # whoever is late now is not the client

    def _end_refusing(self, status: int) -> None:
        self.write(STATUS_LINES[status] + self.default_lines + _REFUSAL)
        self.close()

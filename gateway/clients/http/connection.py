"""A connection to a legacy system: one request at a time, and nothing is believed that was not asked for."""

import asyncio
import select
import struct
from fcntl import ioctl
from termios import FIONREAD
from typing import TYPE_CHECKING, Final, cast

from gateway.clients.http.failures import CannotConnect, ConnectionLost, HttpFailure, NotHttp
from gateway.clients.http.response import Response

if TYPE_CHECKING:
    from gateway.clients.http.pool import Pool
    from gateway.clients.http.request import Origin

_INT: Final = struct.Struct("i")
_SHORT_BYTES: Final = 65_536
"""Bytes of a request that a socket takes at once."""


class Connection(asyncio.Protocol):
    """Tells its pool when it is free again, and when it is over."""

    def __init__(self, pool: "Pool", origin: "Origin") -> None:
        self.origin = origin
        self.free_since = 0.0
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Response] | None = None
        self._response: Response | None = None
        self._failure: HttpFailure | None = None
        self._asked_bytes = 0

    # What the pool calls.

    async def settle(self) -> None:
        """Ends a new connection on which the other side speaks first, which would be taken for the first answer."""
        for _ in range(2):
            await asyncio.sleep(0)
        # TLS may have tickets to read, which are no answer. Where there is nothing to read, the other side has hung up.
        if not self.origin.tls and not self.is_over and not self.is_usable():
            self._failure = NotHttp() if self._unread_bytes() else CannotConnect()
            self.abort(self._failure)

    def ask(self, request: bytes, response: Response) -> "asyncio.Future[Response]":
        """Sends a request; `response` is what reads its answer, and is given once that is whole.

        Raises the HttpFailure of the answer, or of the connection. Who gives the wait up is to tell `give_up`.
        """
        answer: asyncio.Future[Response] = self._loop.create_future()
        if self.is_over:
            answer.set_exception(self._failure or CannotConnect())
            return answer
        self._answer, self._response, self._asked_bytes = answer, response, len(request)
        self._transport.write(request)
        return answer

    def give_up(self, answer: "asyncio.Future[Response]") -> None:
        """Nobody waits for that answer any more; where it is still to come, nothing else can be asked here."""
        if self._answer is answer:
            self.abort(ConnectionLost())

    def is_usable(self) -> bool:
        """Whether a request may be sent: it is open, and nothing lies in the socket that nobody asked for."""
        return not (self.is_over or self._unread.poll(0))

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Ends a connection that is free, with TLS's farewell."""
        self._transport.close()

    def abort(self, failure: HttpFailure) -> None:
        """Ends it at once; a request under way fails so."""
        self._transport.abort()
        self._fail(failure)

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one but in name
        self._unread = select.poll()
        self._unread.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        if self._response is None:
            self._failure = NotHttp()  # an answer that nobody asked for must not become that to the next request
            self._transport.abort()
            return
        try:
            whole = self._response.feed(data)
        except HttpFailure as failure:
            self.abort(failure)
            return
        if whole:
            self._answered(self._response)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over, whoever ended it."""
        self._pool.lost(self)
        if self._response is None:
            return
        try:
            self._response.end(in_order=exc is None)
        except HttpFailure as failure:
            self._fail(failure)
        else:
            self._response.keep_alive = False
            self._answered(self._response)

    def _unread_bytes(self) -> int:
        socket = self._transport.get_extra_info("socket")
        return _INT.unpack(ioctl(socket.fileno(), FIONREAD, bytes(_INT.size)))[0]  # type: ignore[no-any-return]

    def _answered(self, response: Response) -> None:
        answer, self._answer, self._response = self._answer, None, None
        assert answer is not None
        # A request of which not all is written, or that nobody waits for, leaves the connection in doubt. TLS does not
        # tell what is not written yet; what is short is taken at once.
        unsure = self._transport.get_write_buffer_size() or (self.origin.tls and self._asked_bytes > _SHORT_BYTES)
        if not response.keep_alive or answer.done() or unsure:
            self._transport.abort()
        else:
            self._pool.keep(self)
        if not answer.done():
            answer.set_result(response)

    def _fail(self, failure: HttpFailure) -> None:
        answer, self._answer, self._response = self._answer, None, None
        if answer is not None and not answer.done():
            answer.set_exception(failure)

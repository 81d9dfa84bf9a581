"""One HTTP request and its answer: what an ASGI application receives and sends, between it and a connection."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Scope

from gateway.http.answer import STATUS_LINES, header_lines

if TYPE_CHECKING:
    from gateway.http.connection import Connection

EXTENSION: Final = "gateway.exchange"
"""Where a scope's `extensions` hold its Exchange; other servers put nothing there."""
MOST_HELD_BYTES: Final = 65_536
"""So much of a body waits to be read; no more is taken from the client then."""

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_FAILURE: Final = {
    "status": 500,
    "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")],
}
_WITHOUT_BODY: Final = frozenset({204, 304})

logger = logging.getLogger(__name__)


class Exchange:
    """Has the application asked once. An answer's head goes out together with the first piece of its body.

    Besides ASGI it offers what spares a request waiting for what is there already (`whole_body`), and a task that
    watches for the client (`when_gone`).
    """

    # Whether the client is away; all of the request's body has arrived; the answer is on its way; all of it is.
    gone = whole = begun = answered = False

    def __init__(
        self, connection: "Connection", *, keep_alive: bool, is_head: bool, knows_chunks: bool, awaits_continue: bool
    ) -> None:
        self.keep_alive = keep_alive
        self._connection = connection
        self._task: asyncio.Task[None] | None = None
        self._leave: Callable[[], object] | None = None
        self._news: asyncio.Event | None = None
        # The request's body: what has arrived and is not read, and whether all is read.
        self._pieces: list[bytes] = []
        self._held, self._read = 0, False
        self._awaits_continue = awaits_continue
        # The answer: its start, which waits for the first piece; then how its end is told, and how much is to come.
        self._head: Message | None = None
        self._bodiless, self._knows_chunks, self._chunked = is_head, knows_chunks, False
        self._missing: int | None = None

    def start(self, app: ASGIApp, scope: Scope, tasks: set[asyncio.Task[None]], context: Context) -> None:
        """Has the application answer, in a task in that context that is among `tasks` meanwhile."""
        task = self._task = asyncio.get_running_loop().create_task(self._run(app, scope, tasks), context=context)
        tasks.add(task)

    def take(self, piece: bytes) -> bool:
        """Some of the body has arrived; whether too much of it waits by now."""
        if self.answered:
            return False  # nobody will read it
        self._pieces.append(piece)
        self._held += len(piece)
        if self._news is not None:
            self._news.set()
        return self._held > MOST_HELD_BYTES

    def complete(self) -> None:
        """All of the body has arrived."""
        self.whole = True
        if self._news is not None:
            self._news.set()

    def lose(self) -> None:
        """The client is gone: there is nothing to read, and nobody to send to."""
        if self.gone:
            return
        self.gone = True
        if self._news is not None:
            self._news.set()
        if self._leave is not None:
            self._leave()

    def whole_body(self) -> bytes | None:
        """All of the body where it has arrived, and then it counts as read; None where it must be received."""
        return self._take_pieces() if self.whole and not (self._read or self.gone) else None

    def when_gone(self, leave: Callable[[], object] | None) -> None:
        """Has that called when the client goes away; None ends that."""
        self._leave = leave
        if leave is not None:
            self._connection.read_on()  # else nobody would notice

    async def receive(self) -> Message:
        """As ASGI has it: the body, as much of it as is there; once the client or the answer is at an end, that."""
        while not (self.gone or self.answered):
            if self._pieces or (self.whole and not self._read):
                return {"type": "http.request", "body": self._take_pieces(), "more_body": not self.whole}
            if self._awaits_continue and not self.begun:
                self._connection.write(_CONTINUE)
            self._awaits_continue = False
            self._connection.read_on()
            self._news = self._news or asyncio.Event()
            self._news.clear()
            await self._news.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """As ASGI has it; waits while the client takes nothing, and drops what comes once it is gone."""
        if self._connection.writable is not None:
            await self._connection.writable.wait()
        if self.gone:
            return
        wanted = "http.response.start" if self._head is None else "http.response.body"
        if message["type"] != wanted or self.answered:
            raise RuntimeError(f"{message['type']} cannot be sent now")
        if self._head is None:
            self._head = message
        else:
            self._write(message.get("body", b""), more=message.get("more_body", False))

    async def _run(self, app: ASGIApp, scope: Scope, tasks: set[asyncio.Task[None]]) -> None:
        try:
            await app(scope, self.receive, self.send)
            if not (self.answered or self.gone):
                logger.error("the application ended before its answer")
        except (Exception, asyncio.CancelledError) as error:  # the last line of defence of whatever is served
            logger.error("the application failed", exc_info=error)
        finally:
            assert self._task is not None
            tasks.discard(self._task)
            self._task = None  # it refers to this
        if not (self.answered or self.gone):
            self._give_up()

    def _give_up(self) -> None:
        """An error where nothing has been sent; else the connection ends, so that nobody takes a part for the whole."""
        if self.begun:
            if self._chunked or self._missing is not None:
                self._connection.close()
            else:
                self._connection.abort()  # a close would be the end of this answer
        else:
            self._head = _FAILURE
            self._write(b"Internal Server Error", more=False)

    def _take_pieces(self) -> bytes:
        body = b"".join(self._pieces)
        self._pieces.clear()
        self._held, self._read = 0, self.whole
        return body

    def _write(self, piece: bytes, *, more: bool) -> None:
        parts = [] if self.begun else self._first_lines(None if more else len(piece))
        if self._chunked:
            parts += (b"%x\r\n" % len(piece), piece, b"\r\n") if piece else ()
            parts += () if more else (b"0\r\n\r\n",)
        elif not self._bodiless:
            parts.append(piece)
            if self._missing is not None:
                self._missing -= len(piece)
                if self._missing < 0 or (self._missing and not more):
                    raise RuntimeError("the answer is not as long as announced")
        self.begun = True
        self._connection.write(b"".join(parts))
        if not more:
            self.answered = True
            self._pieces.clear()
            if self._news is not None:
                self._news.set()
            self._connection.answered(self)

    def _first_lines(self, length: int | None) -> list[bytes]:
        """Status and headers, and how the body's end is told: by its length, where known, or by chunks."""
        assert self._head is not None
        status, (own, announced, closing) = self._head["status"], header_lines(self._head.get("headers", ()))
        lines = [STATUS_LINES[status], self._connection.default_lines, own]
        if closing or (self._awaits_continue and not self.whole):
            self.keep_alive = False  # whether that body still comes is the client's choice, and not known here
        if not (self.keep_alive or closing):
            lines.append(b"connection: close\r\n")
        self._bodiless = self._bodiless or status in _WITHOUT_BODY
        self._missing = length if announced is None else announced
        if announced is None and not self._bodiless:
            if length is not None:
                lines.append(b"content-length: %d\r\n" % length)
            elif self._knows_chunks:
                self._chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        return lines

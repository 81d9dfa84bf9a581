"""A server written by hand, which says exactly the bytes that a test wants it to say, when it wants it to."""

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

MOST_BYTES = 8 * 1024 * 1024
SECONDS = 30.0
"""For what must come about at some time."""


def answer(body: bytes, *headers: str) -> bytes:
    """An answer with its length."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: text/plain", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclass
class Peer:
    """The server's end of a connection."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[bytes] = field(default_factory=list)
    has_asked: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def request(self) -> bytes:
        """The next request, head and body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        _, _, length = head.lower().partition(b"content-length: ")
        body = await self.reader.readexactly(int(length.partition(b"\r\n")[0])) if length else b""
        self.requests.append(head + body)
        self.has_asked.set()
        return head + body

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def write_at_once(self, data: bytes) -> None:
        """Into the client's socket before the client's loop can look there."""
        os.write(self._fileno, data)

    def leave_at_once(self) -> None:
        """As `write_at_once` does."""
        with socket.socket(fileno=os.dup(self._fileno)) as copy:
            copy.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """A reset instead of a farewell."""
        with socket.socket(fileno=os.dup(self._fileno)) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        """Reads until the client has closed its end."""
        with suppress(OSError):
            while await self.reader.read(65_536):
                pass
        self.gone.set()

    @property
    def _fileno(self) -> int:
        number: int = self.writer.get_extra_info("socket").fileno()
        return number


@dataclass
class LegacyServer:
    """Those who came, in turn."""

    url: str
    peers: list[Peer] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def have_come(self, number: int) -> list[Peer]:
        """Waits for so many connections."""
        async with self.news:
            await self.news.wait_for(lambda: len(self.peers) >= number)
        return self.peers

    @property
    def requests(self) -> list[bytes]:
        return [each for peer in self.peers for each in peer.requests]


@asynccontextmanager
async def serving(
    serve: Callable[[Peer], Awaitable[None]],
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    seconds: float | None = SECONDS,
) -> AsyncIterator[LegacyServer]:
    """A server that does that for every connection."""
    legacy, working = LegacyServer(""), set[asyncio.Task[None]]()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        working.add(task)
        peer = Peer(len(legacy.peers), reader, writer)
        try:
            legacy.peers.append(peer)
            async with legacy.news:
                legacy.news.notify_all()
            await serve(peer)
        except (asyncio.IncompleteReadError, OSError):
            peer.gone.set()  # the client left instead of asking
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()
            working.discard(task)

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    legacy.url = f"{'http' if tls is None else 'https'}://{shown}:{port}"
    try:
        async with asyncio.timeout(seconds):
            yield legacy
    finally:
        server.close()
        for task in list(working):
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def echo(peer: Peer) -> None:
    """Answers every request with what stands behind the last slash of its address."""
    while True:
        await peer.write(answer(asked(await peer.request())))


def asked(request: bytes) -> bytes:
    """What stands behind the last slash of a request's address."""
    return request.split(b" ", 2)[1].rpartition(b"/")[2]

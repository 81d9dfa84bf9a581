"""A server on a real port with an application that tells what it was asked, and clients that write bytes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from gateway.commands.listening import Server, listen
from tests.http.held_time import HeldTime

SECONDS = 30.0
"""For what must come about at some time."""
HUGE = b"x" * 60_000_000
PIECE = b"x" * 65_536
PIECES = 500
MARK = ContextVar("mark", default=b"unmarked")


class Application:
    """Answers by path; `asked` are the requests whose body came to its end, by path and body."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.left = asyncio.Event()
        self.pieces = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        assert scope["type"] == "http"
        self.begun.set()
        answer = getattr(self, "on_" + scope["path"].strip("/"), self.on_echo)
        await answer(scope, receive, send)

    async def on_echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Method, path and body, once the body is there."""
        body, message = b"", await receive()
        while message["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
            message = await receive()
        else:
            return
        self.asked.append((scope["path"], body))
        self.headers.append({name.decode(): value.decode("latin-1") for name, value in scope["headers"]})
        await respond(send, f"{scope['method']} {scope['path']} ".encode() + body)

    async def on_early(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers without a look at the body."""
        await respond(send, b"early")

    async def on_bare(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers without headers."""
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"bare"})

    async def on_huge(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with more than any socket holds, in one piece."""
        await respond(send, HUGE)

    async def on_mark(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tells what is in its context, and leaves something there."""
        found = MARK.get()
        MARK.set(b"marked")
        await respond(send, found)

    async def on_held(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers once the gate is open."""
        await self.gate.wait()
        await respond(send, b"held")

    async def on_slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes longer than a short limit, and does not look at its client."""
        await asyncio.sleep(2)
        await respond(send, b"slow")

    async def on_left(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Never answers; sees the client go."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left.set()

    async def on_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with many pieces and no length."""
        await send(start(200))
        for _ in range(PIECES):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            self.pieces += 1
        await send({"type": "http.response.body", "body": b"end"})
        self.left.set()

    async def on_pieces(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with a few pieces and no length; an empty one is none."""
        await send(start(200))
        for piece in (b"one ", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def on_breaks(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Fails in the middle of its answer."""
        await send(start(200))
        await send({"type": "http.response.body", "body": b"some", "more_body": True})
        raise RuntimeError

    async def on_ends(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ends in the middle of its answer."""
        await send(start(200, length=10))
        await send({"type": "http.response.body", "body": b"some", "more_body": True})

    async def on_fails(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Fails before anything is on its way."""
        await send(start(200))
        raise RuntimeError

    async def on_silent(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers nothing."""

    async def on_injects(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Puts a line break into a header."""
        await send(start(200, more=[(b"x-name", b"a\r\nSet-Cookie: b=c")]))
        await send({"type": "http.response.body", "body": b""})

    async def on_longer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends more than it announces."""
        await send(start(200, length=3))
        await send({"type": "http.response.body", "body": b"four"})

    async def on_unchanged(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An answer that has no body by its status."""
        await send(start(304))
        await send({"type": "http.response.body"})


def start(status: int, *, length: int | None = None, more: list[tuple[bytes, bytes]] | None = None) -> Message:
    """How an answer begins."""
    headers = [(b"content-type", b"text/plain"), *(more or [])]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


async def respond(send: Send, body: bytes) -> None:
    await send(start(200, length=len(body)))
    await send({"type": "http.response.body", "body": body})


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Client:
    """A connection on which bytes are written, whatever they are."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def line(self) -> bytes:
        """The next line."""
        return await asyncio.wait_for(self.reader.readline(), SECONDS)

    async def answer(self, *, to_head: bool = False) -> Answer:
        """The next answer, to its announced end."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), SECONDS)).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        assert first.startswith("HTTP/1.1 ")
        headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert len(headers) == len(lines), "a header twice"
        return Answer(int(first.split()[1]), headers, b"" if to_head else await self._body(headers))

    async def rest(self) -> bytes:
        """All that comes until the server closes; a reset is a close."""
        pieces = []
        try:
            while piece := await asyncio.wait_for(self.reader.read(1 << 20), SECONDS):
                pieces.append(piece)
        except ConnectionError:
            pass
        return b"".join(pieces)

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            length = int(headers.get("content-length", "0"))
            return await asyncio.wait_for(self.reader.readexactly(length), SECONDS)
        body = b""
        while size := int(await self.line(), 16):
            body += await asyncio.wait_for(self.reader.readexactly(size), SECONDS)
            assert await self.line() == b"\r\n"
        assert await self.line() == b"\r\n"
        return body


@dataclass
class Serving:
    """A running server."""

    app: Application
    server: Server
    port: int
    ended: "asyncio.Task[None]"
    clients: list[Client] = field(default_factory=list)

    async def connect(self, *sent: bytes, **options: Any) -> Client:
        """A client that has sent that."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, **options))
        self.clients.append(client)
        for each in sent:
            await client.send(each)
        return client

    async def until_nobody_is_connected(self) -> None:
        async with asyncio.timeout(SECONDS):
            while self.server.server_state.connections or self.server.server_state.tasks:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(*, slow_client_seconds: float = SECONDS, time: HeldTime | None = None) -> AsyncIterator[Serving]:
    """Serves until the end; connections keep to that time, where one is given."""
    sock = listen("127.0.0.1", 0)
    started, app = asyncio.Event(), Application()
    server = Server(app, started.set, grace_seconds=1, slow_client_seconds=slow_client_seconds)
    server.config.lifespan = "off"
    if time is not None:
        protocol: Any = server.config.http
        server.config.http = lambda **given: protocol(**(given | {"_loop": time}))  # type: ignore[assignment]
    running = Serving(app, server, sock.getsockname()[1], asyncio.create_task(server.serve(sockets=[sock])))
    await started.wait()
    yield running
    app.gate.set()
    for client in running.clients:
        client.writer.close()
    server.should_exit = True
    await running.ended


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    """A request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: a", *headers, "\r\n"]).encode()


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A request with a body of announced length."""
    return get(path, *headers, f"Content-Length: {len(body)}", method="POST") + body


def chunked(path: str, *chunks: bytes, headers: tuple[str, ...] = ()) -> bytes:
    """A request with a body in chunks; the last one must be among them."""
    return get(path, *headers, "Transfer-Encoding: chunked", method="POST") + b"".join(chunks)

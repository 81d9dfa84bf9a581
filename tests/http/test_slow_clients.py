"""Clients that send or take too slowly, over raw sockets; the limit is short, and waiting longer changes nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.commands.listening import Server, listen
from tests.http.held_time import HeldTime
from tests.http.serving import HUGE, SECONDS, get, post, serving

LONG = 30.0  # for what must come about at some time


async def _small(_: Request) -> Response:
    return PlainTextResponse("small")


async def _huge(_: Request) -> Response:
    return PlainTextResponse("x" * 50_000_000)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server that waits for a fifth of a second."""
    sock = listen("127.0.0.1", 0)
    app = Starlette(routes=[Route("/", _small, methods=["GET", "POST"]), Route("/huge", _huge)])
    started = asyncio.Event()
    server = Server(app, started.set, grace_seconds=1, slow_client_seconds=0.2)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await started.wait()
    yield sock.getsockname()[1]
    server.should_exit = True
    await serving


async def until_closed(port: int, *sent: bytes) -> bytes:
    """What comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for each in sent:
        writer.write(each)
        await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), LONG)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: aaa"]
)
async def test_headers_that_do_not_come(port: int, sent: bytes) -> None:
    assert await until_closed(port, sent) == b""


async def test_headers_that_come_a_letter_at_a_time(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n")

    async def drip() -> None:
        while True:
            writer.write(b"X-A: b\r\n")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    assert await asyncio.wait_for(reader.read(), LONG) == b""
    dripping.cancel()
    writer.close()


async def test_a_body_that_nobody_reads_and_that_does_not_end(port: int) -> None:
    answer = await until_closed(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("line", [b"X-Long: " + b"a" * 70_000, b"X-Short: a\r\n" * 4_500])
async def test_headers_that_are_too_long(port: int, line: bytes) -> None:
    whole = await until_closed(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n")
    assert whole.startswith(b"HTTP/1.1 431")
    unfinished = await until_closed(port, b"GET / HTTP/1.1\r\nHost: a\r\n" + line)
    assert unfinished.startswith(b"HTTP/1.1 431")


async def test_a_client_that_does_not_take_its_answer(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
    writer.write(b"GET /huge HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readline()  # it has begun; from here on nothing is taken but what the sockets hold
    await asyncio.sleep(1)
    with pytest.raises(asyncio.IncompleteReadError):  # the rest was given up
        try:
            await asyncio.wait_for(reader.readexactly(49_000_000), LONG)
        except ConnectionError as error:
            raise asyncio.IncompleteReadError(b"", None) from error
    writer.close()


@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["stays", "closes"])
async def test_a_client_that_takes_some_of_its_answer_in_time_gets_all_of_it(headers: tuple[str, ...]) -> None:
    time = HeldTime()
    async with serving(time=time) as server:
        client = await server.connect(get("/huge", *headers))
        await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), LONG)
        left = len(HUGE)
        for _ in range(4):  # more each time than the sockets hold
            left -= len(await asyncio.wait_for(client.reader.readexactly(12_000_000), LONG))
            time.advance(0.8 * SECONDS)
        assert len(await asyncio.wait_for(client.reader.readexactly(left), LONG)) == left


@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["stays", "closes"])
async def test_a_client_that_takes_little_at_a_time_goes_on_getting_it(headers: tuple[str, ...]) -> None:
    """So little that the server's socket, which takes more once a third of it is free, asks for nothing meanwhile."""
    time, loop = HeldTime(), asyncio.get_running_loop()
    async with serving(time=time) as server:
        with socket.socket() as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            await loop.sock_connect(sock, ("127.0.0.1", server.port))
            await loop.sock_sendall(sock, get("/huge", *headers))
            for _ in range(20):
                taken = 0
                while taken < 400_000:
                    taken += len(piece := await asyncio.wait_for(loop.sock_recv(sock, 65_536), LONG))
                    assert piece
                time.advance(0.8 * SECONDS)
        await server.until_nobody_is_connected()


async def test_who_is_refused_hears_it_however_long_the_answer_before_takes() -> None:
    time = HeldTime()
    async with serving(time=time) as server:
        client = await server.connect(get("/held") + b"nonsense\r\n\r\n")
        await server.app.begun.wait()
        time.advance(3 * SECONDS)
        server.app.gate.set()
        assert (await client.answer()).body == b"held"
        assert (await client.answer()).status == 400


@pytest.mark.parametrize("headers", [(), ("Connection: close",)], ids=["stays", "closes"])
async def test_a_client_that_takes_no_more_of_its_answer_does_not_get_the_rest(headers: tuple[str, ...]) -> None:
    time = HeldTime()
    async with serving(time=time) as server:
        client = await server.connect(get("/huge", *headers))
        taken = len(await asyncio.wait_for(client.reader.readexactly(12_000_000), LONG))
        time.advance(2 * SECONDS)
        assert taken + len(await client.rest()) < len(HUGE)
        await server.until_nobody_is_connected()


async def test_requests_in_time_follow_each_other_on_one_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LONG)
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(5) == b"small"
        await asyncio.sleep(0.3)  # idle for longer than headers may take: that is another limit
    writer.close()


async def test_requests_that_wait_for_a_long_answer_are_not_late() -> None:
    async with serving(slow_client_seconds=0.2) as server:
        client = await server.connect(get("/held") + post("/a", b"b") + get("/c"))
        await asyncio.wait_for(server.app.begun.wait(), LONG)
        await asyncio.sleep(2)
        server.app.gate.set()
        assert [(await client.answer()).body for _ in range(3)] == [b"held", b"POST /a b", b"GET /c "]


async def test_what_was_asked_is_answered_though_the_next_request_does_not_come() -> None:
    async with serving(slow_client_seconds=0.2) as server:
        client = await server.connect(get("/held"))
        await asyncio.wait_for(server.app.begun.wait(), LONG)
        await client.send(get("/next")[:10])
        await asyncio.sleep(1)  # longer than its head may take
        server.app.gate.set()
        assert (await client.answer()).body == b"held"
        assert await client.rest() == b""


async def test_a_request_is_not_late_because_it_was_not_taken() -> None:
    async with serving(slow_client_seconds=0.2) as server:
        client = await server.connect(get("/held"))
        await asyncio.wait_for(server.app.begun.wait(), LONG)
        await client.send(get("/slow") + get("/next")[:10])  # nothing more is taken while a request waits
        await asyncio.sleep(0.05)
        await client.send(get("/next")[10:])
        server.app.gate.set()
        assert [(await client.answer()).body for _ in range(3)] == [b"held", b"slow", b"GET /next "]


async def test_requests_that_came_in_time_are_not_late_because_those_before_them_take_long() -> None:
    async with serving(slow_client_seconds=0.2) as server:
        client = await server.connect(get("/held"))
        await asyncio.wait_for(server.app.begun.wait(), LONG)
        await client.send(get("/slow") + get("/next") + get("/last")[:10])
        await asyncio.sleep(0.05)
        await client.send(get("/last")[10:])
        server.app.gate.set()
        bodies = [(await client.answer()).body for _ in range(4)]
        assert bodies == [b"held", b"slow", b"GET /next ", b"GET /last "]


async def test_empty_lines_are_no_request(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def drip() -> None:
        while True:
            writer.write(b"\r\n")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    assert await asyncio.wait_for(reader.read(), LONG) == b""
    dripping.cancel()
    writer.close()

"""What a broken answer is to those who asked: which error, whether it may have been acted upon, whether it may pass."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.clients.base import Answer, Request, Upstream, open_http
from gateway.clients.places import Places
from gateway.clients.sending import MAX_ANSWER_BYTES
from gateway.errors import UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.models.freshness import SourceSystem
from tests.clients.http.legacy_server import Peer, answer, echo, serving
from tests.support import HeldClock, free_port

OK = b"HTTP/1.1 200 OK\r\n"
CUT_SHORT = (UpstreamMalformed, "answer cut short", True, True)
NOT_HTTP = (UpstreamMalformed, "answer is not HTTP", False, False)
TOO_LONG = (UpstreamMalformed, f"more than {MAX_ANSWER_BYTES} bytes", False, False)
LOST = (UpstreamUnavailable, "ConnectionLost", True, True)
BROKEN = {
    "nothing": (b"", LOST),
    "half a head": (OK + b"Content-", LOST),
    "half a body": (OK + b"Content-Length: 10\r\n\r\nabc", CUT_SHORT),
    "half of the chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", CUT_SHORT),
    "no gzip": (answer(b"abc", "Content-Encoding: gzip"), CUT_SHORT),
    "no HTTP": (b"<html></html>\r\n\r\n", NOT_HTTP),
    "too much announced": (OK + b"Content-Length: %d\r\n\r\n" % (MAX_ANSWER_BYTES + 1), TOO_LONG),
    "too much packed": (answer(gzip.compress(bytes(MAX_ANSWER_BYTES + 1)), "Content-Encoding: gzip"), TOO_LONG),
}
REQUEST = Request("lireCompte", "GET", "", {})


@asynccontextmanager
async def asking(clock: HeldClock, *, deadline_seconds: float = 10) -> AsyncIterator[Upstream]:
    async with open_http() as http:
        yield Upstream(
            SourceSystem.BILLING, http, deadline_seconds=deadline_seconds, clock=clock, places=Places(lambda: 8)
        )


async def ask(upstream: Upstream, server: str, *, method: str = "GET", repeatable: bool = False) -> Answer:
    request = REQUEST._replace(method=method, url=f"{server}/api")
    return await upstream.ask(REQUEST.operation, lambda: upstream.send(request), repeatable=repeatable)


def told(error: UpstreamError) -> tuple[type[UpstreamError], str, bool, bool]:
    return type(error), error.detail, error.unanswered, error.passing


@pytest.mark.parametrize(("sent", "expected"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_answer(
    clock: HeldClock, sent: bytes, expected: tuple[type[UpstreamError], str, bool, bool]
) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(sent)

    async with serving(serve) as server, asking(clock) as upstream:
        with pytest.raises(UpstreamError) as raised:
            await ask(upstream, server.url)
        assert told(raised.value) == expected
        assert len(server.requests) == 1


async def test_nobody_to_ask(clock: HeldClock) -> None:
    async with asking(clock) as upstream:
        with pytest.raises(UpstreamError) as raised:
            await ask(upstream, f"http://127.0.0.1:{free_port()}")
        assert told(raised.value) == (UpstreamUnavailable, "cannot connect", False, True)


@pytest.mark.parametrize(("repeatable", "sent"), [(True, 3), (False, 2)])
async def test_a_kept_connection_that_dies_under_a_request(clock: HeldClock, repeatable: bool, sent: int) -> None:
    """It is for the call to say whether it is sent once more, and never for the connection."""

    async def serve(peer: Peer) -> None:
        if peer.number > 0:
            await echo(peer)
        await peer.request()
        await peer.write(answer(b"first"))
        await peer.request()
        peer.reset()

    async with serving(serve) as server, asking(clock) as upstream:
        await ask(upstream, server.url)
        if repeatable:
            assert (await ask(upstream, server.url, repeatable=True)).body == b"api"
        else:
            with pytest.raises(UpstreamError) as raised:
                await ask(upstream, server.url, method="POST")
            assert told(raised.value) == LOST
        assert len(server.requests) == sent


async def test_an_answer_out_of_time_ends_its_connection(clock: HeldClock) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK + b"Content-Length: 10\r\n\r\nabc")
        await peer.until_gone()

    async with serving(serve) as server, asking(clock, deadline_seconds=0.2) as upstream:
        with pytest.raises(UpstreamTimeout):
            await ask(upstream, server.url)
        for peer in server.peers:
            await peer.gone.wait()


async def test_a_redirect_is_an_answer(clock: HeldClock) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
        assert b"Cookie" not in await peer.request()
        await peer.write(answer(b"second"))

    async with serving(serve) as server, asking(clock) as upstream:
        assert (await ask(upstream, server.url)).status == 302
        assert await ask(upstream, server.url) == Answer(200, "text/plain", b"second")

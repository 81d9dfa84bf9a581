"""Connections are kept and shared, and nobody ever gets an answer that is not to his own request."""

import asyncio
import random
import socket
import time
from typing import cast

import pytest

from gateway.clients.http.failures import CannotConnect, ConnectionLost, CutShort, HttpFailure, NotHttp
from gateway.clients.http.pool import IDLE_SECONDS, Pool
from tests.clients.http.legacy_server import MOST_BYTES, SECONDS, LegacyServer, Peer, answer, asked, echo, serving
from tests.clients.test_probing import HurryingLoop

ANOTHERS = answer(b"another's")


async def get(pool: Pool, server: LegacyServer, word: str) -> bytes:
    return (await pool.request("GET", f"{server.url}/{word}", headers={})).body()


async def test_one_connection_serves_one_request_after_the_other(pool: Pool) -> None:
    async with serving(echo) as server:
        for number in range(3):
            assert await get(pool, server, f"{number}") == b"%d" % number
        assert len(server.peers) == 1


async def test_requests_at_a_time_have_a_connection_each(pool: Pool) -> None:
    together = asyncio.Barrier(3)

    async def serve(peer: Peer) -> None:
        word = asked(await peer.request())
        await together.wait()
        await peer.write(answer(word))
        await echo(peer)

    async with serving(serve) as server:
        assert await asyncio.gather(*(get(pool, server, word) for word in "abc")) == [b"a", b"b", b"c"]
        assert len(server.peers) == 3
        assert await get(pool, server, "d") == b"d"
        assert len(server.peers) == 3


async def test_systems_share_no_connection(pool: Pool) -> None:
    async with serving(echo) as one, serving(echo) as other:
        for _ in range(2):
            assert (await get(pool, one, "one"), await get(pool, other, "other")) == (b"one", b"other")
        assert (len(one.peers), len(other.peers)) == (1, 1)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\n",
    ],
)
@pytest.mark.parametrize("body", [b"", b"abc"])
async def test_a_connection_that_is_to_end_is_not_used_again(pool: Pool, head: bytes, body: bytes) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async with serving(serve) as server:
        for _ in range(2):
            assert await get(pool, server, "") == body
        assert [len(peer.requests) for peer in server.peers] == [1, 1]


@pytest.mark.parametrize("surplus", [ANOTHERS, b"\r\n", b"x", b"\0"])
@pytest.mark.parametrize(
    "own",
    [
        answer(b"own"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nown\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nown\r\n0\r\nX: y\r\n\r\n",
    ],
)
async def test_what_follows_an_answer_is_nobodys_answer(pool: Pool, own: bytes, surplus: bytes) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(own + surplus)
        await peer.until_gone()

    async with serving(serve) as server:
        for _ in range(2):
            assert await get(pool, server, "") == b"own"
        assert [len(peer.requests) for peer in server.peers] == [1, 1]
        await server.peers[0].gone.wait()


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\n\r\n"])
async def test_a_body_where_there_is_none_is_nobodys_answer(pool: Pool, head: bytes) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(head + ANOTHERS)
        await peer.until_gone()

    async with serving(serve) as server:
        for _ in range(2):
            assert await get(pool, server, "") == b""
        assert len(server.peers) == 2


async def test_an_answer_that_nobody_asked_for_ends_the_connection(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.write(answer(asked(await peer.request())))
        if peer.number == 0:
            await go_on.wait()
            await peer.write(ANOTHERS)
            await peer.until_gone()
        await echo(peer)

    go_on = asyncio.Event()
    async with serving(serve) as server:
        assert await get(pool, server, "a") == b"a"
        go_on.set()
        await server.peers[0].gone.wait()
        assert await get(pool, server, "b") == b"b"
        assert len(server.peers) == 2


class Forward(asyncio.Protocol):
    """Says something as soon as somebody comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(ANOTHERS)


async def test_who_speaks_before_being_asked_is_not_asked(pool: Pool) -> None:
    server = await asyncio.get_running_loop().create_server(Forward, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(20):
        with pytest.raises(NotHttp):
            await pool.request("GET", f"http://127.0.0.1:{port}/", headers={})
    server.close()


async def test_who_hangs_up_at_once_has_not_spoken(pool: Pool) -> None:
    """At any moment of the connecting, each of whose turns is made to take a while."""

    async def keep_busy() -> None:
        while True:
            time.sleep(0.003)  # noqa: ASYNC251
            await asyncio.sleep(0)

    def hang_up(milliseconds: int) -> None:
        with listening.accept()[0]:
            time.sleep(milliseconds / 1000)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        busy = asyncio.create_task(keep_busy())
        for milliseconds in range(24):
            hanging_up = asyncio.create_task(asyncio.to_thread(hang_up, milliseconds))
            with pytest.raises((CannotConnect, ConnectionLost)):
                await pool.request("GET", f"http://127.0.0.1:{listening.getsockname()[1]}/", headers={})
            await hanging_up
        busy.cancel()


async def test_leaving_while_a_connection_opens_leaves_nothing(pool: Pool) -> None:
    async with serving(echo) as server:
        for turns in range(40):
            asking = asyncio.create_task(get(pool, server, "a"))
            for _ in range(turns % 10):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
        await asyncio.gather(asyncio.wait_for(pool.close(), SECONDS), pool.close())


@pytest.mark.parametrize("what", ["an answer", "a farewell"])
async def test_what_came_in_the_very_last_moment_is_seen(pool: Pool, what: str) -> None:
    async with serving(echo) as server:
        assert await get(pool, server, "a") == b"a"
        peer = server.peers[0]
        if what == "an answer":
            peer.write_at_once(ANOTHERS)
        else:
            peer.leave_at_once()
        assert await get(pool, server, "b") == b"b"
        assert [len(each.requests) for each in server.peers] == [1, 1]


async def test_an_answer_whose_caller_has_gone_is_nobodys(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        if peer.number == 0:
            await peer.until_gone()
            await peer.write(ANOTHERS)
        else:
            await peer.write(answer(b"own"))

    async with serving(serve) as server:
        asking = asyncio.create_task(get(pool, server, "a"))
        await (await server.have_come(1))[0].has_asked.wait()
        asking.cancel()
        assert await get(pool, server, "b") == b"own"
        await server.peers[0].gone.wait()
        assert len(server.peers) == 2
        assert asking.cancelled()


async def test_a_call_that_is_out_of_time_closes_its_connection(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await peer.until_gone()

    async with serving(serve) as server:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await get(pool, server, "")
        await server.have_come(1)
        await server.peers[0].gone.wait()


async def test_a_request_is_never_sent_twice(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.write(answer(asked(await peer.request())))
        await peer.request()
        peer.reset()

    async with serving(serve) as server:
        assert await get(pool, server, "a") == b"a"
        with pytest.raises(ConnectionLost):
            await get(pool, server, "b")
        assert [asked(each) for each in server.requests] == [b"a", b"b"]


def test_an_unused_connection_is_closed_after_a_while() -> None:
    async def story() -> None:
        pool = Pool(most_bytes=MOST_BYTES)

        async def serve(peer: Peer) -> None:
            for _ in range(2):
                await peer.write(answer(asked(await peer.request())))
            await peer.until_gone()

        async with serving(serve, seconds=None) as server:
            loop = asyncio.get_running_loop()
            assert await get(pool, server, "a") == b"a"
            await asyncio.sleep(IDLE_SECONDS - 1)
            assert await get(pool, server, "b") == b"b"
            since = loop.time()
            await server.peers[0].gone.wait()
            assert IDLE_SECONDS <= loop.time() - since < IDLE_SECONDS + 1
            assert len(server.peers) == 1
        await pool.close()

    with asyncio.Runner(loop_factory=HurryingLoop) as runner:
        runner.run(story())


async def test_closing_ends_what_is_under_way(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        if peer.number == 0:
            await peer.write(answer(asked(await peer.request())))
            peer.has_asked.clear()
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n")
        await peer.until_gone()

    async with serving(serve) as server:
        assert await get(pool, server, "idle") == b"idle"
        asking = [asyncio.create_task(get(pool, server, "head")) for _ in range(4)]  # one of them on that connection
        for peer in await server.have_come(4):
            await peer.has_asked.wait()
        await pool.close()
        for outcome in await asyncio.gather(*asking, return_exceptions=True):
            assert isinstance(outcome, ConnectionLost)
        for peer in server.peers:
            await peer.gone.wait()
        with pytest.raises(CannotConnect):
            await get(pool, server, "late")


async def test_who_is_connecting_while_all_is_closed_has_sent_nothing(pool: Pool) -> None:
    async with serving(echo) as server:
        asking = asyncio.create_task(get(pool, server, "late"))
        await asyncio.sleep(0)
        await pool.close()
        with pytest.raises(CannotConnect):
            await asking
        (peer,) = await server.have_come(1)
        await peer.gone.wait()
        assert server.requests == []


async def test_an_answer_without_an_end_of_its_own_is_not_whole_because_we_close(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\n\r\npart of it")
        await peer.until_gone()

    async with serving(serve) as server:
        asking = asyncio.create_task(get(pool, server, ""))
        await (await server.have_come(1))[0].has_asked.wait()
        await asyncio.sleep(0.01)
        await pool.close()
        with pytest.raises(HttpFailure):
            await asking


async def test_a_large_request_arrives_whole(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.write(answer(b"%d" % len(await peer.request())))

    async with serving(serve) as server:
        for _ in range(2):
            response = await pool.request("POST", f"{server.url}/", headers={}, body=b"x" * 4_000_000)
            assert int(response.body()) == len(server.peers[0].requests[-1]) > 4_000_000
        assert len(server.peers) == 1


async def test_an_answer_before_the_request_is_taken_is_the_connections_last(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        if peer.number == 0:
            await peer.reader.readuntil(b"\r\n\r\n")
            await peer.write(answer(b"too long"))
            await answered.wait()  # takes nothing of the body
        await echo(peer)

    answered = asyncio.Event()
    async with serving(serve) as server:
        response = await pool.request("POST", f"{server.url}/", headers={}, body=b"x" * 50_000_000)
        assert response.body() == b"too long"
        assert await get(pool, server, "a") == b"a"
        assert len(server.peers) == 2
        answered.set()


async def test_in_all_the_turmoil_nobody_gets_anothers_answer(pool: Pool) -> None:
    """Some callers leave at a moment of chance; some answers end badly, come in pieces, or with something behind."""
    chance = random.Random(7)

    async def serve(peer: Peer) -> None:
        while True:
            word = asked(await peer.request())
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            own = answer(word)
            match chance.randrange(8):
                case 0:
                    await peer.write(own + ANOTHERS)
                case 1:
                    await peer.write(own)
                    await asyncio.sleep(0)
                    await peer.write(ANOTHERS)
                case 2:
                    await peer.write(own[:-1])
                    peer.writer.close()
                    return
                case 3:
                    peer.reset()
                    return
                case 4:
                    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    await peer.write(head + b"%x\r\n" % len(word) + word)
                    await asyncio.sleep(0)
                    await peer.write(b"\r\n0\r\n\r\n")
                case _:
                    await peer.write(own)

    answered = 0

    async def ask(number: int) -> None:
        nonlocal answered
        try:
            body = await get(pool, server, f"{number}")
        except (ConnectionLost, CutShort):
            return
        assert body == b"%d" % number
        answered += 1

    async with serving(serve) as server:
        for start in range(0, 1_000, 10):
            asking = [asyncio.create_task(ask(number)) for number in range(start, start + 10)]
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
            for each in chance.sample(asking, 2):
                each.cancel()
            outcomes = await asyncio.gather(*asking, return_exceptions=True)
            assert all(each is None or isinstance(each, asyncio.CancelledError) for each in outcomes), outcomes
    assert 300 < answered < 1_000

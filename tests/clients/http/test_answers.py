"""What becomes of every kind of answer: its body, or the failure that says how much of it may be believed."""

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from gateway.clients.http.failures import ConnectionLost, CutShort, HttpFailure, NotHttp, TooLong
from gateway.clients.http.pool import Pool
from tests.clients.http.legacy_server import MOST_BYTES, Peer, serving

OK = b"HTTP/1.1 200 OK\r\n"
WORDS = b"hello" * 10
PACKED = gzip.compress(WORDS)
_unwrapped = zlib.compressobj(wbits=-15)
UNWRAPPED = _unwrapped.compress(WORDS) + _unwrapped.flush()


def sized(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    told = len(body) if length is None else length
    return OK + b"".join(header + b"\r\n" for header in headers) + b"Content-Length: %d\r\n\r\n" % told + body


def chunks(raw: bytes, *headers: bytes) -> bytes:
    return OK + b"".join(header + b"\r\n" for header in headers) + b"Transfer-Encoding: chunked\r\n\r\n" + raw


WHOLE: dict[str, tuple[bytes, bytes]] = {
    "a length": (sized(b"abc"), b"abc"),
    "no length": (OK + b"\r\nabc", b"abc"),
    "nothing": (sized(b""), b""),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nabc", b"abc"),
    "chunks": (chunks(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde"),
    "chunks with more to say": (chunks(b"3;a=b\r\nabc\r\n0\r\nContent-Encoding: gzip\r\n\r\n"), b"abc"),
    "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", b"abc"),
    "two thousand chunks": (chunks(b"2\r\nab\r\n" * 2_000 + b"0\r\n\r\n"), b"ab" * 2_000),
    "a blank before a colon": (OK + b"Content-Length : 3\r\n\r\nabc", b"abc"),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    "an interim answer": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + sized(b"abc"), b"abc"),
    "an interim answer that closes": (b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n" + sized(b"abc"), b"abc"),
    "many headers": (sized(b"abc", *[b"X: a"] * 200), b"abc"),
    "204 and a body": (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", b""),
    "304 and a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 300\r\n\r\n", b""),
    "as long as it may be": (sized(b"x" * MOST_BYTES), b"x" * MOST_BYTES),
    "gzip": (sized(PACKED, b"Content-Encoding: GZip "), WORDS),
    "gzip in chunks": (chunks(b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED), b"Content-Encoding: gzip"), WORDS),
    "gzip in two parts": (sized(PACKED + PACKED, b"Content-Encoding: gzip"), WORDS + WORDS),
    "gzip of nothing": (sized(b"", b"Content-Encoding: gzip"), b""),
    "deflate": (sized(zlib.compress(WORDS), b"Content-Encoding: deflate"), WORDS),
    "deflate without its frame": (sized(UNWRAPPED, b"Content-Encoding: deflate"), WORDS),
    "as long as it may be, packed": (
        sized(gzip.compress(b"\0" * MOST_BYTES), b"Content-Encoding: gzip"),
        b"\0" * MOST_BYTES,
    ),
}
BROKEN: dict[str, tuple[bytes, type[HttpFailure]]] = {
    "nothing": (b"", ConnectionLost),
    "half a head": (OK + b"Content-", ConnectionLost),
    "an interim answer alone": (b"HTTP/1.1 100 Continue\r\n\r\n", ConnectionLost),
    "half a body": (sized(b"abc", length=10), CutShort),
    "no last chunk": (chunks(b"3\r\nabc\r\n"), CutShort),
    "half a chunk": (chunks(b"3\r\nabc\r\n5\r\nde"), CutShort),
    "a chunk without a size": (chunks(b"3\r\nabc\r\nzz\r\nabc\r\n0\r\n\r\n"), NotHttp),
    "a chunk longer than it says": (chunks(b"3\r\nabcd\r\n0\r\n\r\n"), NotHttp),
    "half of gzip": (sized(PACKED[:-9], b"Content-Encoding: gzip"), CutShort),
    "no gzip": (sized(b"hello", b"Content-Encoding: gzip"), CutShort),
    "gzip with another sum": (sized(PACKED[:-8] + bytes(4) + PACKED[-4:], b"Content-Encoding: gzip"), CutShort),
    "gzip and more": (sized(PACKED + b"more", b"Content-Encoding: gzip"), CutShort),
    "a page": (b"<html>hello</html>\r\n\r\n", NotHttp),
    "another protocol": (b"SSH-2.0-OpenSSH\r\n\r\n", NotHttp),
    "HTTP/3.1": (b"HTTP/3.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", NotHttp),
    "no status": (b"HTTP/1.1 abc OK\r\nContent-Length: 3\r\n\r\nabc", NotHttp),
    "status 000": (b"HTTP/1.1 000 OK\r\nContent-Length: 3\r\n\r\nabc", NotHttp),
    "two lengths": (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", NotHttp),
    "a length with a sign": (OK + b"Content-Length: +3\r\n\r\nabc", NotHttp),
    "a length and chunks": (chunks(b"3\r\nabc\r\n0\r\n\r\n", b"Content-Length: 3"), NotHttp),
    "another transfer coding": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", NotHttp),
    "a zero in a header": (OK + b"X: a\0b\r\nContent-Length: 3\r\n\r\nabc", NotHttp),
    "a line without a name": (OK + b"nonsense\r\nContent-Length: 3\r\n\r\nabc", NotHttp),
    "a blank within a name": (OK + b"X A: a\r\nContent-Length: 3\r\n\r\nabc", NotHttp),
    "too long a line": (sized(b"abc", b"X: " + b"a" * 70_000), NotHttp),
    "too many lines": (sized(b"abc", *[b"X: " + b"a" * 1_000] * 70), NotHttp),
    "too many interim answers": (b"HTTP/1.1 100 Continue\r\n\r\n" * 3_000 + sized(b"abc"), NotHttp),
    "too long an extension": (chunks(b"3;" + b"a" * 2_000_000 + b"\r\nabc\r\n0\r\n\r\n"), NotHttp),
    "too long a trailer": (chunks(b"0\r\n" + b"X: a\r\n" * 20_000 + b"\r\n"), NotHttp),
    "a length that is too long": (sized(b"abc", length=MOST_BYTES + 1), TooLong),
    "a body that is too long": (OK + b"\r\n" + b"x" * (MOST_BYTES + 1), TooLong),
    "a chunk that is too long": (chunks(b"%x\r\n" % (MOST_BYTES + 1) + b"x" * (MOST_BYTES + 1)), TooLong),
    "a bomb": (sized(gzip.compress(b"\0" * 4 * MOST_BYTES), b"Content-Encoding: gzip"), TooLong),
    "many small parts": (sized(PACKED * 20, b"Content-Encoding: gzip"), NotHttp),
}


async def outcome(pool: Pool, sent: bytes, *, piece: int) -> Any:
    """The body of an answer that comes in such pieces, after which the server leaves; or the failure."""

    async def serve(peer: Peer) -> None:
        await peer.request()
        for start in range(0, len(sent), piece):
            await peer.write(sent[start : start + piece])
            if len(sent) < 1_000:
                await asyncio.sleep(0)
        peer.writer.close()

    async with serving(serve) as server:
        try:
            return (await pool.request("GET", f"{server.url}/", headers={})).body()
        except HttpFailure as failure:
            return type(failure)


@pytest.mark.parametrize("piece", [1, 1_000_000], ids=["a byte at a time", "at once"])
@pytest.mark.parametrize(("sent", "body"), WHOLE.values(), ids=WHOLE)
async def test_whole_answers(pool: Pool, sent: bytes, body: bytes, piece: int) -> None:
    assert await outcome(pool, sent, piece=piece if len(sent) < 1_000 else 1_000_000) == body


@pytest.mark.parametrize("piece", [1, 1_000_000], ids=["a byte at a time", "at once"])
@pytest.mark.parametrize(("sent", "failure"), BROKEN.values(), ids=BROKEN)
async def test_broken_answers(pool: Pool, sent: bytes, failure: type[HttpFailure], piece: int) -> None:
    assert await outcome(pool, sent, piece=piece if len(sent) < 1_000 else 1_000_000) is failure


async def test_a_reset_is_no_end_of_a_body(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(OK + b"\r\nabc")
        peer.reset()

    async with serving(serve) as server:
        with pytest.raises((CutShort, ConnectionLost)):
            await pool.request("GET", f"{server.url}/", headers={})


async def test_the_answer_to_head_has_no_body(pool: Pool) -> None:
    async def serve(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.write(sized(b"", b"Content-Type: text/plain ", length=100))

    async with serving(serve) as server:
        for _ in range(2):
            response = await pool.request("HEAD", f"{server.url}/", headers={})
            assert (response.status, response.header(b"content-type"), response.body()) == (200, "text/plain", b"")
        assert len(server.peers) == 1

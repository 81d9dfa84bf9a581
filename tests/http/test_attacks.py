"""Bytes that are meant to be read in two ways, or to never end: refused, closed, and nothing of them is a request."""

import asyncio

import pytest

from tests.http.serving import SECONDS, Serving, chunked, get, post

INNER = get("/smuggled")
HEADS = {
    "no http": b"nonsense\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http/0.9": b"GET /\r\n\r\n",
    "no path": b"GET  HTTP/1.1\r\n\r\n",
    "unknown method": b"GETS / HTTP/1.1\r\n\r\n",
    "unknown version": b"GET / HTTP/3.1\r\n\r\n",
    "space before the colon": get("/", "Content-Length : 3", method="POST") + b"abc",
    "space before the name": get("/", " Content-Length: 3", method="POST") + b"abc",
    "folded header": get("/", "X-A: b", " c: d"),
    "line feeds alone": b"GET / HTTP/1.1\nHost: a\n\n",
    "line feed within": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\nContent-Length: 3\r\n\r\n",
    "carriage return within": b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rContent-Length: 3\r\n\r\n",
    "zero within": b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
    "no name": b"GET / HTTP/1.1\r\n: a\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "length and chunks": get("/", "Content-Length: 3", "Transfer-Encoding: chunked", method="POST") + b"0\r\n\r\n",
    "chunks and length": get("/", "Transfer-Encoding: chunked", "Content-Length: 3", method="POST") + b"0\r\n\r\n",
    "two lengths": get("/", "Content-Length: 3", "Content-Length: 30", method="POST") + b"abc",
    "the same length twice": get("/", "Content-Length: 3", "Content-Length: 3", method="POST") + b"abc",
    "lengths in one": get("/", "Content-Length: 3, 3", method="POST") + b"abc",
    "length with a sign": get("/", "Content-Length: +3", method="POST") + b"abc",
    "length below zero": get("/", "Content-Length: -3", method="POST") + b"abc",
    "length in hexadecimal": get("/", "Content-Length: 0x3", method="POST") + b"abc",
    "length with a space": get("/", "Content-Length: 1 3", method="POST") + b"abc",
    "length beyond counting": get("/", f"Content-Length: {10**30}", method="POST") + b"abc",
    "no chunks after all": get("/", "Transfer-Encoding: chunked, identity", method="POST") + b"0\r\n\r\n",
    "unknown encoding": get("/", "Transfer-Encoding: xchunked", method="POST") + b"0\r\n\r\n",
    "encoding with a tab": get("/", "Transfer-Encoding: \x0bchunked", method="POST") + b"0\r\n\r\n",
    "encoding in quotes": get("/", 'Transfer-Encoding: "chunked"', method="POST") + b"0\r\n\r\n",
    "chunks twice": chunked("/", b"0\r\n\r\n", headers=("Transfer-Encoding: chunked",)),
    "chunks of chunks": get("/", "Transfer-Encoding: chunked, chunked", method="POST") + b"0\r\n\r\n",
    "encoding without a name": get("/", "Transfer-Encoding: ,chunked", method="POST") + b"0\r\n\r\n",
    "chunks over http/1.0": get("/", "Transfer-Encoding: chunked", method="POST", version="1.0") + b"0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "empty host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "two hosts": get("/", "Host: b"),
    "the same host twice": get("/", "Host: a"),
    "two hosts over http/1.0": get("/", "Host: b", version="1.0"),
    "host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "host with a user": b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "host with a blank": b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "hosts in one": b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "host without a port's number": b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
    "host half in brackets": b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "identity": get("/", "Transfer-Encoding: identity", "Content-Length: 3", method="POST") + b"abc",
}
NOT_DONE_HERE = {
    "tunnel": b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n",
    "rtsp": b"DESCRIBE / RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    "rtsp with a host": b"PLAY / RTSP/1.0\r\nHost: a\r\n\r\n",
    "ice": b"SOURCE / ICE/1.0\r\n\r\n",
    "webdav": get("/", method="PROPFIND"),
    "compressed": get("/", "Transfer-Encoding: gzip, chunked", method="POST") + b"0\r\n\r\n",
    "compressed, in two lines": chunked("/", b"0\r\n\r\n", headers=("Transfer-Encoding: gzip",)),
    "identity, in chunks": chunked("/", b"0\r\n\r\n", headers=("Transfer-Encoding: identity",)),
}
BODIES = {
    "size with a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "size below zero": b"-3\r\nabc\r\n0\r\n\r\n",
    "size with a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "size with a space": b"3 \r\nabc\r\n0\r\n\r\n",
    "size beyond counting": b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n",
    "no size": b"\r\nabc\r\n0\r\n\r\n",
    "longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "line feeds alone": b"3\nabc\n0\n\n",
    "line feed in an extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "line feed behind a chunk": b"3\r\nabc\n0\r\n\r\n",
    "trailer without a colon": b"3\r\nabc\r\n0\r\nnonsense\r\n\r\n",
}


@pytest.mark.parametrize("sent", HEADS.values(), ids=HEADS.keys())
async def test_a_head_that_is_not_clear_is_refused_with_all_behind_it(server: Serving, sent: bytes) -> None:
    client = await server.connect(sent + INNER)
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await client.rest() == b""
    assert server.app.asked == []


@pytest.mark.parametrize("sent", NOT_DONE_HERE.values(), ids=NOT_DONE_HERE.keys())
async def test_what_is_not_done_here_is_refused_with_all_behind_it(server: Serving, sent: bytes) -> None:
    client = await server.connect(sent + INNER)
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (501, "close")
    assert await client.rest() == b""
    assert server.app.asked == []


@pytest.mark.parametrize("sent", BODIES.values(), ids=BODIES.keys())
async def test_chunks_that_are_not_clear_are_refused_with_all_behind_them(server: Serving, sent: bytes) -> None:
    client = await server.connect(chunked("/echo", sent) + INNER)
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await client.rest() == b""
    assert server.app.asked == []


async def test_what_stands_in_a_body_is_no_request(server: Serving) -> None:
    client = await server.connect(post("/a", INNER) + chunked("/b", b"%x\r\n%b\r\n0\r\n\r\n" % (len(INNER), INNER)))
    assert (await client.answer()).body == b"POST /a " + INNER
    assert (await client.answer()).body == b"POST /b " + INNER
    assert [path for path, _ in server.app.asked] == ["/a", "/b"]


async def test_what_follows_the_last_request_is_no_request(server: Serving) -> None:
    client = await server.connect(get("/echo", "Connection: close") + INNER)
    assert (await client.answer()).body == b"GET /echo "
    assert await client.rest() == b""
    assert [path for path, _ in server.app.asked] == ["/echo"]


async def test_nonsense_behind_a_request_does_not_interrupt_its_answer(server: Serving) -> None:
    client = await server.connect(get("/held") + get("/a") + b"nonsense\r\n\r\n" + INNER)
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    server.app.gate.set()
    assert [(await client.answer()).body for _ in range(2)] == [b"held", b"GET /a "]
    assert (await client.answer()).status == 400
    assert await client.rest() == b""
    assert [path for path, _ in server.app.asked] == ["/a"]


async def test_chunks_that_break_off_behind_a_request_do_not_interrupt_its_answer(server: Serving) -> None:
    client = await server.connect(get("/held") + chunked("/b", b"nonsense\r\n") + INNER)
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    server.app.gate.set()
    assert (await client.answer()).body == b"held"
    assert (await client.answer()).status == 400
    assert await client.rest() == b""
    assert server.app.asked == []


async def test_a_body_that_breaks_off_once_it_is_answered_gets_no_second_answer(server: Serving) -> None:
    client = await server.connect(chunked("/early", b"3\r\nabc\r\n"))
    assert (await client.answer()).body == b"early"
    await client.send(b"nonsense\r\n" + INNER)
    assert await client.rest() == b""
    assert server.app.asked == []


@pytest.mark.parametrize("begins", [b"1;", b"1\r\na\r\n0\r\nX-Long: "], ids=["extension", "trailer"])
async def test_what_never_comes_to_its_point_is_left(server: Serving, begins: bytes) -> None:
    client = await server.connect(chunked("/echo", begins))
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    sent = 0
    try:
        while sent < 100_000_000 and not client.reader.at_eof():
            await client.send(b"a" * 10_000)
            sent += 10_000
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    assert sent < 20_000_000
    await server.until_nobody_is_connected()
    assert server.app.asked == []


async def test_short_trailers_without_an_end_are_left(server: Serving) -> None:
    client = await server.connect(chunked("/echo", b"1\r\na\r\n0\r\n" + b"X-Short: a\r\n" * 4_500))
    assert (await client.answer()).status == 400
    assert await client.rest() == b""
    assert server.app.asked == []


async def test_an_address_that_is_too_long(server: Serving) -> None:
    client = await server.connect(get("/" + "a" * 40_000))
    assert (await client.answer()).status == 414
    assert server.app.asked == []


@pytest.mark.parametrize("pieces", [1, 2, 50])
@pytest.mark.parametrize("short", [0, 90], ids=["one long header", "short ones too"])
async def test_the_longest_head_is_as_long_however_it_comes(server: Serving, short: int, pieces: int) -> None:
    def head(length: int) -> bytes:
        lines = ["a: b"] * short
        room = length - len(get("/echo", *lines, "X-Long: "))
        return get("/echo", *lines, "X-Long: " + "a" * room)

    for length, status in ((32_768, 200), (32_769, 431)):
        client, sent = await server.connect(), head(length)
        assert len(sent) == length
        for start in range(0, length, step := -(-length // pieces)):
            await client.send(sent[start : start + step])
            await asyncio.sleep(0.001)
        assert (await client.answer()).status == status


async def test_more_headers_than_anybody_needs(server: Serving) -> None:
    for count, status in ((99, 200), (100, 431)):  # and the host
        client = await server.connect(get("/echo", *["a:"] * count))
        assert (await client.answer()).status == status
    assert len(server.app.asked) == 1


async def test_an_offer_of_an_upgrade_makes_no_head_longer(server: Serving) -> None:
    offer = get("/echo", "Connection: Upgrade", "Upgrade: h2c", *["a:"] * 98)
    client = await server.connect(offer)
    assert (await client.answer()).status == 431


async def test_more_requests_ahead_than_anybody_needs(server: Serving) -> None:
    client = await server.connect(get("/held") + get("/a") * 2_000)
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    server.app.gate.set()
    assert (await client.answer()).body == b"held"
    answered = 0
    while (answer := await client.answer()).status == 200:
        assert answer.body == b"GET /a "
        answered += 1
    assert 0 < answered <= 100
    assert await client.rest() == b""
    await server.until_nobody_is_connected()


async def test_a_client_that_sends_ahead_without_a_pause_is_answered_without_a_gap(server: Serving) -> None:
    client = await server.connect()

    async def send() -> None:
        for number in range(500):
            await client.send(get(f"/{number}", "X-Long: " + "a" * 5_000))

    sending = asyncio.create_task(send())
    assert [(await client.answer()).body for _ in range(500)] == [f"GET /{number} ".encode() for number in range(500)]
    await sending

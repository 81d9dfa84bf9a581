"""HTTP/1.1 as clients may use it: what is promised to each of them, over real sockets."""

import asyncio

import pytest

from tests.http.serving import PIECE, PIECES, SECONDS, Serving, chunked, get, post


@pytest.mark.parametrize(("target", "path"), [("http://a", "/"), ("http://a?b=c", "/"), ("http://a/b", "/b")])
async def test_an_address_may_be_absolute(server: Serving, target: str, path: str) -> None:
    client = await server.connect(get(target))
    assert (await client.answer()).body == f"GET {path} ".encode()


async def test_requests_on_one_connection_are_answered_one_after_the_other(server: Serving) -> None:
    client = await server.connect()
    for number in range(3):
        await client.send(post(f"/{number}", b"abc"))
        answer = await client.answer()
        assert (answer.status, answer.body) == (200, f"POST /{number} abc".encode())
        assert "date" in answer.headers
        assert "connection" not in answer.headers


async def test_pipelined_requests_are_answered_in_their_order(server: Serving) -> None:
    client = await server.connect(get("/held") + post("/a", b"b") + get("/c?d=e"))
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    assert server.app.asked == []  # nobody overtakes
    server.app.gate.set()
    assert [(await client.answer()).body for _ in range(3)] == [b"held", b"POST /a b", b"GET /c "]


async def test_a_request_that_comes_a_letter_at_a_time(server: Serving) -> None:
    client = await server.connect()
    for byte in chunked("/%C3%A9", b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"):
        await client.send(bytes([byte]))
        await asyncio.sleep(0)
    assert (await client.answer()).body == "POST /é abc".encode()


async def test_a_body_in_chunks(server: Serving) -> None:
    pieces = (b"5;name=value\r\nhello\r\n", b"1\r\n!\r\n", b"0\r\nAuthorization: Bearer of-a-trailer\r\n\r\n")
    client = await server.connect(chunked("/echo", *pieces) + get("/next"))
    assert (await client.answer()).body == b"POST /echo hello!"
    assert (await client.answer()).body == b"GET /next "
    assert "authorization" not in server.app.headers[0]


async def test_a_long_body_arrives_whole(server: Serving) -> None:
    body = bytes(range(256)) * 20_000
    client = await server.connect()
    sending = asyncio.create_task(client.send(post("/echo", body)))
    assert (await client.answer()).body == b"POST /echo " + body
    await sending


async def test_blanks_around_a_value_are_none_of_it(server: Serving) -> None:
    client = await server.connect(post("/echo", b"abc", "X-Name: \t a b \t ", "X-Empty:  ", "Transfer: a\t"))
    assert (await client.answer()).body == b"POST /echo abc"
    headers = server.app.headers[0]
    assert (headers["x-name"], headers["x-empty"], headers["transfer"]) == ("a b", "", "a")


@pytest.mark.parametrize("length", ["Content-Length: 3 ", "Content-Length: 3\t", "Transfer-Encoding: Chunked "])
async def test_blanks_behind_the_length_of_a_body(server: Serving, length: str) -> None:
    body = b"abc" if "Length" in length else b"3\r\nabc\r\n0\r\n\r\n"
    client = await server.connect(get("/echo", length, method="POST") + body + get("/next"))
    assert [(await client.answer()).body for _ in range(2)] == [b"POST /echo abc", b"GET /next "]
    assert server.app.headers[0].get("content-length", "3") == "3"


@pytest.mark.parametrize("host", ["a.example", "a.example:8443", "a_b:", "192.0.2.1", "[2001:db8::1]:80", "%C3%A9"])
async def test_hosts_as_they_may_be(server: Serving, host: str) -> None:
    client = await server.connect(f"GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert (await client.answer()).status == 200
    assert server.app.headers[0]["host"] == host


async def test_hosts_that_differ_on_one_connection(server: Serving) -> None:
    first, second, third = (b"GET /echo HTTP/1.1\r\nHost: %b\r\n\r\n" % host for host in (b"a", b"b", b"/"))
    client = await server.connect(first + second + second + third)
    assert [(await client.answer()).status for _ in range(4)] == [200, 200, 200, 400]


async def test_http_1_0_knows_no_host(server: Serving) -> None:
    client = await server.connect(b"GET /echo HTTP/1.0\r\n\r\n")
    assert (await client.answer()).body == b"GET /echo "


@pytest.mark.parametrize("expect", ["100-continue", "100-Continue \t"])
async def test_who_waits_for_a_go_ahead_gets_it_once_the_body_is_wanted(server: Serving, expect: str) -> None:
    client = await server.connect(get("/echo", f"Expect: {expect}", "Content-Length: 3", method="POST"))
    assert await client.line() == b"HTTP/1.1 100 Continue\r\n"
    assert await client.line() == b"\r\n"
    await client.send(b"abc" + get("/next"))
    assert (await client.answer()).body == b"POST /echo abc"
    assert (await client.answer()).body == b"GET /next "


async def test_whose_body_is_not_wanted_gets_no_go_ahead(server: Serving) -> None:
    client = await server.connect(get("/early", "Expect: 100-continue", "Content-Length: 3", method="POST"))
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"], answer.body) == (200, "close", b"early")
    assert await client.rest() == b""  # what came now might be the body, or the next request


async def test_whose_body_is_there_needs_no_go_ahead(server: Serving) -> None:
    client = await server.connect(post("/echo", b"abc", "Expect: 100-continue"))
    assert (await client.answer()).body == b"POST /echo abc"


async def test_heads_alone(server: Serving) -> None:
    client = await server.connect(get("/early", method="HEAD") + get("/stream", method="HEAD") + get("/next"))
    assert (await client.answer(to_head=True)).headers["content-length"] == "5"
    assert (await client.answer(to_head=True)).status == 200
    assert (await client.answer()).body == b"GET /next "


async def test_answers_that_have_no_body_by_their_status(server: Serving) -> None:
    client = await server.connect(get("/unchanged") + get("/next"))
    answer = await client.answer(to_head=True)
    assert (answer.status, "transfer-encoding" in answer.headers) == (304, False)
    assert (await client.answer()).body == b"GET /next "


async def test_answers_without_headers(server: Serving) -> None:
    client = await server.connect(get("/bare") + get("/next"))
    answer = await client.answer()
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "4", b"bare")
    assert (await client.answer()).body == b"GET /next "


async def test_answers_without_a_length_come_in_chunks(server: Serving) -> None:
    client = await server.connect(get("/pieces") + get("/next"))
    answer = await client.answer()
    assert (answer.headers["transfer-encoding"], answer.body) == ("chunked", b"one two")
    assert (await client.answer()).body == b"GET /next "


@pytest.mark.parametrize("headers", [(), ("Connection: keep-alive",)])
async def test_http_1_0_is_one_request_a_connection_and_knows_no_chunks(
    server: Serving, headers: tuple[str, ...]
) -> None:
    for path, body in (("/early", b"early"), ("/pieces", b"one two")):
        client = await server.connect(get(path, *headers, version="1.0"))
        head, _, rest = (await client.rest()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"connection: close" in head
        assert b"chunked" not in head
        assert rest == body


async def test_who_wants_to_close_is_closed(server: Serving) -> None:
    client = await server.connect(get("/echo", "Connection: close"))
    answer = await client.answer()
    assert (answer.body, answer.headers["connection"]) == (b"GET /echo ", "close")
    assert await client.rest() == b""


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_nothing_is_upgraded_to(server: Serving, protocol: str) -> None:
    client = await server.connect(get("/echo", "Connection: Upgrade", f"Upgrade: {protocol}") + b"\x81\x85words")
    answer = await client.answer()
    assert (answer.status, answer.body) == (200, b"GET /echo ")
    assert (await client.answer()).status == 400
    assert await client.rest() == b""


@pytest.mark.parametrize("pieces", [1, 2, 30])
@pytest.mark.parametrize("length", ["Content-Length: 5", "Transfer-Encoding: chunked"])
async def test_a_request_that_offers_an_upgrade_is_one_like_others(server: Serving, length: str, pieces: int) -> None:
    body = b"hello" if "Length" in length else b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    offer = get("/echo", "Connection: Upgrade", "Upgrade: h2c", length, "X-Name: a", method="POST") + body
    client, sent = await server.connect(), 2 * offer + get("/next")
    for start in range(0, len(sent), step := -(-len(sent) // pieces)):
        await client.send(sent[start : start + step])
    for expected in (b"POST /echo hello", b"POST /echo hello", b"GET /next "):
        assert (await client.answer()).body == expected
    assert [headers["x-name"] for headers in server.app.headers[:2]] == ["a", "a"]


async def test_a_request_knows_nothing_of_the_one_before_it(server: Serving) -> None:
    client = await server.connect(get("/mark"))
    assert (await client.answer()).body == b"unmarked"
    await client.send(get("/mark") + get("/mark"))
    assert [(await client.answer()).body for _ in range(2)] == [b"unmarked", b"unmarked"]
    await client.send(get("/mark"))
    assert (await client.answer()).body == b"unmarked"


async def test_a_body_that_nobody_read_is_no_request(server: Serving) -> None:
    inner = get("/inner")
    head = get("/early", f"Content-Length: {100_000 + len(inner)}", method="POST")
    client = await server.connect(head)
    assert (await client.answer()).body == b"early"
    await client.send(b"x" * 100_000 + inner + get("/next"))
    assert (await client.answer()).body == b"GET /next "
    assert [path for path, _ in server.app.asked] == ["/next"]


async def test_a_client_that_goes_away_before_its_answer_is_noticed(server: Serving) -> None:
    client = await server.connect(get("/left"))
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    client.writer.close()
    await asyncio.wait_for(server.app.left.wait(), SECONDS)
    await server.until_nobody_is_connected()


async def test_a_client_that_goes_away_is_noticed_though_it_has_sent_ahead(server: Serving) -> None:
    client = await server.connect(get("/left") + get("/next"))
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    await client.send(get("/last"))
    client.writer.close()
    await asyncio.wait_for(server.app.left.wait(), SECONDS)
    await server.until_nobody_is_connected()
    assert server.app.asked == []


async def test_a_long_body_that_is_sent_ahead_arrives_whole(server: Serving) -> None:
    body = bytes(range(256)) * 20_000
    client = await server.connect(get("/held") + post("/a", b"b"))
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    sending = asyncio.create_task(client.send(post("/c", body) + get("/d")))
    await asyncio.sleep(0.05)
    server.app.gate.set()
    bodies = [(await client.answer()).body for _ in range(4)]
    assert bodies == [b"held", b"POST /a b", b"POST /c " + body, b"GET /d "]
    await sending


async def test_a_client_that_goes_away_in_the_middle_of_its_answer_costs_nothing_more(server: Serving) -> None:
    client = await server.connect(get("/stream"), limit=1_024)
    assert b"200" in await client.line()
    client.writer.transport.abort()
    await asyncio.wait_for(server.app.left.wait(), SECONDS)
    await server.until_nobody_is_connected()


async def test_a_client_that_reads_slowly_has_little_kept_for_it(server: Serving) -> None:
    client = await server.connect(get("/stream", "Connection: close"), limit=1_024)
    assert b"200" in await client.line()
    sent = -1
    while server.app.pieces != sent:
        sent = server.app.pieces
        await asyncio.sleep(0.3)
    assert sent < PIECES / 2  # what the kernel's buffers hold on both sides, and a piece or two here
    assert (await client.rest()).count(b"x") >= PIECES * len(PIECE)


async def test_an_answer_under_way_is_finished_when_the_server_leaves(server: Serving) -> None:
    client = await server.connect(get("/held") + get("/next"))
    idle = await server.connect(get("/early"))
    assert (await idle.answer()).body == b"early"
    await asyncio.wait_for(server.app.begun.wait(), SECONDS)
    server.server.should_exit = True
    assert await idle.rest() == b""  # nothing was under way there
    assert not server.ended.done()
    server.app.gate.set()
    answer = await client.answer()
    assert (answer.body, answer.headers["connection"]) == (b"held", "close")
    assert await client.rest() == b""
    await server.ended


@pytest.mark.parametrize("path", ["/fails", "/silent", "/injects", "/longer"])
async def test_an_application_that_fails_before_its_answer_is_a_500(server: Serving, path: str) -> None:
    client = await server.connect(get(path))
    answer = await client.answer()
    assert (answer.status, answer.body, answer.headers["connection"]) == (500, b"Internal Server Error", "close")
    assert "Set-Cookie" not in answer.headers
    assert await client.rest() == b""


@pytest.mark.parametrize("path", ["/breaks", "/ends"])
async def test_nobody_takes_a_part_of_an_answer_for_the_whole(server: Serving, path: str) -> None:
    client = await server.connect(get(path))
    whole = await client.rest()
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"some" in whole
    assert b"\r\n0\r\n" not in whole


async def test_nobody_takes_a_part_for_the_whole_where_only_the_close_tells_the_end(server: Serving) -> None:
    client = await server.connect(get("/breaks", version="1.0"))
    with pytest.raises(ConnectionResetError):
        while await asyncio.wait_for(client.reader.read(1_000), SECONDS):
            pass

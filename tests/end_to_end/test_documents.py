"""The PDF of a due notice: addresses in the graph, and the document as billing has it, whole or in parts."""

import asyncio
import gc
import json
import socket
import tracemalloc
from datetime import UTC, datetime
from io import BytesIO

import aiohttp
import pytest
from pypdf import PdfReader

from gateway.document_route import AT_ONCE, AT_ONCE_EACH
from gateway.simulator import Case
from tests.end_to_end.documents import (
    Fetched,
    fault,
    fetch,
    neighbours,
    newest_path,
    notices,
    open_account,
    path_of,
)
from tests.support import Gateway, HeldClock, run_gateway

BIG = 20 * 1024 * 1024
CALL = "telechargerDocument"


def codes(answer: Fetched) -> list[str]:
    return [each["extensions"]["code"] for each in json.loads(answer.body)["errors"]]


async def test_the_graph_gives_a_short_lived_address_that_says_nothing(gateway: Gateway) -> None:
    october, september, august = await notices(gateway)
    assert [each["receipt"] for each in (october, september, august)] == ["NONE", "PARTIAL", "FULL"]
    for notice in (october, september, august):
        document = notice["document"]
        assert (document["contentType"], document["ready"]) == ("application/pdf", True)
        assert document["expiresAt"] == "2026-11-03T09:05:00Z"
        assert len(document["url"]) < 160
        assert not any(word in document["url"] for word in ("0048217", "2026", notice["number"]))
    named = [(each["document"]["fileName"], each["document"]["title"]) for each in (october, september, august)]
    assert named == [
        ("avis-echeance-2026-10.pdf", "Avis d’échéance – octobre 2026"),
        ("recu-2026-09.pdf", "Reçu de loyer – septembre 2026"),
        ("quittance-2026-08.pdf", "Quittance de loyer – août 2026"),
    ]
    assert path_of([october]) != await newest_path(gateway)


async def test_the_address_gives_the_document_to_be_saved(gateway: Gateway) -> None:
    for place, name in enumerate(("avis-echeance-2026-10", "recu-2026-09", "quittance-2026-08")):
        answer = await fetch(gateway, path_of(await notices(gateway), place))
        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.pdf"'
        assert answer.headers["Content-Type"] == "application/pdf"
        assert int(answer.headers["Content-Length"]) == len(answer.body)
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["ETag"].startswith('"')
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert len(PdfReader(BytesIO(answer.body), strict=True).pages) == 1
    assert gateway.simulator.violations == {}


async def test_head_tells_the_same_without_the_document(gateway: Gateway) -> None:
    path = await newest_path(gateway)
    whole, head = await fetch(gateway, path), await fetch(gateway, path, "HEAD", Range="bytes=0-9")
    assert (head.status, head.headers, head.body) == (200, whole.headers, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-999999", 5, None)],
)
async def test_a_part_of_it(gateway: Gateway, asked: str, start: int, stop: int | None) -> None:
    path = await newest_path(gateway)
    whole, part = await fetch(gateway, path), await fetch(gateway, path, Range=asked)
    assert (part.status, part.body) == (206, whole.body[start:stop])
    first = start % len(whole.body)
    expected = f"bytes {first}-{first + len(part.body) - 1}/{len(whole.body)}"
    assert part.headers["Content-Range"] == expected
    assert part.headers["Content-Length"] == str(len(part.body))
    assert part.headers["ETag"] == whole.headers["ETag"]


async def test_conditions(gateway: Gateway) -> None:
    path = await newest_path(gateway)
    whole = await fetch(gateway, path)
    tag, size = whole.headers["ETag"], len(whole.body)
    for known in (tag, f'"x", {tag}', "*"):
        answer = await fetch(gateway, path, If_None_Match=known)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert (await fetch(gateway, path, If_None_Match='"x"')).body == whole.body
    assert (await fetch(gateway, path, Range="bytes=0-9", If_Range=tag)).status == 206
    assert (await fetch(gateway, path, Range="bytes=0-9", If_Range='"x"')).body == whole.body
    for asked in (f"bytes={size}-", "bytes=-0"):
        answer = await fetch(gateway, path, Range=asked)
        assert (answer.status, answer.headers["Content-Range"], answer.body) == (416, f"bytes */{size}", b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(1000))},
        {"Range": "bytes=0-0,-1"},
        {"Range": "bytes=9-5"},
        {"Range": "bytes=-"},
        {"Range": "bytes=0-" + "9" * 400},
        {"Range": "bytes=٣-٤"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=0-9", "If-Range": "Tue, 03 Nov 2026 10:00:00 GMT"},
        {"Range": "bytes=0-9", "If-Range": 'W/"weak"'},
        {"If-None-Match": '"' + "x" * 5000 + '"'},
        {"If-None-Match": "; DROP"},
    ],
)
async def test_nonsense_in_conditions_gives_the_whole(gateway: Gateway, headers: dict[str, str]) -> None:
    path = await newest_path(gateway)
    answer = await fetch(gateway, path, **headers)
    assert (answer.status, answer.body) == (200, (await fetch(gateway, path)).body)


async def test_the_size_is_asked_for_once_and_only_where_it_is_asked_for(gateway: Gateway) -> None:
    query = "{ me { dueNotices(first: 3) { nodes { document { byteSize url } } } } }"
    nodes = (await gateway.data(query))["me"]["dueNotices"]["nodes"]
    sizes = [len((await fetch(gateway, path_of(nodes, place))).body) for place in range(3)]
    assert [each["document"]["byteSize"] for each in nodes] == sizes
    calls = gateway.simulator.counters[CALL].calls
    assert (await gateway.data(query))["me"]["dueNotices"]["nodes"][0]["document"]["byteSize"] == sizes[0]
    await notices(gateway)
    assert gateway.simulator.counters[CALL].calls == calls


async def test_a_document_that_is_being_drawn(gateway: Gateway, clock: HeldClock) -> None:
    tenant = next(each for each in gateway.simulator.landlord.with_case(Case.DOCUMENT_PENDING) if each.account.notices)
    token = await open_account(gateway, tenant)
    nodes = await notices(gateway, token)
    assert nodes[0]["document"]["ready"] is False
    answer = await fetch(gateway, path_of(nodes))
    assert (answer.status, answer.headers["Retry-After"], json.loads(answer.body)) == (202, "2", {"ready": False})
    assert answer.headers["Cache-Control"] == "no-store"
    clock.advance(seconds=11)
    assert (await fetch(gateway, path_of(nodes))).status == 200
    assert (await notices(gateway, token))[0]["document"]["ready"] is True


async def test_there_is_no_document_where_billing_has_none(gateway: Gateway) -> None:
    tenant = next(
        each
        for each in gateway.simulator.landlord.tenants
        if any(notice.document == "ABSENT" for notice in each.account.notices[:3])
    )
    shown = {each["number"]: each["document"] for each in await notices(gateway, await open_account(gateway, tenant))}
    absent = [each.id for each in tenant.account.notices if each.document == "ABSENT" and each.id in shown]
    assert absent
    assert all(shown[number] is None for number in absent)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("html500", 503, "UPSTREAM_UNAVAILABLE"),
        ("reset", 503, "UPSTREAM_UNAVAILABLE"),
        ("too_many", 503, "UPSTREAM_UNAVAILABLE"),
        ("maintenance503", 503, "UPSTREAM_CLOSED"),
        ("garbage", 502, "UPSTREAM_MALFORMED"),
        ("hang", 504, "UPSTREAM_TIMEOUT"),
    ],
)
async def test_billing_fails(gateway: Gateway, clock: HeldClock, kind: str, status: int, code: str) -> None:
    settings = gateway.settings.model_copy(update={"upstream_deadline_seconds": 0.4})
    async with run_gateway(gateway.simulator, settings, clock) as impatient:
        path = await newest_path(impatient)
        with fault(impatient, kind):
            french = await fetch(impatient, path)
            english = await fetch(impatient, path, Accept_Language="en")
    assert (french.status, codes(french), ("Retry-After" in french.headers)) == (status, [code], status == 503)
    assert json.loads(french.body)["errors"][0]["extensions"] == {"code": code, "upstream": "BILLING"}
    assert json.loads(french.body)["errors"][0]["message"].startswith("La facturation")
    assert json.loads(english.body)["errors"][0]["message"].startswith("Billing")
    assert not any(word in french.body for word in (b"127.0.0.1", b"html", b"AE-2026", b"telecharger"))


async def test_billing_is_not_asked_while_it_is_closed_or_failing(gateway: Gateway, clock: HeldClock) -> None:
    path = await newest_path(gateway)
    with fault(gateway, "html500"):
        for _ in range(5):
            assert (await fetch(gateway, path)).status == 503
        calls = gateway.simulator.counters[CALL].calls
        assert codes(await fetch(gateway, path)) == ["UPSTREAM_UNAVAILABLE"]
        assert gateway.simulator.counters[CALL].calls == calls
    clock.now = datetime(2026, 11, 25, 20, 59, tzinfo=UTC)  # 21:59 in Paris, before a night of the billing run
    gateway.tokens.clear()
    path = await newest_path(gateway)
    clock.advance(minutes=1)
    answer = await fetch(gateway, path)
    assert (answer.status, codes(answer), answer.headers["Retry-After"]) == (503, ["UPSTREAM_CLOSED"], "600")
    assert gateway.simulator.counters[CALL].calls == calls


@pytest.mark.parametrize("size", [0, BIG])
async def test_a_document_cut_short_does_not_look_whole(gateway: Gateway, size: int) -> None:
    gateway.simulator.set_document_size(size)
    path = await newest_path(gateway)
    with fault(gateway, "truncated"), pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
        await fetch(gateway, path)
    assert (await fetch(gateway, path)).status == 200


async def test_a_slow_client_costs_no_memory(gateway: Gateway) -> None:
    gateway.simulator.set_document_size(BIG)
    path = await newest_path(gateway)
    await fetch(gateway, path, Range="bytes=0-9")
    reader, writer = await connect_slowly(gateway, path)
    gc.collect()
    tracemalloc.start()
    try:
        received = 0
        while piece := await reader.read(16 * 1024):
            received += len(piece)
            if received < 1024 * 1024:
                await asyncio.sleep(0.005)  # billing and the gateway have time to fill whatever they would fill
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        writer.close()
    assert received > BIG
    assert peak < 3 * 1024 * 1024


async def connect_slowly(gateway: Gateway, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that has asked, and of whose reading nobody does a part in advance."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    sock.setblocking(False)
    host, port = gateway.url.removeprefix("http://").split(":")
    await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=sock, limit=8 * 1024)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def test_a_client_that_goes_away_ends_the_call(gateway: Gateway, clock: HeldClock) -> None:
    settings = gateway.settings.model_copy(update={"upstream_deadline_seconds": 60.0})
    async with run_gateway(gateway.simulator, settings, clock) as patient:
        path = await newest_path(patient)
        gateway.simulator.hold()
        _, writer = await connect_slowly(patient, path)
        await gateway.simulator.wait_for_waiting(1)
        writer.close()
        async with asyncio.timeout(30):  # much less than the call would take, and much more than its end does
            while gateway.simulator.waiting:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_one_account_has_a_few_documents_at_once(gateway: Gateway) -> None:
    gateway.simulator.set_document_size(BIG)
    path = await newest_path(gateway)
    slow = [await connect_slowly(gateway, path) for _ in range(AT_ONCE_EACH)]
    for reader, _ in slow:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    refused = await fetch(gateway, path)
    assert (refused.status, codes(refused), refused.headers["Retry-After"]) == (503, ["OVERLOADED"], "5")
    others = await newest_path(gateway, await open_account(gateway, next(neighbours(gateway))))
    assert (await fetch(gateway, others, Range="bytes=0-9")).status == 206
    for _, writer in slow:
        writer.transport.abort()
    while (await fetch(gateway, path, Range="bytes=0-9")).status == 503:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_a_process_has_a_bounded_number_of_documents_at_once(gateway: Gateway) -> None:
    accounts = AT_ONCE // AT_ONCE_EACH + 1
    tenants = [tenant for tenant, _ in zip(neighbours(gateway), range(accounts), strict=False)]
    paths = [await newest_path(gateway, await open_account(gateway, tenant)) for tenant in tenants]
    gateway.simulator.hold()
    fetching = [asyncio.create_task(fetch(gateway, path)) for path in paths[:-1] for _ in range(AT_ONCE_EACH)]
    await gateway.simulator.wait_for_waiting(AT_ONCE)
    assert codes(await fetch(gateway, paths[-1])) == ["OVERLOADED"]
    gateway.simulator.open()
    assert {answer.status for answer in await asyncio.gather(*fetching)} == {200}
    assert (await fetch(gateway, paths[-1])).status == 200


async def test_other_methods(gateway: Gateway) -> None:
    answer = await fetch(gateway, await newest_path(gateway), "POST")
    assert (answer.status, codes(answer), answer.headers["Allow"]) == (405, ["METHOD_NOT_ALLOWED"], "GET, HEAD")

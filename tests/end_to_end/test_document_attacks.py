"""Addresses of documents in the wrong hands, too late, or changed: always the same 404, to the byte."""

import asyncio
import string
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.accounts import open_accounts
from gateway.models.dates import YearMonth
from gateway.notice_documents import LIFETIME, NoticeDocuments
from gateway.simulator import EXAMPLE_LABEL
from tests.end_to_end.documents import (
    Fetched,
    fault,
    fetch,
    neighbours,
    newest_path,
    open_account,
)
from tests.support import PASSWORD, Clients, Gateway, HeldClock, run_gateway

ALPHABET = string.ascii_letters + string.digits + "-_"
LOG_IN = """mutation($label: String!, $password: String!, $client: ClientKind!) {
  logIn(input: {accountLabel: $label, password: $password, client: $client}) {
    ... on SignedIn { tokens { accessToken refreshToken } } } }"""
RENEW = """mutation($current: String!, $new: String!) {
  renewPassword(input: {currentPassword: $current, newPassword: $new}) { __typename } }"""
RESET = "mutation($label: String!) { requestPasswordReset(input: {accountLabel: $label}) { __typename } }"
COMPLETE = """mutation($token: String!, $new: String!) {
  completePasswordReset(input: {token: $token, newPassword: $new, client: APP}) { __typename } }"""
REFRESH = """mutation($token: String!) {
  refreshSession(input: {refreshToken: $token}) { ... on SessionRefreshed { renewal { mandatory } } } }"""
SESSIONS = "{ me { account { sessions { id current } } } }"


async def nothing_there(gateway: Gateway) -> Fetched:
    """What an address that never was is answered."""
    english, answer = await fetch(gateway, "/documents/x", Accept_Language="en"), await fetch(gateway, "/documents/x")
    assert (english.status, answer.status) == (404, 404)
    assert b"This document" in english.body and b"Ce document" in answer.body
    assert b'"code":"NOT_FOUND"' in answer.body
    return answer


async def tell(gateway: Gateway, query: str, bearer: str | None = None, **variables: Any) -> Any:
    _, answer = await gateway.post({"query": query, "variables": variables}, token=bearer)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


async def sign_in(gateway: Gateway) -> dict[str, str]:
    """The tokens of one more session of the worked example's tenant."""
    data = await tell(gateway, LOG_IN, label=EXAMPLE_LABEL, password=PASSWORD, client="APP")
    tokens: dict[str, str] = data["logIn"]["tokens"]
    return tokens


async def browser_cookie(gateway: Gateway, label: str = EXAMPLE_LABEL) -> str:
    """The session cookie that a browser has after signing in, as it sends it."""
    body = {"query": LOG_IN, "variables": {"label": label, "password": PASSWORD, "client": "WEB"}}
    async with gateway.http.post(f"{gateway.url}/graphql", json=body, headers={"GraphQL-Preflight": "1"}) as response:
        return next(each for each in response.headers.getall("Set-Cookie") if "session" in each).partition(";")[0]


async def test_an_address_ends_after_five_minutes(gateway: Gateway, clock: HeldClock) -> None:
    expected, path = await nothing_there(gateway), await newest_path(gateway)
    clock.now += LIFETIME - timedelta(milliseconds=1)
    assert (await fetch(gateway, path)).status == 200
    clock.advance(milliseconds=1)
    assert await fetch(gateway, path) == expected
    assert (await fetch(gateway, path, "HEAD")).headers == expected.headers


async def test_one_changed_character(gateway: Gateway) -> None:
    path = await newest_path(gateway)
    address = path.removeprefix("/documents/")
    expected = await nothing_there(gateway)
    changed = [
        address[:place] + ALPHABET[(ALPHABET.index(address[place]) + 1) % 64] + address[place + 1 :]
        for place in range(len(address))
    ]
    changed += [address[:-1] + last for last in ALPHABET if last != address[-1]]
    changed += [address[:-1], address + "A", address + "=", address + "==", address.swapcase(), address * 2]
    changed += [f"{address}/", f"{address}%0A", f"{address}%00", f"%20{address}", f"{address}.pdf", f"x/{address}"]
    calls = gateway.simulator.counters["telechargerDocument"].calls
    for each in changed:
        assert await fetch(gateway, f"/documents/{each}") == expected, each
    assert gateway.simulator.counters["telechargerDocument"].calls == calls
    assert (await fetch(gateway, path)).status == 200


async def log_out(gateway: Gateway, mine: str, other: str) -> None:
    await tell(gateway, "mutation { logOut { ended } }", mine)


async def log_out_everywhere(gateway: Gateway, mine: str, other: str) -> None:
    await tell(gateway, "mutation { logOutEverywhere { ended } }", other)


async def end_from_elsewhere(gateway: Gateway, mine: str, other: str) -> None:
    sessions = (await tell(gateway, SESSIONS, mine))["me"]["account"]["sessions"]
    session = next(each["id"] for each in sessions if each["current"])
    await tell(gateway, "mutation($id: ID!) { endSession(id: $id) { ended } }", other, id=session)


async def renew_elsewhere(gateway: Gateway, mine: str, other: str) -> None:
    await tell(gateway, RENEW, other, current=PASSWORD, new="Questche-2027!")


@pytest.mark.parametrize("end", [log_out, log_out_everywhere, end_from_elsewhere, renew_elsewhere])
async def test_an_address_ends_with_its_session_on_every_node(
    gateway: Gateway, clock: HeldClock, end: Callable[[Gateway, str, str], Awaitable[None]]
) -> None:
    mine, other = (await sign_in(gateway))["accessToken"], (await sign_in(gateway))["accessToken"]
    path, others = await newest_path(gateway, mine), await newest_path(gateway, other)
    async with run_gateway(gateway.simulator, gateway.settings, clock) as second:
        assert (await fetch(second, path)).status == (await fetch(second, others)).status == 200
        await end(gateway, mine, other)
        for node in (gateway, second):
            assert await fetch(node, path) == await nothing_there(node)
        assert (await fetch(second, others)).status == (404 if end is log_out_everywhere else 200)


async def test_a_reset_of_the_password_ends_it(gateway: Gateway) -> None:
    tenant = next(each for each in neighbours(gateway) if each.principal.email)
    path = await newest_path(gateway, await open_account(gateway, tenant))
    await tell(gateway, RESET, label=tenant.account_number)
    assert tenant.principal.email
    (mail,) = await gateway.links(tenant.principal.email.strip())
    token = mail.text.split("#token=")[1].split()[0]
    done = await tell(gateway, COMPLETE, token=token, new="Questche-2027!")
    assert done["completePasswordReset"]["__typename"] == "SignedIn"
    assert await fetch(gateway, path) == await nothing_there(gateway)


async def test_a_browsers_session_takes_its_addresses_with_it(gateway: Gateway, clock: HeldClock) -> None:
    cookie = await browser_cookie(gateway)

    async def current_path() -> str:
        query = "{ me { dueNotices(first: 1) { nodes { document { url } } } } }"
        _, answer = await gateway.post({"query": query}, Cookie=cookie)
        url: str = answer["data"]["me"]["dueNotices"]["nodes"][0]["document"]["url"]
        return url.removeprefix("http://127.0.0.1:8000")

    for _ in range(34):  # in use all the time, for 11 hours and 54 minutes
        clock.advance(minutes=21)
        await current_path()
    clock.advance(minutes=3)
    path = await current_path()
    clock.advance(minutes=3, milliseconds=-1)
    assert (await fetch(gateway, path)).status == 200
    clock.advance(milliseconds=1)
    assert await fetch(gateway, path) == await nothing_there(gateway)


async def test_a_session_that_may_only_renew_the_password(gateway: Gateway, clock: HeldClock) -> None:
    settings = gateway.settings.model_copy(update={"password_renewal_mandatory": True})
    clock.now = datetime(2027, 11, 2, 22, 58, tzinfo=UTC)  # two minutes before the anniversary begins in Paris
    async with run_gateway(gateway.simulator, settings, clock) as strict:
        tokens = await sign_in(strict)
        path = await newest_path(strict, tokens["accessToken"])
        clock.advance(minutes=4)
        assert (await fetch(strict, path)).status == 200
        refreshed = await tell(strict, REFRESH, token=tokens["refreshToken"])
        assert refreshed["refreshSession"]["renewal"] == {"mandatory": True}
        assert await fetch(strict, path) == await nothing_there(strict)


async def test_whoever_else_is_signed_in_there_finds_nothing(gateway: Gateway, clock: HeldClock) -> None:
    tenant = next(neighbours(gateway))
    foreign = await open_account(gateway, tenant)
    path, expected = await newest_path(gateway), await nothing_there(gateway)
    cookie, foreign_cookie = await browser_cookie(gateway), await browser_cookie(gateway, tenant.account_number)
    gateway.http.cookie_jar.clear()
    assert await fetch(gateway, path, Authorization=f"Bearer {foreign}") == expected
    assert await fetch(gateway, path, Cookie=foreign_cookie) == expected
    # The same tenant's app and browser are one person; what is over, or was never anything, says nothing.
    assert (await fetch(gateway, path, Cookie=cookie)).status == 200
    assert (await fetch(gateway, path, Authorization="Bearer nonsense", Cookie="__Host-session=x")).status == 200
    await gateway.post({"query": "mutation { logOut { ended } }"}, Cookie=foreign_cookie)
    assert (await fetch(gateway, path, Cookie=foreign_cookie)).status == 200


async def test_an_address_for_another_tenants_notice_opens_nothing(gateway: Gateway, clients: Clients) -> None:
    """Even one that the gateway itself has made, or that somebody with its keys has."""
    token, tenant = await gateway.sign_in(), next(neighbours(gateway))
    known = await clients.billing.fetch_due_notices([tenant.account_number], YearMonth(2026, 1))
    notices = known[tenant.account_number]
    assert isinstance(notices, tuple)
    async with open_accounts(gateway.settings, gateway.clock) as accounts:
        documents = NoticeDocuments(accounts, clients.billing)
        principal = await accounts.principal_for_bearer(token)
        for notice in (notices[0], replace(notices[0], number="AE-209912-0048217")):
            document = documents.document_of(principal, notice)
            assert document is not None
            path = document.url.removeprefix(gateway.settings.public_url)
            assert await fetch(gateway, path) == await nothing_there(gateway)
    assert gateway.simulator.counters["telechargerDocument"].calls == 0


async def test_a_document_that_billing_lost(gateway: Gateway) -> None:
    path = await newest_path(gateway)
    with fault(gateway, "ko", code="FAC-410"):
        assert await fetch(gateway, path) == await nothing_there(gateway)


@pytest.mark.parametrize(
    "target",
    [
        "/documents/",
        "/documents/../graphql",
        "/documents/..%2f..%2fetc/passwd",
        "/documents/%2e%2e/%2e%2e/settings.py",
        "/documents/\\..\\..",
        "/documents//",
        "/documents/http://127.0.0.1/x",
        "/documents/%F0%9F%98%80",
        "/documents/%ff%fe",
        "/documents/" + "A" * 30_000,
    ],
)
async def test_tricks_with_the_path(gateway: Gateway, target: str) -> None:
    expected = await nothing_there(gateway)
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith(b"\r\n\r\n" + expected.body)

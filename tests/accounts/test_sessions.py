"""Sessions of browsers and apps: lifetimes, refresh, revocation, on one node and on another."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.errors import Unauthenticated
from gateway.models.account import ClientKind, SessionExpired, SessionRefreshed, SignedIn
from gateway.models.principal import Principal

from .conftest import Gateway

Opener = Callable[..., Awaitable[Gateway]]


async def web(gateway: Gateway) -> tuple[SignedIn, str]:
    signed_in = await gateway.signed_in(client=ClientKind.WEB)
    assert signed_in.session_cookie and signed_in.tokens is None
    return signed_in, signed_in.session_cookie


async def app(gateway: Gateway) -> tuple[SignedIn, str, str]:
    signed_in = await gateway.signed_in()
    assert signed_in.tokens and signed_in.session_cookie is None
    return signed_in, signed_in.tokens.access_token, signed_in.tokens.refresh_token


async def refreshed(gateway: Gateway, token: str) -> str:
    outcome = await gateway.accounts.refresh_session(token, gateway.caller)
    assert isinstance(outcome, SessionRefreshed)
    return outcome.tokens.refresh_token


async def is_over(gateway: Gateway, token: str) -> bool:
    return isinstance(await gateway.accounts.refresh_session(token, gateway.caller), SessionExpired)


async def test_a_principal_holds_the_keys_of_the_lease(gateway: Gateway) -> None:
    account_id = await gateway.add_account()
    signed_in, access, _ = await app(gateway)
    session_id = signed_in.principal.session_id
    expected = Principal(account_id, session_id, "0048217/01", "L0048217")
    assert await gateway.accounts.principal_for_bearer(access) == signed_in.principal == expected
    signed_in, cookie = await web(gateway)
    assert await gateway.accounts.principal_for_cookie(cookie) == signed_in.principal
    assert len(cookie) == 43


async def test_a_browsers_session_idles_for_half_an_hour(gateway: Gateway) -> None:
    await gateway.add_account()
    _, cookie = await web(gateway)
    for _ in range(3):
        gateway.clock.forward(minutes=30, milliseconds=-1)
        await gateway.accounts.principal_for_cookie(cookie)
    gateway.clock.forward(minutes=30)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_cookie(cookie)


async def test_a_browsers_session_ends_after_twelve_hours(gateway: Gateway) -> None:
    await gateway.add_account()
    _, cookie = await web(gateway)
    for _ in range(24):
        gateway.clock.forward(minutes=29)
        await gateway.accounts.principal_for_cookie(cookie)
    gateway.clock.forward(minutes=23, seconds=59, milliseconds=999)
    await gateway.accounts.principal_for_cookie(cookie)
    gateway.clock.forward(milliseconds=1)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_cookie(cookie)


async def test_an_apps_session_idles_for_thirty_days_and_ends_after_180(gateway: Gateway) -> None:
    await gateway.add_account()
    _, _, token = await app(gateway)
    for _ in range(6):
        gateway.clock.forward(days=30, milliseconds=-1)
        token = await refreshed(gateway, token)
    gateway.clock.forward(milliseconds=6)
    assert await is_over(gateway, token)
    _, _, token = await app(gateway)
    gateway.clock.forward(days=30)
    assert await is_over(gateway, token)


async def test_twenty_refreshes_at_once_are_one_rotation(open_gateway: Opener) -> None:
    first, second = await open_gateway(), await open_gateway()
    await first.add_account()
    _, _, token = await app(first)
    successors = await asyncio.gather(*(refreshed(each, token) for _ in range(10) for each in (first, second)))
    assert len(set(successors)) == 1
    assert successors[0].split(".")[1] == "1"
    assert await refreshed(second, successors[0]) != successors[0]


async def test_the_predecessor_is_answered_for_ten_seconds(gateway: Gateway) -> None:
    await gateway.add_account()
    _, _, first = await app(gateway)
    second = await refreshed(gateway, first)
    gateway.clock.forward(seconds=10)
    assert await refreshed(gateway, first) == second
    gateway.clock.forward(milliseconds=1)
    assert await is_over(gateway, first)
    assert await is_over(gateway, second)
    await gateway.work()
    assert gateway.subjects == ["Une session a été fermée par sécurité"]


async def test_an_older_token_ends_the_session_at_once(gateway: Gateway) -> None:
    await gateway.add_account()
    _, access, first = await app(gateway)
    third = await refreshed(gateway, await refreshed(gateway, first))
    assert await is_over(gateway, first)
    assert await is_over(gateway, third)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(access)


@pytest.mark.parametrize("token", ["", ".", "..", "a.1.b", "a" * 5_000, "é.1.ü", "\ud800.1.x"])
async def test_made_up_refresh_tokens_are_over(gateway: Gateway, token: str) -> None:
    assert await is_over(gateway, token)


async def test_a_refresh_token_cannot_be_counted_up(gateway: Gateway) -> None:
    await gateway.add_account()
    _, _, token = await app(gateway)
    session_id, _, signature = token.split(".")
    assert await is_over(gateway, f"{session_id}.1.{signature}")
    await refreshed(gateway, token)


async def test_a_browsers_session_has_no_refresh_token(gateway: Gateway) -> None:
    from gateway.accounts.refresh_tokens import sign_refresh_token
    from gateway.store.sessions import fetch

    await gateway.add_account()
    signed_in, _ = await web(gateway)
    tools = gateway.accounts.tools
    token = sign_refresh_token(tools, signed_in.principal.session_id, 0)
    outcome = await gateway.accounts.refresh_session(token, gateway.caller)
    assert isinstance(outcome, SessionExpired)
    async with tools.store.read() as tx:
        row = await fetch(tx, signed_in.principal.session_id)
    assert row and row.counter == 0


async def test_log_out_ends_this_session_only(gateway: Gateway) -> None:
    await gateway.add_account()
    signed_in, cookie = await web(gateway)
    _, access, refresh_token = await app(gateway)
    await gateway.accounts.log_out(signed_in.principal, gateway.caller)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_cookie(cookie)
    await gateway.accounts.principal_for_bearer(access)
    await refreshed(gateway, refresh_token)


async def test_log_out_everywhere_ends_all(gateway: Gateway) -> None:
    await gateway.add_account()
    signed_in, cookie = await web(gateway)
    _, access, refresh_token = await app(gateway)
    await gateway.accounts.log_out_everywhere(signed_in.principal, gateway.caller)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_cookie(cookie)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(access)
    assert await is_over(gateway, refresh_token)


async def test_a_session_ended_on_one_node_is_over_on_the_other(open_gateway: Opener) -> None:
    first, second = await open_gateway(), await open_gateway()
    await first.add_account()
    signed_in, access, refresh_token = await app(first)
    _, cookie = await web(first)
    await second.accounts.principal_for_bearer(access)
    await second.accounts.principal_for_cookie(cookie)
    await first.accounts.log_out_everywhere(signed_in.principal, first.caller)
    # At once for what changes things …
    with pytest.raises(Unauthenticated):
        await second.accounts.principal_for_bearer(access, changing=True)
    with pytest.raises(Unauthenticated):
        await second.accounts.principal_for_cookie(cookie, changing=True)
    assert await is_over(second, refresh_token)
    # … and within ten seconds for reads.
    second.clock.forward(seconds=10)
    with pytest.raises(Unauthenticated):
        await second.accounts.principal_for_bearer(access)
    with pytest.raises(Unauthenticated):
        await second.accounts.principal_for_cookie(cookie)


async def test_sessions_are_listed_and_ended_one_by_one(gateway: Gateway) -> None:
    await gateway.add_account()
    here, _ = await web(gateway)
    gateway.clock.forward(seconds=1)
    there, access, _ = await app(gateway)
    listed = await gateway.accounts.list_sessions(here.principal)
    assert [(each.id, each.current) for each in listed] == [
        (there.principal.session_id, False),
        (here.principal.session_id, True),
    ]
    assert listed[0].user_agent == "test" and listed[0].created_at == gateway.clock()
    assert await gateway.accounts.end_session(here.principal, there.principal.session_id, gateway.caller)
    assert not await gateway.accounts.end_session(here.principal, there.principal.session_id, gateway.caller)
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_bearer(access)
    assert len(await gateway.accounts.list_sessions(here.principal)) == 1


async def test_nobody_ends_or_sees_anothers_sessions(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.add_account("L0050001")
    mine, access, _ = await app(gateway)
    other = await gateway.signed_in(label="L0050001")
    assert not await gateway.accounts.end_session(other.principal, mine.principal.session_id, gateway.caller)
    assert len(await gateway.accounts.list_sessions(other.principal)) == 1
    await gateway.accounts.principal_for_bearer(access, changing=True)


async def test_cookies_that_nobody_was_given_are_nobodys(gateway: Gateway) -> None:
    for cookie in ("", "x", "\ud800", "a" * 10_000):
        with pytest.raises(Unauthenticated):
            await gateway.accounts.principal_for_cookie(cookie)


async def test_a_block_ends_no_session(gateway: Gateway) -> None:
    await gateway.add_account()
    _, access, refresh_token = await app(gateway)
    for _ in range(3):
        await gateway.create(password="weak")
    await gateway.accounts.principal_for_bearer(access, changing=True)
    await refreshed(gateway, refresh_token)

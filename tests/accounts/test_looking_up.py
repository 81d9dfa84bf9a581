"""Finding out who is asking, for many at once: each gets their own answer, and no answer is older than its question."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import QueuePool, text

from gateway.accounts import open_accounts, principals
from gateway.errors import Unauthenticated
from gateway.models.account import ClientKind, SignedIn
from gateway.store import sessions

from . import postgres
from .conftest import Clock, Gateway, settings_for
from .people import MadeUpDirectory
from .test_signing_in import counted

Opener = Callable[..., Awaitable[Gateway]]

LABELS = [f"L006{number:04}" for number in range(40)]


@pytest.fixture
async def on_postgres(postgres_url: str, clock: Clock) -> AsyncIterator[Gateway]:
    await postgres.empty(postgres_url)
    async with open_accounts(settings_for(postgres_url), clock) as accounts:
        yield Gateway(accounts, clock, MadeUpDirectory())


async def cookie_of(gateway: Gateway, label: str) -> tuple[SignedIn, str]:
    signed_in = await gateway.signed_in(label=label, client=ClientKind.WEB)
    assert signed_in.session_cookie
    return signed_in, signed_in.session_cookie


async def bearer_of(gateway: Gateway, label: str) -> tuple[SignedIn, str]:
    signed_in = await gateway.signed_in(label=label)
    assert signed_in.tokens
    return signed_in, signed_in.tokens.access_token


async def add_accounts(gateway: Gateway, labels: list[str]) -> None:
    for label in labels:
        await gateway.add_account(label)


async def outcomes(*asking: Awaitable[Any]) -> list[Any]:
    """What each got; Unauthenticated and Overloaded by their names."""
    results = await asyncio.gather(*asking, return_exceptions=True)
    return [type(each).__name__ if isinstance(each, Exception) else each for each in results]


async def rename(gateway: Gateway, old: str, new: str) -> None:
    async with gateway.accounts.tools.store.write() as tx:
        await tx.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


async def test_many_who_ask_at_once_are_each_themselves(open_gateway: Opener) -> None:
    gateway, fresh = await open_gateway(), await open_gateway()
    labels = LABELS[:20]
    await add_accounts(gateway, labels)
    apps = [await bearer_of(gateway, label) for label in labels]
    browsers = [await cookie_of(gateway, label) for label in labels]
    found = await asyncio.gather(
        *(fresh.accounts.principal_for_bearer(token) for _, token in apps),
        *(fresh.accounts.principal_for_cookie(cookie) for _, cookie in browsers),
        *(fresh.accounts.principal_for_bearer(token) for _, token in apps),
    )
    assert found == [each.principal for each, _ in [*apps, *browsers, *apps]]
    assert [each.account_number for each in found[:20]] == labels


async def test_those_who_may_not_are_refused_among_those_who_may(open_gateway: Opener) -> None:
    gateway, fresh = await open_gateway(), await open_gateway()
    await add_accounts(gateway, LABELS[:6])
    _, idle = await cookie_of(gateway, LABELS[0])
    gateway.clock.forward(minutes=30)
    good, token = await bearer_of(gateway, LABELS[1])
    signed_out, revoked = await bearer_of(gateway, LABELS[2])
    await gateway.accounts.log_out(signed_out.principal, gateway.caller)
    closed, closed_token = await bearer_of(gateway, LABELS[3])
    async with gateway.accounts.tools.store.write() as tx:
        await tx.execute(text("UPDATE accounts SET closed_at = 1 WHERE id = :id"), {"id": closed.principal.account_id})
    also_good, cookie = await cookie_of(gateway, LABELS[4])
    # Well signed, but for a session that was never there, a browser's session, and another account's session.
    issue = gateway.accounts.tools.tokens.issue_token
    unknown, _ = await issue(good.principal.account_id, "0" * 32)
    browsers, _ = await issue(also_good.principal.account_id, also_good.principal.session_id)
    anothers, _ = await issue(good.principal.account_id, also_good.principal.session_id)
    bearer, by_cookie = fresh.accounts.principal_for_bearer, fresh.accounts.principal_for_cookie
    assert await outcomes(
        *(by_cookie(idle), bearer(token), bearer(revoked), bearer(closed_token), by_cookie(cookie)),
        *(bearer(unknown), bearer(browsers), bearer(anothers), by_cookie("made up"), bearer(token)),
    ) == [
        *("Unauthenticated", good.principal, "Unauthenticated", "Unauthenticated", also_good.principal),
        *("Unauthenticated", "Unauthenticated", "Unauthenticated", "Unauthenticated", good.principal),
    ]


async def test_who_goes_away_takes_nobodys_answer_along(open_gateway: Opener) -> None:
    gateway, fresh = await open_gateway(), await open_gateway()
    await gateway.add_account()
    signed_in, token = await bearer_of(gateway, "L0048217")
    for _ in range(10):
        fresh.accounts._principals.forget()
        asking = [asyncio.ensure_future(fresh.accounts.principal_for_bearer(token)) for _ in range(5)]
        for tick, leaving in enumerate(asking[:4]):  # at several stages of the look-up
            leaving.cancel()
            for _ in range(tick):
                await asyncio.sleep(0)
        assert await asking[4] == signed_in.principal
        await asyncio.gather(*asking, return_exceptions=True)


async def test_a_database_that_fails_fails_all_who_wait_and_nobody_later(gateway: Gateway) -> None:
    await gateway.add_account()
    signed_in, token = await bearer_of(gateway, "L0048217")
    for _ in range(2):
        assert await gateway.accounts.principal_for_bearer(token, changing=True) == signed_in.principal
        await rename(gateway, "sessions", "elsewhere")
        asking = [gateway.accounts.principal_for_bearer(token, changing=True) for _ in range(5)]
        assert await outcomes(*asking) == ["Overloaded"] * 5
        await rename(gateway, "elsewhere", "sessions")
        asking = [gateway.accounts.principal_for_bearer(token, changing=True) for _ in range(5)]
        assert await outcomes(*asking) == [signed_in.principal] * 5


async def test_a_connection_lost_while_nobody_asked_is_not_noticed(on_postgres: Gateway, postgres_url: str) -> None:
    await on_postgres.add_account()
    signed_in, token = await bearer_of(on_postgres, "L0048217")
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    for _ in range(3):
        assert await on_postgres.accounts.principal_for_bearer(token, changing=True) == signed_in.principal
        await postgres.run(postgres_url, others)
    pool = on_postgres.accounts.tools.store.engine.pool
    assert isinstance(pool, QueuePool) and pool.checkedout() == 1  # what is lost is given back


async def test_no_server_is_told_to_all_who_wait(tmp_path: Any) -> None:
    clock = Clock()
    async with open_accounts(settings_for(f"postgresql://nobody@/none?host={tmp_path}"), clock) as accounts:
        asking = [accounts.principal_for_cookie("cookie") for _ in range(3)]
        assert await outcomes(*asking) == ["Overloaded"] * 3


async def test_an_ending_is_seen_by_all_who_ask_after_it(open_gateway: Opener) -> None:
    """Though others ask for the same session all the time, so that there is always a statement under way."""
    here, there = await open_gateway(), await open_gateway()
    await here.add_account()
    for _ in range(10):
        signed_in, token = await bearer_of(here, "L0048217")

        async def keep_asking(token: str = token) -> None:
            while True:
                await there.accounts.principal_for_bearer(token, changing=True)

        crowd = [asyncio.ensure_future(keep_asking()) for _ in range(8)]
        await there.accounts.principal_for_bearer(token, changing=True)
        await here.accounts.log_out(signed_in.principal, here.caller)
        with pytest.raises(Unauthenticated):
            await there.accounts.principal_for_bearer(token, changing=True)
        ended = await asyncio.gather(*crowd, return_exceptions=True)
        assert {type(each) for each in ended} == {Unauthenticated}


async def test_what_was_read_before_an_ending_is_not_remembered_after_it(gateway: Gateway) -> None:
    await gateway.add_account()
    tools = gateway.accounts.tools
    signed_in, cookie = await cookie_of(gateway, "L0048217")
    principal = signed_in.principal
    gateway.clock.forward(minutes=29)
    async with tools.store.write() as tx:
        asking = asyncio.ensure_future(gateway.accounts.principal_for_cookie(cookie))
        await asyncio.sleep(0.2)  # time to read; on SQLite it waits for this transaction, then, to note the use
        await sessions.end(tx, principal.account_id, tools.now())
    tools.news.tell(principals.SESSIONS_ENDED)
    assert (await outcomes(asking))[0] in {principal, "Unauthenticated"}
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_cookie(cookie)


async def test_what_strangers_try_makes_nobody_forget_anybody(gateway: Gateway) -> None:
    await gateway.add_account()
    tools, heard = gateway.accounts.tools, list[bytes | None]()
    tools.news.hear(principals.SESSIONS_ENDED, heard.append)
    signed_in, token = await bearer_of(gateway, "L0048217")
    assert await gateway.accounts.principal_for_bearer(token) == signed_in.principal
    await gateway.accounts.refresh_session("made.1.up", gateway.caller)
    await gateway.accounts.complete_password_reset("made up", "Correct-horse-7", ClientKind.APP, gateway.caller)
    await gateway.accounts.confirm_account("made up", "Correct-horse-7", ClientKind.APP, gateway.caller)
    async with tools.store.write() as tx:  # unknown to this process, as it would be on another node
        await sessions.end(tx, signed_in.principal.account_id, tools.now())
    assert await gateway.accounts.principal_for_bearer(token) == signed_in.principal  # still remembered
    assert heard == []


async def test_what_a_session_was_is_remembered_from_when_it_was_read(gateway: Gateway) -> None:
    await gateway.add_account()
    tools = gateway.accounts.tools
    signed_in, cookie = await cookie_of(gateway, "L0048217")
    gateway.clock.forward(minutes=29)  # it is noted to be in use before the answer
    async with tools.store.write():
        asking = asyncio.ensure_future(gateway.accounts.principal_for_cookie(cookie))
        await asyncio.sleep(0.2)  # time to read; on SQLite it waits for this transaction, then, to note the use
        gateway.clock.forward(seconds=9)
    assert await asking == signed_in.principal
    async with tools.store.write() as tx:
        await sessions.end(tx, signed_in.principal.account_id, tools.now())
    with pytest.raises(Unauthenticated):
        await gateway.accounts.principal_for_cookie(cookie)


async def test_who_was_refused_a_change_is_not_remembered_for_reads(open_gateway: Opener) -> None:
    here, there = await open_gateway(), await open_gateway()
    await here.add_account()
    signed_in, token = await bearer_of(here, "L0048217")
    assert await there.accounts.principal_for_bearer(token) == signed_in.principal
    await here.accounts.log_out(signed_in.principal, here.caller)
    assert await there.accounts.principal_for_bearer(token) == signed_in.principal  # no news came, five seconds
    with pytest.raises(Unauthenticated):
        await there.accounts.principal_for_bearer(token, changing=True)
    with pytest.raises(Unauthenticated):
        await there.accounts.principal_for_bearer(token)


async def test_browsers_in_use_are_noted_together_and_nobody_waits_for_it(
    open_gateway: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(principals, "SOON_SECONDS", 3600)
    first, second = await open_gateway(), await open_gateway()
    await add_accounts(first, LABELS[:5])
    browsers = [await cookie_of(first, label) for label in LABELS[:5]]
    first.clock.forward(minutes=2)
    with counted(first) as statements:
        await asyncio.gather(*(first.accounts.principal_for_cookie(cookie) for _, cookie in browsers))
        assert statements == []
        await first.accounts.tools.store.close()  # no note is lost when a process ends
        assert [each.split()[0] for each in statements] == ["UPDATE"]
    for signed_in, _ in browsers:
        listed = await second.accounts.list_sessions(signed_in.principal)
        assert [each.last_used_at for each in listed] == [first.clock()]


async def test_a_browser_that_was_about_to_expire_goes_on_at_once_on_every_node(open_gateway: Opener) -> None:
    first, second = await open_gateway(), await open_gateway()
    await add_accounts(first, LABELS[:3])
    browsers = [await cookie_of(first, label) for label in LABELS[:3]]
    for node in (first, second, first):
        first.clock.forward(minutes=29, seconds=59)
        found = await asyncio.gather(*(node.accounts.principal_for_cookie(cookie) for _, cookie in browsers))
        assert found == [each.principal for each, _ in browsers]


async def test_a_note_opens_no_session_again(open_gateway: Opener) -> None:
    first, second = await open_gateway(), await open_gateway()
    await first.add_account()
    signed_in, cookie = await cookie_of(first, "L0048217")
    first.clock.forward(minutes=2)
    await first.accounts.principal_for_cookie(cookie)
    await second.accounts.log_out(signed_in.principal, second.caller)
    await first.accounts.tools.store.close()
    with pytest.raises(Unauthenticated):
        await second.accounts.principal_for_cookie(cookie)


async def test_a_note_does_not_wait_for_who_ends_the_session(on_postgres: Gateway) -> None:
    """Each might wait for the other's rows; on SQLite, one writes after the other."""
    await on_postgres.add_account()
    signed_in, cookie = await cookie_of(on_postgres, "L0048217")
    on_postgres.clock.forward(minutes=29)
    tools = on_postgres.accounts.tools
    async with tools.store.write() as tx:
        await sessions.end(tx, signed_in.principal.account_id, tools.now())
        assert await on_postgres.accounts.principal_for_cookie(cookie) == signed_in.principal
    with pytest.raises(Unauthenticated):
        await on_postgres.accounts.principal_for_cookie(cookie, changing=True)

"""News reach every process at once where there is a Valkey, and what may have been missed is said."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from gateway.errors import Unauthenticated
from gateway.models.account import ClientKind
from gateway.sealing import Secrets
from gateway.sharing import news as news_module
from gateway.sharing import valkey as valkey_module
from gateway.sharing.news import News
from gateway.sharing.valkey import Valkey
from tests.accounts import conftest as of_accounts
from tests.accounts.conftest import CALLER, Opener

from .valkey_server import Road, ValkeyServer

clock = of_accounts.clock
open_gateway = of_accounts.open_gateway
quick_hashes = of_accounts.quick_hashes

KEYS = ["first-secret-key-of-the-tests-0123456789"]


class Hearer:
    """One process's ears."""

    def __init__(self, news: News) -> None:
        self.news = news
        self.heard: list[bytes | None] = []
        news.hear("channel", self.heard.append)

    async def until(self, count: int) -> list[bytes | None]:
        """What was heard, once it is so much."""
        async with asyncio.timeout(20):
            while len(self.heard) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.heard


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey_module, "ANSWER_SECONDS", 20)


@pytest.fixture
async def listen(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[int], Awaitable[Hearer]]]:
    """One more process that listens already."""
    monkeypatch.setattr(news_module, "AGAIN_SECONDS", 0.05)
    async with AsyncExitStack() as stack:

        async def listen_one(port: int) -> Hearer:
            secrets = Secrets(KEYS)
            valkey = Valkey(f"redis://127.0.0.1:{port}/0", secrets)
            stack.push_async_callback(valkey.close)
            hearer = Hearer(News(valkey, secrets))
            await stack.enter_async_context(hearer.news.listening())
            assert await hearer.until(1) == [None]
            return hearer

        yield listen_one


async def test_all_hear_what_one_tells(valkey_server: ValkeyServer, listen: Callable[[int], Awaitable[Hearer]]) -> None:
    one, other = await listen(valkey_server.port), await listen(valkey_server.port)
    one.news.tell("channel", b"something")
    assert one.heard == [None, b"something"]
    assert await other.until(2) == [None, b"something"]
    assert await one.until(3) == [None, b"something", b"something"]


async def test_who_was_cut_off_is_told_that_news_may_be_missing(
    valkey_server: ValkeyServer, road: Road, listen: Callable[[int], Awaitable[Hearer]]
) -> None:
    one, cut_off = await listen(valkey_server.port), await listen(road.port)
    road.cut()
    assert await cut_off.until(2) == [None, None]
    one.news.tell("channel", b"again")
    assert await cut_off.until(3) == [None, None, b"again"]


async def test_a_road_that_goes_silent_is_noticed(
    road: Road, listen: Callable[[int], Awaitable[Hearer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_module, "SILENCE_SECONDS", 0.1)
    silent = await listen(road.port)
    road.close()
    before = road.connections
    while road.connections < before + 2:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    road.open()
    await silent.until(2)


async def test_what_strangers_tell_is_not_heard(
    valkey_server: ValkeyServer, listen: Callable[[int], Awaitable[Hearer]]
) -> None:
    one = await listen(valkey_server.port)
    name = Valkey("valkey://localhost", Secrets(KEYS)).name("channel")
    assert valkey_server.send(f"PUBLISH {name} forged") == b":1\r\n"
    one.news.tell("channel", b"true")
    assert await one.until(3) == [None, b"true", b"true"]


async def test_without_a_valkey_a_process_hears_itself() -> None:
    alone = Hearer(News(None, Secrets(KEYS)))
    async with alone.news.listening():
        alone.news.tell("channel", b"something")
    assert alone.heard == [b"something"]


async def test_a_session_ended_on_one_node_is_over_on_all(valkey_server: ValkeyServer, open_gateway: Opener) -> None:
    valkey_url = f"valkey://127.0.0.1:{valkey_server.port}/0"
    here, there = [await open_gateway(valkey_url=valkey_url) for _ in range(2)]
    await here.add_account()
    async with there.accounts.tools.news.listening():
        signed_in = await here.signed_in(client=ClientKind.APP)
        token = signed_in.tokens.access_token
        await there.accounts.principal_for_bearer(token)
        await here.accounts.log_out(signed_in.principal, CALLER)
        with pytest.raises(Unauthenticated):
            async with asyncio.timeout(20):
                while await there.accounts.principal_for_bearer(token):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # the clock stands still, so nothing is forgotten by itself


async def test_tenants_sign_in_and_out_though_valkey_is_killed(
    valkey_server: ValkeyServer, open_gateway: Opener
) -> None:
    gateway = await open_gateway(valkey_url=f"redis://127.0.0.1:{valkey_server.port}/0")
    await gateway.add_account()
    async with gateway.accounts.tools.news.listening():
        for _ in range(2):
            signed_in = await gateway.signed_in()
            await gateway.accounts.log_out(signed_in.principal, CALLER)
            with pytest.raises(Unauthenticated):
                await gateway.accounts.principal_for_bearer(signed_in.tokens.access_token)
            valkey_server.kill()

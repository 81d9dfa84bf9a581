"""Known devices: a gate each, a cap for all of them, and none that outlives the password it was known with."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from gateway.accounts import lockout
from gateway.accounts.lockout import GateState, Granted, Standing
from gateway.models.account import Caller, ClientKind, InvalidCredentials, PasswordAttemptsExhausted, SignedIn
from gateway.store import gate

from .conftest import PASSWORD, Gateway
from .people import KNOWN, LEASED, UNKNOWN
from .test_resets import CHANGED, ROTATED
from .test_signing_in import counted

Opener = Callable[..., Awaitable[Gateway]]


async def collect(gateway: Gateway, devices: int) -> list[Caller]:
    """So many devices that have signed in."""
    cookies = [(await gateway.signed_in(client=ClientKind.WEB)).device_cookie for _ in range(devices)]
    return [replace(gateway.caller, device_cookie=cookie) for cookie in cookies]


async def verified(gateway: Gateway, caller: Caller) -> tuple[int, datetime | None]:
    """How many wrong passwords were looked at until no more were, and when to come again."""
    before = gateway.accounts.tools.passwords.hashes_done
    while isinstance(outcome := await gateway.sign_in("wrong", caller=caller), InvalidCredentials):
        pass
    assert isinstance(outcome, PasswordAttemptsExhausted)
    return gateway.accounts.tools.passwords.hashes_done - before, outcome.retry_at


async def attack(gateway: Gateway, callers: list[Caller], days: int) -> int:
    """Guesses from every device as soon as one may, for so long; how many passwords were looked at."""
    total, end = 0, gateway.clock() + timedelta(days=days)
    while gateway.clock() < end:
        outcomes = [await verified(gateway, caller) for caller in callers]
        total += sum(count for count, _ in outcomes)
        if not (moments := [moment for _, moment in outcomes if moment]):
            return total
        gateway.clock.time = min(moments)
    return total


async def test_ten_days_of_attack_from_twelve_devices_end_at_a_hundred(gateway: Gateway) -> None:
    await gateway.add_account()
    devices = await collect(gateway, 12)
    assert await attack(gateway, devices, 10) == 100
    assert await attack(gateway, [gateway.caller], 10) == 100  # the label's own gate counts for itself
    gateway.clock.forward(days=400)
    for caller in (*devices, gateway.caller):
        assert isinstance(await gateway.sign_in(caller=caller), PasswordAttemptsExhausted)


async def test_all_devices_together_have_24_tries_a_day(gateway: Gateway) -> None:
    await gateway.add_account()
    devices = await collect(gateway, 12)
    begun = gateway.clock()
    outcomes = [await verified(gateway, caller) for caller in devices]
    assert [count for count, _ in outcomes] == [3] * 8 + [0] * 4
    assert outcomes[-1][1] == outcomes[0][1] + timedelta(days=1, minutes=-10) == begun + timedelta(days=1)  # type: ignore[operator]
    assert isinstance(await gateway.sign_in(), SignedIn)  # who has no cookie has the label's gate
    gateway.clock.forward(days=1)
    assert isinstance(await gateway.sign_in(caller=devices[-1]), SignedIn)
    assert await gateway.sign_in("wrong", caller=devices[-1]) == InvalidCredentials(2)


async def test_a_device_holds_no_other_and_a_refused_try_counts_nowhere(gateway: Gateway) -> None:
    await gateway.add_account()
    first, second = await collect(gateway, 2)
    for _ in range(40):
        await gateway.sign_in("wrong", caller=first)
    assert isinstance(await gateway.sign_in(caller=first), PasswordAttemptsExhausted)
    assert isinstance(await gateway.sign_in(caller=second), SignedIn)


async def test_a_right_password_opens_the_cap_of_all_devices_but_no_other_devices_hold(gateway: Gateway) -> None:
    await gateway.add_account()
    first, second = await collect(gateway, 2)
    held = [await verified(gateway, first) for _ in range(2)]
    assert await gateway.sign_in("wrong", caller=second) == InvalidCredentials(2)
    assert isinstance(await gateway.sign_in(caller=second), SignedIn)
    assert (await verified(gateway, first)) == held[1]
    tools = gateway.accounts.tools
    async with tools.store.read() as tx:
        row = await gate.fetch(tx, tools.secrets.digest("devices-gate", KNOWN))
    assert row and (row.failures_in_row, row.recent_tries) == (0, "")


Change = Callable[[Gateway], Awaitable[Any]]


async def reset(gateway: Gateway) -> None:
    await gateway.request_reset()
    assert isinstance(await gateway.reset(await gateway.mailed_token()), SignedIn)


async def renew(gateway: Gateway) -> None:
    principal = (await gateway.signed_in()).principal
    await gateway.accounts.renew_password(principal, PASSWORD, CHANGED, gateway.caller)


async def create_again(gateway: Gateway) -> None:
    await gateway.create()
    assert isinstance(await gateway.confirm(await gateway.mailed_token()), SignedIn)


async def log_out_everywhere(gateway: Gateway) -> None:
    await gateway.accounts.log_out_everywhere((await gateway.signed_in()).principal, gateway.caller)


@pytest.mark.parametrize("change", [reset, renew, create_again, log_out_everywhere])
async def test_old_cookies_have_no_gate_after_a_change(gateway: Gateway, change: Change) -> None:
    await gateway.add_account()
    devices = await collect(gateway, 5)
    await change(gateway)
    hashes = gateway.accounts.tools.passwords.hashes_done
    for caller in (*devices, gateway.caller):
        for _ in range(3):
            await gateway.sign_in("wrong", caller=caller)
    assert gateway.accounts.tools.passwords.hashes_done - hashes == 3


async def test_the_cookie_that_a_reset_gives_is_good(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.request_reset()
    signed_in = await gateway.reset(await gateway.mailed_token())
    for _ in range(3):
        await gateway.sign_in("wrong")
    device = replace(gateway.caller, device_cookie=signed_in.device_cookie)
    assert isinstance(await gateway.sign_in(CHANGED, caller=device), SignedIn)


async def test_a_former_holders_cookie_is_worth_nothing_with_the_next_account(gateway: Gateway) -> None:
    await gateway.create()
    former = await gateway.confirm(await gateway.mailed_token())
    person = {"first_name": "Karim", "last_name": "HADDAD"}
    gateway.directory.change_holder(KNOWN, **person, birth_date=date(1990, 1, 1), email="karim@example.org")
    gateway.clock.forward(minutes=5)
    await gateway.create(**person)
    assert isinstance(await gateway.confirm(await gateway.mailed_token()), SignedIn)
    for _ in range(3):
        await gateway.sign_in("wrong")
    device = replace(gateway.caller, device_cookie=former.device_cookie)
    assert (await verified(gateway, device))[0] == 0


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c.d.e", "....", "a.b.0.1.\ud800", "x" * 5_000])
async def test_made_up_cookies_cost_and_give_nothing(gateway: Gateway, cookie: str) -> None:
    await gateway.add_account()
    caller = replace(gateway.caller, device_cookie=cookie)
    seen = []
    for label in (KNOWN, LEASED, UNKNOWN):
        with counted(gateway) as without:
            await gateway.sign_in("wrong", label)
        with counted(gateway) as statements:
            outcome = await gateway.sign_in("wrong", label, caller=caller)
        assert outcome == InvalidCredentials(1)
        seen.append((without, statements))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == seen[0][1]


async def test_a_rotated_secret_loses_no_hold_of_a_device(open_gateway: Opener) -> None:
    former = await open_gateway()
    await former.add_account()
    (device,) = await collect(former, 1)
    _, until = await verified(former, device)
    gateway = await open_gateway(secret_key=ROTATED)
    assert await verified(gateway, device) == (0, until)
    assert await gateway.sign_in(caller=device) == PasswordAttemptsExhausted(until)
    gateway.clock.forward(minutes=10)
    assert isinstance(await gateway.sign_in(caller=device), SignedIn)


async def test_the_devices_cap_ends_with_a_release(gateway: Gateway) -> None:
    tools = gateway.accounts.tools
    for number in range(12):
        keys = lockout.device_gate(tools, KNOWN, str(number))
        for _ in range(3):
            tried = await lockout.reserve_password(tools, keys)
    assert isinstance(tried, Standing) and tried.state is GateState.CAPPED
    async with tools.store.write() as tx:
        await lockout.release(tx, tools, KNOWN)
    assert isinstance(await lockout.reserve_password(tools, keys), Granted)


async def test_of_guesses_at_the_same_time_from_all_devices_24_are_looked_at(gateway: Gateway) -> None:
    await gateway.add_account()
    devices = await collect(gateway, 12)
    hashes = gateway.accounts.tools.passwords.hashes_done
    await asyncio.gather(*(gateway.sign_in("wrong", caller=caller) for caller in devices * 6))
    assert gateway.accounts.tools.passwords.hashes_done - hashes == 24


async def test_releases_amid_guesses_leave_nobody_waiting_for_another(gateway: Gateway) -> None:
    tools = gateway.accounts.tools

    async def release(label: str) -> None:
        async with tools.store.write() as tx:
            await lockout.release(tx, tools, label)

    async def succeed(label: str, number: int) -> None:
        tried = await lockout.reserve_password(tools, lockout.device_gate(tools, label, str(number)))
        if isinstance(tried, Granted):
            async with tools.store.write() as tx:
                await lockout.clear(tx, tried)

    # Each round begins without rows: those that another is just adding are seen by no statement that came before.
    for label in map(str, range(12)):
        tasks = (release(label) if number % 4 == 0 else succeed(label, number % 5) for number in range(20))
        await asyncio.gather(*tasks)

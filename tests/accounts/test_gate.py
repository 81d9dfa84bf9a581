"""The gate, line by line of its table."""

import asyncio
from typing import Any

import pytest

from gateway.accounts import lockout
from gateway.accounts.lockout import GateState, Granted, Standing
from gateway.models.account import (
    AccountBlocked,
    AccountRequestAccepted,
    InvalidCredentials,
    PasswordAttemptsExhausted,
    PasswordRejected,
    PasswordRule,
    SignedIn,
)
from gateway.moments import DAY, HOUR, MINUTE
from gateway.store import gate

from .conftest import PASSWORD, Gateway
from .people import KNOWN, LEASED, UNKNOWN

LABELS = (KNOWN, LEASED, UNKNOWN)


async def row_of(gateway: Gateway, label: str = KNOWN) -> Any:
    tools = gateway.accounts.tools
    async with tools.store.read() as tx:
        return await gate.fetch(tx, tools.label_keys(label)[0])


@pytest.mark.parametrize("label", LABELS)
async def test_three_wrong_passwords_hold_the_label(gateway: Gateway, label: str) -> None:
    await gateway.add_account()
    begun = gateway.clock()
    outcomes = [await gateway.sign_in("wrong", label) for _ in range(3)]
    until = outcomes[2].retry_at
    assert outcomes == [InvalidCredentials(2), InvalidCredentials(1), PasswordAttemptsExhausted(until)]
    assert (until - begun).total_seconds() == 600


async def test_the_right_password_is_refused_while_held_and_changes_nothing(gateway: Gateway) -> None:
    await gateway.add_account()
    held = [await gateway.sign_in("wrong") for _ in range(3)][-1]
    before = await row_of(gateway)
    gateway.clock.forward(seconds=300)
    hashes = gateway.accounts.tools.passwords.hashes_done
    assert await gateway.sign_in("wrong") == await gateway.sign_in(PASSWORD) == held
    assert await row_of(gateway) == before
    assert gateway.accounts.tools.passwords.hashes_done == hashes


async def test_a_hold_ends_to_the_millisecond(gateway: Gateway) -> None:
    await gateway.add_account()
    for _ in range(3):
        await gateway.sign_in("wrong")
    gateway.clock.forward(minutes=10, milliseconds=-1)
    assert isinstance(await gateway.sign_in(PASSWORD), PasswordAttemptsExhausted)
    gateway.clock.forward(milliseconds=1)
    assert isinstance(await gateway.sign_in(PASSWORD), SignedIn)


async def test_a_right_password_sets_all_counters_to_zero(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.sign_in("wrong")
    await gateway.create(password="weak")
    await gateway.sign_in("wrong")
    assert isinstance(await gateway.sign_in(PASSWORD), SignedIn)
    row = await row_of(gateway)
    assert (row.password_tries, row.creation_tries, row.failures_in_row) == (0, 0, 0)
    assert (row.held_until, row.blocked_until, row.recent_tries) == (0, 0, "")


@pytest.mark.parametrize("label", LABELS)
async def test_three_weak_creations_block_the_label(gateway: Gateway, label: str) -> None:
    await gateway.add_account()
    outcomes = [await gateway.create(label, "weak") for _ in range(3)]
    assert [type(each) for each in outcomes] == [PasswordRejected, PasswordRejected, AccountBlocked]
    assert [each.attempts_left for each in outcomes[:2]] == [2, 1]
    assert outcomes[0].violations == (
        PasswordRule.MIN_LENGTH,
        PasswordRule.DIGIT,
        PasswordRule.UPPERCASE,
        PasswordRule.SPECIAL_CHARACTER,
    )
    assert (outcomes[2].unblock_at - gateway.clock()).total_seconds() == 600
    gateway.clock.forward(seconds=30)
    assert await gateway.create(label, "weak") == await gateway.create(label) == outcomes[2]
    assert await gateway.sign_in("wrong", label) == await gateway.sign_in(PASSWORD, label) == outcomes[2]


@pytest.mark.parametrize("label", LABELS)
async def test_creations_that_keep_the_policy_are_accepted_thrice(gateway: Gateway, label: str) -> None:
    outcomes = [await gateway.create(label) for _ in range(4)]
    assert outcomes[:3] == [AccountRequestAccepted()] * 3
    assert isinstance(outcomes[3], AccountBlocked)


async def test_a_block_ends_to_the_millisecond_and_both_counts_start_again(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.sign_in("wrong")
    await gateway.sign_in("wrong")
    for _ in range(3):
        await gateway.create(password="weak")
    gateway.clock.forward(minutes=10, milliseconds=-1)
    assert isinstance(await gateway.sign_in(PASSWORD), AccountBlocked)
    gateway.clock.forward(milliseconds=1)
    assert await gateway.sign_in("wrong") == InvalidCredentials(2)
    rejected = await gateway.create(password="weak")
    assert rejected.attempts_left == 2


async def test_creating_is_open_while_held_and_timers_are_never_extended(gateway: Gateway) -> None:
    await gateway.add_account()
    held = [await gateway.sign_in("wrong") for _ in range(3)][-1]
    gateway.clock.forward(minutes=9)
    assert isinstance(await gateway.create(password="weak"), PasswordRejected)
    assert await gateway.sign_in(PASSWORD) == held
    gateway.clock.forward(minutes=1)
    assert await gateway.sign_in("wrong") == InvalidCredentials(2)
    # The creation counted before the hold ended counts no more.
    assert (await gateway.create(password="weak")).attempts_left == 2


async def test_counts_lapse_a_day_after_the_last_failure(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.sign_in("wrong")
    gateway.clock.forward(hours=24, milliseconds=-1)
    assert await gateway.sign_in("wrong") == InvalidCredentials(1)
    gateway.clock.forward(hours=24)
    assert await gateway.sign_in("wrong") == InvalidCredentials(2)


async def exhaust(gateway: Gateway, label: str, tries: int) -> list[int]:
    """Tries a password as soon as the gate lets, so many times; the moments."""
    tools = gateway.accounts.tools
    moments: list[int] = []
    while len(moments) < tries:
        tried = await lockout.reserve_password(tools, lockout.label_gate(tools, label))
        if isinstance(tried, Granted):
            moments.append(tools.now())
        elif tried.until is None:
            break
        else:
            gateway.clock.forward(milliseconds=tried.until - tools.now())
    return moments


async def test_24_tries_a_day_and_not_one_more(gateway: Gateway) -> None:
    moments = await exhaust(gateway, UNKNOWN, 25)
    assert moments[23] - moments[0] == 7 * 10 * MINUTE
    assert moments[24] - moments[0] == 24 * HOUR


async def test_the_24th_wrong_password_says_when_the_oldest_is_a_day_old(gateway: Gateway) -> None:
    await gateway.add_account()
    first = gateway.clock()
    await exhaust(gateway, KNOWN, 23)
    capped = await gateway.sign_in("wrong")
    assert (capped.retry_at - first).total_seconds() == 86_400
    assert await gateway.sign_in(PASSWORD) == capped
    gateway.clock.time = capped.retry_at
    assert isinstance(await gateway.sign_in(PASSWORD), SignedIn)


@pytest.mark.parametrize("label", [KNOWN, UNKNOWN])
async def test_ten_days_of_attack_end_at_a_hundred_tries(gateway: Gateway, label: str) -> None:
    await gateway.add_account()
    begun = gateway.accounts.tools.now()
    moments = await exhaust(gateway, label, 1_000)
    assert len(moments) == 100
    assert moments[-1] - begun < 10 * DAY
    gateway.clock.forward(days=400)
    assert await gateway.sign_in(PASSWORD, label) == PasswordAttemptsExhausted(None)
    assert isinstance(await gateway.create(label), AccountRequestAccepted)


async def test_failures_in_a_row_lapse_after_thirty_days(gateway: Gateway) -> None:
    await exhaust(gateway, UNKNOWN, 99)
    gateway.clock.forward(days=30, milliseconds=-1)
    assert len(await exhaust(gateway, UNKNOWN, 10)) == 1
    await exhaust(gateway, LEASED, 99)
    gateway.clock.forward(days=30)
    assert len(await exhaust(gateway, LEASED, 10)) == 10


async def test_a_cancelled_request_has_spent_its_try(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await gateway.add_account()
    hashing = asyncio.Event()

    async def stuck(*_: object) -> None:
        hashing.set()
        await asyncio.sleep(60)

    with monkeypatch.context() as patched:
        patched.setattr(gateway.accounts.tools.passwords, "verify", stuck)
        request = asyncio.create_task(gateway.sign_in(PASSWORD))
        await hashing.wait()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    assert await gateway.sign_in("wrong") == InvalidCredentials(1)


async def test_a_crash_after_the_reservation_has_spent_the_try(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gateway.add_account()

    async def crash(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(gateway.accounts.tools.passwords, "verify", crash)
        with pytest.raises(RuntimeError):
            await gateway.sign_in(PASSWORD)
    assert await gateway.sign_in("wrong") == InvalidCredentials(1)


async def test_a_slow_success_of_an_old_cycle_wipes_no_newer_one(gateway: Gateway) -> None:
    tools = gateway.accounts.tools
    keys = lockout.label_gate(tools, KNOWN)
    slow = await lockout.reserve_password(tools, keys)
    assert isinstance(slow, Granted)
    await exhaust(gateway, KNOWN, 3)  # two of this cycle, one of the next
    async with tools.store.write() as tx:
        assert not await lockout.clear(tx, slow)
    assert (await row_of(gateway)).password_tries == 1


async def test_a_slow_success_lifts_no_block(gateway: Gateway) -> None:
    tools = gateway.accounts.tools
    slow = await lockout.reserve_password(tools, lockout.label_gate(tools, KNOWN))
    assert isinstance(slow, Granted)
    for _ in range(3):
        await lockout.reserve_creation(tools, lockout.label_gate(tools, KNOWN))
    async with tools.store.write() as tx:
        assert not await lockout.clear(tx, slow)
    standing = await lockout.reserve_password(tools, lockout.label_gate(tools, KNOWN))
    assert isinstance(standing, Standing) and standing.state is GateState.BLOCKED

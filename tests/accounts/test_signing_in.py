"""Signing in: the same work for every kind of label, budgets, device cookies, overload."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from gateway.accounts import lockout, passwords
from gateway.accounts.lockout import GateState
from gateway.errors import BadUserInput
from gateway.models.account import (
    AssistanceForm,
    AssistanceRequested,
    Caller,
    ClientKind,
    InvalidCredentials,
    PasswordAttemptsExhausted,
    RateLimited,
    SignedIn,
)
from gateway.store.machinery import WORK

from .conftest import PASSWORD, Gateway
from .people import KNOWN, LEASED, UNKNOWN

Opener = Callable[..., Awaitable[Gateway]]


@contextmanager
def counted(gateway: Gateway) -> Iterator[list[str]]:
    """The SQL statements that run meanwhile."""
    statements: list[str] = []
    engine = gateway.accounts.tools.store.engine.sync_engine

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def work_of(gateway: Gateway) -> Counter[str]:
    async with gateway.accounts.tools.store.read() as tx:
        return Counter(row.kind for row in (await tx.execute(WORK.select())).all())


async def ask_for_assistance(gateway: Gateway, label: str) -> object:
    form = AssistanceForm(label, "Martin", "Elodie", email="elodie.martin@example.org", message="Aidez-moi")
    outcome = await gateway.accounts.request_assistance(form, gateway.caller)
    assert isinstance(outcome, AssistanceRequested)
    return re.sub(r"[A-Z2-9]", "x", outcome.reference)  # random, as long for every label


Act = Callable[[Gateway, str], Awaitable[object]]
ACTS: dict[str, Act] = {
    "sign in": lambda gateway, label: gateway.sign_in("wrong", label),
    "create, weak": lambda gateway, label: gateway.create(label, "weak"),
    "create": lambda gateway, label: gateway.create(label),
    "reset": lambda gateway, label: gateway.request_reset(label),
    "assistance": ask_for_assistance,
}


async def bring_into(gateway: Gateway, label: str, state: GateState) -> None:
    """Tries until the label's gate is in that state."""
    keys = lockout.label_gate(gateway.accounts.tools, label)
    if state is GateState.BLOCKED:
        for _ in range(3):
            await lockout.reserve_creation(gateway.accounts.tools, keys)
    for _ in range({GateState.HELD: 1, GateState.CAPPED: 8}.get(state, 0)):
        gateway.clock.forward(minutes=10)
        for _ in range(3):
            tried = await lockout.reserve_password(gateway.accounts.tools, keys)
        assert isinstance(tried, lockout.Granted)
    if state is not GateState.OPEN:
        standing = await lockout.reserve_password(gateway.accounts.tools, keys)
        assert isinstance(standing, lockout.Standing) and standing.state is state


@pytest.mark.parametrize("state", GateState)
@pytest.mark.parametrize("name", ACTS)
async def test_labels_of_every_kind_cost_and_answer_the_same_in_every_state(
    gateway: Gateway, name: str, state: GateState
) -> None:
    await gateway.add_account()
    begun, seen = gateway.clock(), {}
    for label in (KNOWN, LEASED, UNKNOWN):
        gateway.clock.time = begun
        await bring_into(gateway, label, state)
        course = []
        for _ in range(5):
            hashes, work = gateway.accounts.tools.passwords.hashes_done, await work_of(gateway)
            with counted(gateway) as statements:
                outcome = await ACTS[name](gateway, label)
            hashes = gateway.accounts.tools.passwords.hashes_done - hashes
            course.append((outcome, list(statements), hashes, await work_of(gateway) - work))
        seen[label] = course
    assert seen[KNOWN] == seen[LEASED] == seen[UNKNOWN]


async def test_signing_in_costs_one_hash_and_six_statements(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.signed_in()
    for client in ClientKind:
        hashes = gateway.accounts.tools.passwords.hashes_done
        with counted(gateway) as statements:
            await gateway.signed_in(client=client)
        assert len(statements) <= 6
        assert gateway.accounts.tools.passwords.hashes_done - hashes == 1


async def test_a_refused_try_costs_no_hash(gateway: Gateway) -> None:
    for _ in range(3):
        await gateway.sign_in("wrong", UNKNOWN)
    with counted(gateway) as statements:
        assert isinstance(await gateway.sign_in("wrong", UNKNOWN), PasswordAttemptsExhausted)
    assert len(statements) == 2


@pytest.mark.parametrize("spelling", ["l0048217", " L00 48217 ", "Ｌ００４８２１７", "l0048217\u00a0"])
async def test_spellings_of_a_label_are_one_label(gateway: Gateway, spelling: str) -> None:
    await gateway.add_account()
    assert isinstance(await gateway.sign_in(label=spelling), SignedIn)


@pytest.mark.parametrize("label", ["", " ", "L" * 33, "L\x00", "\ud800", "L\u200b1", "L" * 100_000])
async def test_unreadable_labels_are_refused_before_anything(gateway: Gateway, label: str) -> None:
    with counted(gateway) as statements, pytest.raises(BadUserInput):
        await gateway.sign_in(label=label)
    assert not statements


@pytest.mark.parametrize("password", ["", "x" * 1_025, "a\x00b", "\ud800"])
async def test_unreadable_passwords_are_refused_before_anything(gateway: Gateway, password: str) -> None:
    with counted(gateway) as statements, pytest.raises(BadUserInput):
        await gateway.sign_in(password)
    assert not statements


async def test_passwords_are_compared_in_nfkc_and_whole(gateway: Gateway) -> None:
    await gateway.add_account(password="Été-à-Metz-" + "57" * 100)
    assert isinstance(await gateway.sign_in("E\u0301te\u0301-a\u0300-Metz-" + "57" * 100), SignedIn)
    assert isinstance(await gateway.sign_in("Été-à-Metz-" + "57" * 99 + "5"), InvalidCredentials)


async def test_the_address_budget_counts_calls_and_no_success_refills_it(open_gateway: Opener) -> None:
    gateway = await open_gateway(address_calls=5, address_window_seconds=60)
    await gateway.add_account()
    outcomes = [await gateway.sign_in(label=KNOWN if number % 2 else f"L{number}") for number in range(5)]
    assert not any(isinstance(each, RateLimited) for each in outcomes)
    with counted(gateway) as statements:
        assert await gateway.sign_in() == RateLimited(12)
        assert await gateway.create(label=UNKNOWN) == RateLimited(12)
        assert await gateway.request_reset() == RateLimited(12)
    assert not statements
    other = Caller(address="192.0.2.2")
    assert isinstance(await gateway.sign_in(caller=other), SignedIn)
    gateway.clock.forward(seconds=12)
    assert isinstance(await gateway.sign_in(), SignedIn)
    assert isinstance(await gateway.sign_in(), RateLimited)


async def test_a_known_device_has_a_gate_of_its_own(gateway: Gateway) -> None:
    await gateway.add_account()
    device = replace(gateway.caller, device_cookie=(await gateway.signed_in()).device_cookie)
    for _ in range(4):
        held = await gateway.sign_in("wrong")
    assert isinstance(held, PasswordAttemptsExhausted)
    again = await gateway.signed_in(caller=device)
    assert again.device_cookie.partition(".")[0] == (device.device_cookie or "").partition(".")[0]
    assert await gateway.sign_in() == held  # the device's success opens the gate for nobody else
    wrong = [await gateway.sign_in("wrong", caller=device) for _ in range(4)]
    assert wrong[:2] == [InvalidCredentials(2), InvalidCredentials(1)]
    assert isinstance(await gateway.sign_in(caller=device), PasswordAttemptsExhausted)


async def test_a_device_is_known_for_its_label_for_a_year(gateway: Gateway) -> None:
    await gateway.add_account()
    await gateway.add_account(LEASED)
    cookie = (await gateway.signed_in()).device_cookie
    for _ in range(3):
        await gateway.sign_in("wrong", LEASED)
    device = replace(gateway.caller, device_cookie=cookie)
    assert isinstance(await gateway.sign_in(label=LEASED, caller=device), PasswordAttemptsExhausted)
    forged = replace(gateway.caller, device_cookie=cookie[:-1] + ("A" if cookie[-1] != "A" else "B"))
    gateway.clock.forward(days=365)
    for caller in (forged, device, replace(device, device_cookie="")):
        await gateway.sign_in("wrong", caller=caller)
    assert isinstance(await gateway.sign_in(caller=device), PasswordAttemptsExhausted)


async def test_too_many_passwords_at_once_are_turned_away(
    open_gateway: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords.Passwords, "_verify", lambda *_: time.sleep(0.02))
    gateway = await open_gateway(hashing_threads=1, hashing_queue_seconds=0.05)
    outcomes = await asyncio.gather(*(gateway.sign_in(label=f"L{number}") for number in range(30)))
    kinds = {type(each) for each in outcomes}
    assert kinds == {InvalidCredentials, RateLimited}


async def test_a_cap_is_told_though_the_hashing_was_overloaded(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gateway.add_account()
    keys = lockout.label_gate(gateway.accounts.tools, KNOWN)
    for number in range(23):
        gateway.clock.forward(minutes=0 if number % 3 else 10)
        assert isinstance(await lockout.reserve_password(gateway.accounts.tools, keys), lockout.Granted)

    async def overloaded(*_: object) -> object:
        raise passwords.HashingOverloaded

    monkeypatch.setattr(gateway.accounts.tools.passwords, "verify", overloaded)
    assert isinstance(await gateway.sign_in(), RateLimited)
    assert isinstance(await gateway.sign_in(), PasswordAttemptsExhausted)
    await gateway.work()
    assert gateway.subjects == ["Votre compte est momentanément bloqué"]


async def test_a_password_changed_meanwhile_lets_nobody_in(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await gateway.add_account()
    await gateway.request_reset()
    token = await gateway.mailed_token()
    verify = gateway.accounts.tools.passwords.verify

    async def slowly(password_hash: str | None, password: str) -> object:
        verified = await verify(password_hash, password)
        monkeypatch.undo()
        assert isinstance(await gateway.reset(token), SignedIn)
        return verified

    monkeypatch.setattr(gateway.accounts.tools.passwords, "verify", slowly)
    assert isinstance(await gateway.sign_in(), InvalidCredentials)
    assert isinstance(await gateway.sign_in("Autre-Rivage-31"), SignedIn)


async def test_an_old_hash_is_replaced_at_the_next_sign_in(gateway: Gateway) -> None:
    from argon2 import PasswordHasher

    from gateway.store import accounts

    account_id = await gateway.add_account()
    tools = gateway.accounts.tools
    old = PasswordHasher(1, 32, 1).hash(PASSWORD)
    async with tools.store.write() as tx:
        await accounts.change(tx, account_id, password_hash=old)
    await gateway.signed_in()
    async with tools.store.read() as tx:
        row = await accounts.fetch(tx, account_id)
    assert row and row.password_hash.startswith("$argon2id$v=19$m=64,t=2,p=1$")
    await gateway.signed_in()


async def test_a_database_that_is_away_verifies_nothing(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    await gateway.add_account()

    def away(*_: object) -> object:
        raise OSError("away")

    monkeypatch.setattr(gateway.accounts.tools.store, "write", away)
    hashes = gateway.accounts.tools.passwords.hashes_done
    with pytest.raises(OSError, match="away"):
        await gateway.sign_in()
    assert gateway.accounts.tools.passwords.hashes_done == hashes

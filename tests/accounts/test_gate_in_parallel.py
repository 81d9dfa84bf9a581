"""Any number of guesses at the same time, from any number of processes: three are looked at."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from gateway.accounts import lockout
from gateway.accounts.lockout import Granted
from gateway.models.account import InvalidCredentials, PasswordAttemptsExhausted, PasswordRejected

from .conftest import Gateway
from .people import KNOWN, UNKNOWN

Opener = Callable[..., Awaitable[Gateway]]


async def test_120_guesses_in_4_processes(gateway: Gateway, database_url: str) -> None:
    await gateway.add_account()
    command = [sys.executable, "-m", "tests.accounts.guesser", database_url, KNOWN, "30"]
    pipe = asyncio.subprocess.PIPE
    guessers = [await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe) for _ in range(4)]
    for guesser in guessers:
        assert guesser.stdout and await guesser.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(guesser.communicate(b"\n") for guesser in guessers))
    found = [json.loads(out) for out, _ in answers]
    assert sum(each["hashes"] for each in found) == 3
    outcomes = sum((Counter(each["outcomes"]) for each in found), Counter[str]())
    assert outcomes == {"InvalidCredentials": 2, "PasswordAttemptsExhausted": 118}


@pytest.mark.parametrize("label", [KNOWN, UNKNOWN])
async def test_120_guesses_through_two_instances(open_gateway: Opener, label: str) -> None:
    first, second = await open_gateway(), await open_gateway()
    await first.add_account()
    before = first.accounts.tools.passwords.hashes_done
    guesses = (each.sign_in(f"guess {number}", label) for number in range(60) for each in (first, second))
    outcomes = Counter(type(outcome) for outcome in await asyncio.gather(*guesses))
    assert outcomes == {InvalidCredentials: 2, PasswordAttemptsExhausted: 118}
    hashes = first.accounts.tools.passwords.hashes_done + second.accounts.tools.passwords.hashes_done
    assert hashes - before == 3


async def test_60_creations_at_once_are_three(gateway: Gateway) -> None:
    outcomes = await asyncio.gather(*(gateway.create(password="weak") for _ in range(60)))
    assert Counter(type(each) for each in outcomes)[PasswordRejected] == 2
    assert len({each.unblock_at for each in outcomes if not isinstance(each, PasswordRejected)}) == 1


async def test_clearing_among_guesses_grants_no_more_than_three_a_cycle(gateway: Gateway) -> None:
    tools = gateway.accounts.tools
    keys = lockout.label_gate(tools, KNOWN)
    granted = await asyncio.gather(*(lockout.reserve_password(tools, keys) for _ in range(40)))
    tries = [each for each in granted if isinstance(each, Granted)]
    assert len(tries) == 3
    cleared = []
    for each in tries:
        async with tools.store.write() as tx:
            cleared.append(await lockout.clear(tx, each))
    assert cleared == [True, False, False]

"""Legacy sessions and tokens are the landlord's: however many processes there are, one obtains and all others adopt."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.errors import UpstreamError, UpstreamUnavailable
from gateway.models.lease import Lease
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from tests.support import HeldClock

from .conftest import OpenProcess, Process


@pytest.fixture
async def processes(open_process: OpenProcess) -> AsyncIterator[list[Process]]:
    yield [await open_process() for _ in range(5)]


async def ask(process: Process) -> None:
    """One call to each legacy system."""
    found, balance = await asyncio.gather(
        process.property_management.fetch_leases([EXAMPLE_LEASE]), process.billing.fetch_balance(EXAMPLE_LABEL)
    )
    if isinstance(found[EXAMPLE_LEASE], UpstreamError):
        raise found[EXAMPLE_LEASE]
    assert isinstance(found[EXAMPLE_LEASE], Lease)
    assert balance is not None


def opened(simulator: Simulator) -> tuple[int, int]:
    """How many sessions and tokens were asked for; none of them may have broken a rule."""
    assert simulator.violations == {}
    return simulator.counters["OuvrirSession"].calls, simulator.counters["creerJeton"].calls


async def test_one_session_and_one_token_for_all(simulator: Simulator, processes: list[Process]) -> None:
    await asyncio.gather(*(ask(process) for process in processes for _ in range(3)))
    assert opened(simulator) == (1, 1)
    assert simulator.open_sessions == 1


async def test_who_comes_later_adopts_what_one_has_left_who_died(
    simulator: Simulator, processes: list[Process], open_process: OpenProcess
) -> None:
    await ask(processes[0])
    await ask(await open_process())
    assert opened(simulator) == (1, 1)


async def test_a_session_and_a_token_outlive_every_process(
    simulator: Simulator, open_process: OpenProcess, database_url: str, clock: HeldClock
) -> None:
    from gateway.sharing.opening import open_sharing
    from gateway.upstreams import open_property_management

    from .conftest import settings_over

    settings = settings_over(simulator, database_url)
    async with (
        open_sharing(settings, clock) as sharing,
        open_property_management(settings, clock, sharing) as property_management,
    ):
        await property_management.fetch_leases([EXAMPLE_LEASE])
    assert simulator.open_sessions == 1
    await ask(await open_process())
    assert opened(simulator)[0] == 1


async def test_what_has_died_is_replaced_by_one_for_all(
    simulator: Simulator, processes: list[Process], clock: HeldClock
) -> None:
    for process in processes:
        await ask(process)
    clock.advance(minutes=21)
    await asyncio.gather(*(ask(process) for process in processes))
    assert opened(simulator) == (2, 2)


async def test_what_one_is_refused_with_is_not_adopted_again(simulator: Simulator, processes: list[Process]) -> None:
    for process in processes:
        await ask(process)
    simulator.add_fault("ConsulterContrats", "expired_session", times=1)
    simulator.add_fault("lireCompte", "expired_token", times=1)
    await ask(processes[0])
    assert opened(simulator) == (2, 2)
    for process in processes:
        await ask(process)
    assert opened(simulator) == (2, 2)


async def test_openings_whose_answers_are_lost_are_counted_over_all_processes(
    simulator: Simulator, processes: list[Process], clock: HeldClock
) -> None:
    for operation in ("OuvrirSession", "creerJeton"):
        simulator.add_fault(operation, "reset", after=True)
    for process in processes * 2:
        with pytest.raises(UpstreamUnavailable):
            await process.billing.fetch_balance(EXAMPLE_LABEL)
        found = await process.property_management.fetch_leases([EXAMPLE_LEASE])
        assert isinstance(found[EXAMPLE_LEASE], UpstreamUnavailable)
    simulator.clear_faults()
    assert opened(simulator) == (3, 2)
    clock.advance(minutes=21)
    for process in processes:
        await ask(process)
    assert opened(simulator) == (4, 3)


async def test_all_wait_for_the_one_who_obtains(simulator: Simulator, processes: list[Process]) -> None:
    for operation in ("OuvrirSession", "creerJeton"):
        simulator.add_fault(operation, "slow", seconds=0.5)
    await asyncio.gather(*(ask(process) for process in processes))
    assert opened(simulator) == (1, 1)


async def test_who_dies_while_obtaining_is_succeeded_and_its_opening_counted(
    simulator: Simulator, processes: list[Process], clock: HeldClock
) -> None:
    for operation in ("OuvrirSession", "creerJeton"):
        simulator.add_fault(operation, "hang", after=True, times=1)
    dying = asyncio.create_task(ask(processes[0]))
    while opened(simulator) != (1, 1):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    for secret in (processes[0].property_management._session, processes[0].billing._access._token):
        assert secret._renewal is not None
        secret._renewal.cancel()  # as a process ends that is killed: without another word
    with suppress(asyncio.CancelledError):
        await dying
    waiting = asyncio.create_task(ask(processes[1]))
    await asyncio.sleep(0.2)
    assert opened(simulator) == (1, 1)
    clock.advance(seconds=16)
    await waiting
    assert opened(simulator) == (2, 2)
    assert simulator.open_sessions == 2
    async with processes[1].sharing.store.read() as tx:
        lost = (await tx.execute(text("SELECT lost FROM kept_secrets"))).scalars().all()
    assert [len(each.split()) for each in lost] == [1, 1]


async def test_without_the_database_what_is_held_is_used_and_nothing_is_obtained(
    simulator: Simulator, clock: HeldClock, open_process: OpenProcess, tmp_path: Path, migrated: Path
) -> None:
    import shutil

    database = tmp_path / "leaving.sqlite"
    shutil.copy(migrated, database)
    url = f"sqlite:///{database}"
    held, new = await open_process(database_url=url), await open_process(database_url=url)
    await ask(held)
    for process in (held, new):
        async with process.sharing.store.write() as tx:
            await tx.execute(text("DROP TABLE IF EXISTS kept_secrets"))
    await ask(held)
    with pytest.raises(UpstreamUnavailable) as caught:
        await ask(new)
    assert caught.value.held_back
    assert opened(simulator) == (1, 1)


async def test_other_credentials_are_another_session(simulator: Simulator, open_process: OpenProcess) -> None:
    await ask(await open_process())
    wrong: Process = await open_process(property_password="wrong", billing_secret="wrong")
    with pytest.raises(UpstreamError):
        await ask(wrong)


async def test_nothing_readable_is_in_the_database(open_process: OpenProcess, simulator: Simulator) -> None:
    process: Process = await open_process()
    await ask(process)
    sessions = simulator_secrets(process)
    async with process.sharing.store.read() as tx:
        rows: list[Any] = list(await tx.execute(text("SELECT * FROM kept_secrets")))
    assert len(rows) == 2
    assert all(secret not in str(rows) for secret in sessions)


def simulator_secrets(process: Process) -> list[str]:
    held = process.property_management._session._held, process.billing._access._token._held
    found = [secret.text for secret in held if secret is not None]
    assert len(found) == 2 and all(len(each) > 5 for each in found)
    return found

"""Nobody sees another's data, whatever fails and whoever gives up while calls are shared; and nothing is left over.

`bench/soak/coalescing.py` does the same for longer, with a gateway of its own.
"""

import asyncio
import gc
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.soak.coalescing import tally
from bench.soak.crowd import FAULTS, TENANTS, Crowd, Fault, renew_tokens, sign_in
from gateway import upstreams
from gateway.app import create_app
from gateway.context import Context
from gateway.endpoint import Endpoint
from gateway.models.account import Caller
from gateway.models.principal import Principal
from gateway.simulator import Simulator, SimulatorOptions, run_simulator
from gateway.simulator.faults import KINDS
from gateway.soon import come
from tests.support import HeldClock, run_gateway, settings_for

ROUNDS, QUESTIONS_A_ROUND, WAITING = 4, 160, 16
UNANSWERED, OF_DEPOSITS = {"drip"}, {"rejected"}


@pytest.fixture(autouse=True)
async def nothing_unheard() -> AsyncIterator[None]:
    """Errors in callbacks, outcomes that were never looked at, tasks that were lost."""
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, about: heard.append(about))
    yield
    gc.collect()
    assert heard == []


def test_whatever_answers_wrongly_is_among_the_faults() -> None:
    assert {kind for faults in FAULTS.values() for kind, _ in faults} == set(KINDS) - UNANSWERED - OF_DEPOSITS


async def test_200_tenants_under_faults_see_their_own_and_leave_nothing_behind(
    clock: HeldClock, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstreams, "BILLING_CALLS_A_MINUTE", 1_000_000)  # all of it happens within a minute
    shutil.copy(migrated, database := tmp_path / "gateway.sqlite")
    clock.now = clock.now.replace(day=20, hour=12)  # all that the simulated landlord has done this month is done
    async with run_simulator(SimulatorOptions(tenants=TENANTS, now=clock)) as simulator:
        simulator.set_rate_limits(False)
        settings = settings_for(simulator, database)
        known = await sign_in(settings, clock, simulator.landlord.tenants[:])
        before = tally()

        async def after(**duration: float) -> None:
            clock.advance(**duration)
            await renew_tokens(settings, clock, known)

        async with run_gateway(simulator, settings, clock) as gateway:
            running, crowd = tasks(), Crowd(gateway.url, known, faults_of(simulator))
            await after(minutes=1)
            await crowd.learn(lambda: after(minutes=1))
            for number in range(ROUNDS):
                await after(hours=23 if number % 2 else 25)  # nearly nothing is fresh; all may stand in, or none
                await storm(crowd, QUESTIONS_A_ROUND)
            await until(lambda: tasks() <= running)
            await after(hours=25)  # nothing is fresh, nor may stand in
            await crowd.learn(lambda: after(minutes=1))
            await until(lambda: tasks() <= running)
        await until(lambda: tally() == before)
    assert crowd.wrong == []
    assert all(crowd.counts[outcome] for outcome in ("whole", "with errors", "hung up")), crowd.counts


@pytest.mark.parametrize("waiting", ["requests", "fields of one request"])
async def test_who_gives_up_ends_nobody_elses_fetch(
    waiting: str, clock: HeldClock, migrated: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated, database := tmp_path / "gateway.sqlite")
    async with run_simulator(SimulatorOptions(now=clock)) as simulator:
        app = create_app(settings_for(simulator, database), clock=clock)
        async with app.router.lifespan_context(app):
            endpoint, tenant = app.state.endpoint, simulator.landlord.tenants[0]
            loaders = endpoint.build_loaders(None)
            asking: Callable[[], Awaitable[Any]] = (
                (lambda: lease_of(endpoint, tenant))
                if waiting == "requests"
                else (lambda: come(loaders.leases.load(tenant.lease_reference)))
            )
            simulator.hold()
            all_of_them = [asyncio.ensure_future(asking()) for _ in range(WAITING)]
            assert await simulator.wait_for_waiting(1) == ["ConsulterContrats"]
            *given_up, last = all_of_them
            for each in given_up:
                each.cancel()
            await asyncio.wait(given_up)
            simulator.open()
            assert (await last).reference == tenant.lease_reference
            assert [each.cancelled() for each in given_up] == [True] * (WAITING - 1)
        assert simulator.counters["ConsulterContrats"].calls == 1


async def storm(crowd: Crowd, questions: int) -> None:
    asked = crowd.counts["asked"] + questions
    await crowd.storm(lambda: crowd.counts["asked"] < asked)


async def lease_of(endpoint: Endpoint, tenant: Any) -> Any:
    """The lease as a request of its own sees it, for a tenant who is signed in."""
    principal = Principal("account", "session", tenant.lease_reference, tenant.account_number, renewal_only=False)
    context = Context(principal, endpoint.build_loaders(None), endpoint.services, Caller(), True)
    prepared = endpoint.documents.prepare("{ me { lease { reference } } }", None)
    result = await endpoint.documents.finish(prepared, endpoint.documents.start(prepared, context, {}))
    assert result.data is not None
    return await come(context.loaders.leases.load(result.data["me"]["lease"]["reference"]))


def faults_of(simulator: Simulator) -> Callable[[Sequence[Fault]], Awaitable[None]]:
    async def set_faults(faults: Sequence[Fault]) -> None:
        simulator.clear_faults()
        for fault in faults:
            simulator.add_fault(**fault)

    return set_faults


def tasks() -> set[asyncio.Task[Any]]:
    """All but those of the simulator, which has one for each connection."""
    return {task for task in asyncio.all_tasks() if "RequestHandler" not in repr(task.get_coro())}


async def until(held: Callable[[], bool]) -> None:
    """Returns once that holds; fails where it does not come to hold."""
    for _ in range(200):
        if held():
            return
        await asyncio.sleep(0.02)
    assert held()

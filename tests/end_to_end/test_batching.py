"""Many home screens at once share their calls: counted at a simulator that lets calls go one batch after another."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app import create_app
from gateway.context import Context
from gateway.endpoint import Endpoint
from gateway.models.account import Caller
from gateway.models.principal import Principal
from gateway.simulator import Simulator, SimulatorOptions, run_simulator
from tests.support import HOME, HeldClock, settings_for

SCREENS = 8
"""How many each caller asks for, one after the other, always of another tenant."""
STEPS_OF_THE_LOOP = 40
"""After so many whatever could be sent has been sent."""


@pytest.mark.parametrize(("callers", "most_calls"), [(1, 8.0), (16, 2.6), (64, 1.1)])
async def test_callers_at_once_share_calls(
    callers: int, most_calls: float, clock: HeldClock, migrated: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated, database := tmp_path / "gateway.sqlite")
    async with run_simulator(SimulatorOptions(tenants=callers * SCREENS + 60, now=clock)) as simulator:
        simulator.set_rate_limits(False)
        app = create_app(settings_for(simulator, database), clock=clock)
        async with app.router.lifespan_context(app):
            tenants = iter(simulator.landlord.tenants[60:])  # the first are those with odd data, some asked for twice
            await home_screen(app.state.endpoint, simulator.landlord.tenants[0])  # opens the session and the token
            simulator.reset_counters()
            simulator.hold()
            asking = [asyncio.create_task(_ask(app.state.endpoint, tenants)) for _ in range(callers)]
            while not all(task.done() for task in asking):
                await _still(simulator)
                simulator.release()
            assert sum(task.result() for task in asking) == callers * SCREENS
            calls = sum(counter.calls for counter in simulator.counters.values())
            assert calls / (callers * SCREENS) <= most_calls, dict(simulator.counters)
            assert simulator.violations == {}


async def _ask(endpoint: Endpoint, tenants: Iterator[Any]) -> int:
    for _ in range(SCREENS):
        await home_screen(endpoint, next(tenants))
    return SCREENS


async def home_screen(endpoint: Endpoint, tenant: Any) -> None:
    """A home screen as the endpoint runs it, for a tenant who is signed in."""
    principal = Principal("account", "session", tenant.lease_reference, tenant.account_number, renewal_only=False)
    context = Context(principal, endpoint.build_loaders(None), endpoint.services, Caller(), True)
    prepared = endpoint.documents.prepare(HOME, None)
    result = await endpoint.documents.finish(prepared, endpoint.documents.start(prepared, context, {}))
    assert result.data is not None


async def _still(simulator: Simulator) -> None:
    """Returns when no further call has arrived for a while."""
    seen = -1
    while seen != len(simulator.waiting):
        seen = len(simulator.waiting)
        for _ in range(STEPS_OF_THE_LOOP):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)

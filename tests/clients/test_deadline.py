"""The deadline holds for the body too: an answer that drips for ever ends as a timeout."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.errors import UpstreamTimeout
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from tests.support import Clients, HeldClock, open_clients


async def lease(clients: Clients) -> Any:
    return (await clients.property_management.fetch_leases([EXAMPLE_LEASE]))[EXAMPLE_LEASE]


async def agency(clients: Clients) -> Any:
    return await clients.property_management.fetch_agency("57A")


async def balance(clients: Clients) -> Any:
    return await clients.billing.fetch_balance(EXAMPLE_LABEL)


async def balance_in_a_batch(clients: Clients) -> Any:
    return (await clients.billing.fetch_balances([EXAMPLE_LABEL]))[EXAMPLE_LABEL]


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("ConsulterContrats", lease),
        ("ListerContacts", agency),
        ("lireCompte", balance),
        ("rechercherComptes", balance_in_a_batch),
    ],
)
async def test_a_body_that_never_ends_is_a_timeout(
    simulator: Simulator, clock: HeldClock, operation: str, ask: Callable[[Clients], Awaitable[Any]]
) -> None:
    async with open_clients(simulator, clock, deadline_seconds=0.4) as clients:
        assert not isinstance(await ask(clients), Exception)  # session and token are there
        simulator.add_fault(operation, "drip", seconds=0.01)
        started = asyncio.get_running_loop().time()
        async with asyncio.timeout(3):
            try:
                outcome = await ask(clients)
            except UpstreamTimeout as error:
                outcome = error
        assert isinstance(outcome, UpstreamTimeout)
        assert 0.3 < asyncio.get_running_loop().time() - started < 3

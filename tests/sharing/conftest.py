"""Several processes' worth of clients on one database, and a real Valkey."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.clients.billing import Billing
from gateway.clients.property_management import PropertyManagement
from gateway.settings import Settings
from gateway.sharing.opening import Sharing, open_sharing
from gateway.simulator import BILLING_SECRET, BILLING_USER, PROPERTY_PASSWORD, PROPERTY_USER, Simulator
from gateway.upstreams import open_billing, open_property_management
from tests.accounts import conftest as of_accounts
from tests.support import HeldClock

from .valkey_server import Road, ValkeyServer, road_to, running_valkey

database_url = of_accounts.database_url
postgres_url = of_accounts.postgres_url
sqlite_template = of_accounts.sqlite_template


@dataclass
class Process:
    """What one process has of its own."""

    sharing: Sharing
    property_management: PropertyManagement
    billing: Billing


OpenProcess = Callable[..., Any]


def settings_over(simulator: Simulator, database_url: str, **changes: Any) -> Settings:
    """Settings of a process over that simulator and database."""
    values = {
        "property_url": simulator.property_url,
        "property_user": PROPERTY_USER,
        "property_password": PROPERTY_PASSWORD,
        "property_closure": "",
        "billing_url": simulator.billing_url,
        "billing_user": BILLING_USER,
        "billing_secret": BILLING_SECRET,
        "billing_closure": "",
    }
    return of_accounts.settings_for(database_url, **(values | changes))


@pytest.fixture
async def open_process(simulator: Simulator, database_url: str, clock: HeldClock) -> AsyncIterator[OpenProcess]:
    """Opens what one more process works with; it lives until the end of the test."""
    async with AsyncExitStack() as stack:

        async def open_one(**changes: Any) -> Process:
            settings = settings_over(simulator, changes.pop("database_url", database_url), **changes)
            sharing = await stack.enter_async_context(open_sharing(settings, clock))
            return Process(
                sharing,
                await stack.enter_async_context(open_property_management(settings, clock, sharing)),
                await stack.enter_async_context(open_billing(settings, clock, sharing)),
            )

        yield open_one


@pytest.fixture(scope="session")
def valkey_program() -> Iterator[ValkeyServer]:
    with running_valkey() as server:
        yield server


@pytest.fixture
def valkey_server(valkey_program: ValkeyServer) -> ValkeyServer:
    """An empty server."""
    valkey_program.kill()
    valkey_program.start()
    return valkey_program


@pytest.fixture
async def road(valkey_server: ValkeyServer) -> AsyncIterator[Road]:
    """A road to the server, which a test can close or cut."""
    async with road_to(valkey_server.port) as there:
        yield there

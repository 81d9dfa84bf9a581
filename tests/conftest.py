"""What most tests need: a clock, a simulator, clients, a gateway."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.accounts import create_account_without_mail, migrate_database
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator, SimulatorOptions, run_simulator
from tests.support import PASSWORD, Clients, Gateway, HeldClock, open_clients, run_gateway, settings_for


@pytest.fixture(autouse=True)
def as_graphql_core_has_it(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No compiled operation gives another answer than graphql-core."""
    yield
    assert [each for each in caplog.get_records("call") if "differs from graphql-core" in each.getMessage()] == []


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def simulator(clock: HeldClock) -> AsyncIterator[Simulator]:
    async with run_simulator(SimulatorOptions(now=clock)) as running:
        yield running


@pytest.fixture
async def clients(simulator: Simulator, clock: HeldClock) -> AsyncIterator[Clients]:
    async with open_clients(simulator, clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in its newest form, to be copied."""
    database = tmp_path_factory.mktemp("database") / "empty.sqlite"

    migrate_database(f"sqlite:///{database}")
    return database


@pytest.fixture
async def gateway(simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway with one account, the worked example's."""
    database = tmp_path / "gateway.sqlite"
    shutil.copy(migrated, database)
    settings = settings_for(simulator, database)

    await create_account_without_mail(settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
    async with run_gateway(simulator, settings, clock) as running:
        yield running

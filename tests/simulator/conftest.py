"""A running simulator at the moment of the worked example, and clients with session and token."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import aiohttp
import pytest

from gateway.simulator import DEMO_NOW, Simulator, SimulatorOptions, run_simulator
from gateway.simulator.landlord.calendar import PARIS

from .rest_client import RestClient
from .soap_client import SoapClient


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = DEMO_NOW

    def __call__(self) -> datetime:
        return self.time

    def set(self, text: str) -> None:
        """Local time of Paris, e.g. 2026-11-03T22:00."""
        self.time = datetime.fromisoformat(text).replace(tzinfo=PARIS)

    def forward(self, **duration: float) -> None:
        self.time += timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def simulator(clock: Clock) -> AsyncIterator[Simulator]:
    async with run_simulator(SimulatorOptions(now=clock)) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def soap(simulator: Simulator, http: aiohttp.ClientSession) -> SoapClient:
    client = SoapClient(simulator.property_url, http)
    await client.open_session()
    return client


@pytest.fixture
async def rest(simulator: Simulator, http: aiohttp.ClientSession) -> RestClient:
    client = RestClient(simulator.billing_url, http)
    await client.create_token()
    return client

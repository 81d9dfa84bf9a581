"""A gateway and its legacy systems on real ports, and somebody who asks them."""

import asyncio
import inspect
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from gateway.app import create_app
from gateway.clients.base import Http, Upstream, open_http
from gateway.clients.billing import Billing
from gateway.clients.budgets import RateBudget
from gateway.clients.mail import PrintedMails
from gateway.clients.places import Places
from gateway.clients.property_management import PropertyManagement
from gateway.commands.listening import Server, listen
from gateway.errors import UpstreamError
from gateway.loaders import Loaders
from gateway.models.closure import Closure
from gateway.models.freshness import SourceSystem
from gateway.models.mail import Mail
from gateway.setting_types import LAST_KNOWN_HOURS
from gateway.settings import Settings, given_settings
from gateway.simulator import (
    BILLING_SECRET,
    BILLING_USER,
    DEMO_NOW,
    EXAMPLE_LABEL,
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_USER,
    Simulator,
)
from gateway.snapshots import Memory, Snapshots
from gateway.soon import come

PASSWORD = "Tilleuls-57000!"
# `EXECUTION=compare pytest` runs every compiled query by graphql-core, too; a difference fails the test.
EXECUTION_MODES: dict[str, dict[str, Any]] = {
    "on": {},
    "off": {"compile_operations": False},
    "compare": {"compare_every": 1},
}
FIXTURES = Path(__file__).parent / "fixtures"
HOME = (FIXTURES / "home.graphql").read_text()


# Asks both legacy systems for what no home screen shows, but for the lease.
_ELSEWHEN = """{ me {
  waterConsumption(from: "2020-01", to: "2020-01") { coldTotal }
  ledger(from: "2020-01-01", to: "2020-01-02") { nodes { id } }
} }"""


@dataclass
class HeldClock:
    """A clock that stands still until it is moved."""

    now: datetime = DEMO_NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class Gateway:
    """A running gateway as a front end sees it."""

    url: str
    http: aiohttp.ClientSession
    simulator: Simulator
    clock: HeldClock
    settings: Settings
    printed: PrintedMails
    tokens: dict[str, str] = field(default_factory=dict)

    async def post(self, body: Any, *, token: str | None = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of one POST."""
        sent = {"Content-Type": "application/json", "GraphQL-Preflight": "1"} | headers
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        async with self.http.post(f"{self.url}/graphql", json=body, headers=sent) as response:
            return response.status, await response.json(content_type=None)

    async def ask(self, query: str, *, label: str | None = EXAMPLE_LABEL, **variables: Any) -> Any:
        """The answer to a query, asked by the tenant of that label, or by nobody."""
        token = None if label is None else await self.sign_in(label)
        status, answer = await self.post({"query": query, "variables": variables}, token=token)
        assert status == 200, answer
        return answer

    async def data(self, query: str, *, label: str | None = EXAMPLE_LABEL, **variables: Any) -> Any:
        """The data of an answer that must hold no errors."""
        answer = await self.ask(query, label=label, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def links(self, recipient: str, *, count: int = 1) -> list[Mail]:
        """The mails with a link to that address, newest first, once there are so many."""
        for _ in range(500):
            found = [mail for mail in self.printed.mails if mail.recipient == recipient and "#token=" in mail.text]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"only {len(found)} mails came")

    async def settle(self, label: str = EXAMPLE_LABEL) -> None:
        """Signs in, opens sessions, waits until the account is checked again, and forgets what that cost.

        Nothing that a home screen shows is then known, or fresh.
        """
        await self.data(_ELSEWHEN, label=label)
        self.clock.advance(minutes=11)
        self.tokens.clear()
        await self.sign_in(label)
        leases = self.simulator.counters["ConsulterContrats"]
        seen = 0
        while seen != leases.calls:
            seen = leases.calls
            await asyncio.sleep(0.3)
        self.simulator.reset_counters()

    async def sign_in(self, label: str = EXAMPLE_LABEL, password: str = PASSWORD) -> str:
        """An access token, signed in anew where none is at hand."""
        if label not in self.tokens:
            mutation = """mutation($label: String!, $password: String!) {
              logIn(input: {accountLabel: $label, password: $password, client: APP}) {
                __typename ... on SignedIn { tokens { accessToken } }
              }
            }"""
            variables = {"label": label, "password": password}
            _, answer = await self.post({"query": mutation, "variables": variables})
            self.tokens[label] = answer["data"]["logIn"]["tokens"]["accessToken"]
        return self.tokens[label]


def settings_for(simulator: Simulator, database: Path, **changes: Any) -> Settings:
    """Settings of a gateway over that simulator."""
    values: dict[str, Any] = {
        "environment": "development",
        "property_url": simulator.property_url,
        "property_user": PROPERTY_USER,
        "property_password": PROPERTY_PASSWORD,
        "property_company": PROPERTY_COMPANY,
        "billing_url": simulator.billing_url,
        "billing_user": BILLING_USER,
        "billing_secret": BILLING_SECRET,
        "database_url": f"sqlite:///{database}",
        "public_url": "http://127.0.0.1:8000",
        "secret_key": "a secret of the tests that is long enough",
        "address_calls": 100_000,  # all tenants of a test sign in from one address
        "warm_up_at": "",
    }
    return given_settings(**(values | EXECUTION_MODES[os.environ.get("EXECUTION", "on")] | changes))


@asynccontextmanager
async def run_gateway(simulator: Simulator, settings: Settings, clock: HeldClock) -> AsyncIterator[Gateway]:
    """Serves on a free port until the end."""

    sock = listen("127.0.0.1", 0)
    started = asyncio.Event()
    printed = PrintedMails(write=lambda _: None)

    server = Server(create_app(settings, clock=clock, mail_server=printed), started.set, grace_seconds=1)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    assert started.is_set(), "the gateway did not start"
    async with aiohttp.ClientSession() as http:
        yield Gateway(f"http://127.0.0.1:{sock.getsockname()[1]}", http, simulator, clock, settings, printed)
    server.should_exit = True
    await serving


@dataclass
class Clients:
    """Both clients over a simulator, without a gateway around."""

    property_management: PropertyManagement
    billing: Billing
    clock: HeldClock

    def snapshots(self, *, patience_seconds: float = 2.5, memory: Memory | None = None) -> Snapshots:
        """An empty store over them."""
        return Snapshots(
            self.property_management,
            self.billing,
            self.clock,
            kept_hours=LAST_KNOWN_HOURS,
            patience_seconds=patience_seconds,
            memory=Memory(most_bytes=1 << 26) if memory is None else memory,
        )

    def loaders(self, snapshots: Snapshots | None = None, *, seconds: float = 10) -> Loaders:
        """Those of a request that has so long."""
        until = asyncio.get_running_loop().time() + seconds
        return Loaders(snapshots or self.snapshots(), until=until)


def crosses(field: Any) -> bool:
    """Whether a field is answered by asking somebody else: what its resolver gives may have yet to come."""
    resolver = getattr(field.extensions.get("strawberry-definition"), "base_resolver", None)
    if resolver is None:
        return False
    resolve = inspect.unwrap(resolver.wrapped_func)
    return inspect.iscoroutinefunction(resolve) or "Awaitable" in str(inspect.signature(resolve).return_annotation)


async def load(shelf: Any, key: Any, *, seconds: float = 10, **options: Any) -> Any:
    """A shelf's value for a request that has so long, or the UpstreamError that it met."""
    try:
        return await come(shelf.load(key, until=asyncio.get_running_loop().time() + seconds, **options))
    except UpstreamError as error:
        return error


@asynccontextmanager
async def open_clients(
    simulator: Simulator,
    clock: HeldClock,
    *,
    deadline_seconds: float = 10,
    calls_a_minute: int | None = None,
    closure: Closure | None = None,
) -> AsyncIterator[Clients]:
    """Clients with so long a deadline, that budget of billing's calls, and that closure of property management."""
    async with open_http() as property_http, open_http() as billing_http:

        def upstream(system: SourceSystem, http: Http) -> Upstream:
            of_billing = system is SourceSystem.BILLING and calls_a_minute is not None
            return Upstream(
                system,
                http,
                deadline_seconds=deadline_seconds,
                clock=clock,
                places=Places(lambda: 8),
                budget=RateBudget(clock, per_minute=calls_a_minute or 0, per_day=20_000) if of_billing else None,
                closure=closure if system is SourceSystem.PROPERTY_MANAGEMENT else None,
                retry_delay=lambda: 0,
            )

        property_management = PropertyManagement(
            upstream(SourceSystem.PROPERTY_MANAGEMENT, property_http),
            simulator.property_url,
            company=PROPERTY_COMPANY,
            user=PROPERTY_USER,
            password=PROPERTY_PASSWORD,
        )
        billing = Billing(
            upstream(SourceSystem.BILLING, billing_http),
            simulator.billing_url,
            user=BILLING_USER,
            secret=BILLING_SECRET,
        )
        yield Clients(property_management, billing, clock)
        await property_management.close()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port

"""Accounts at a standing clock, on each of the two databases."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.accounts import Accounts, migrate_database, open_accounts, passwords
from gateway.accounts.opening import insert_account
from gateway.accounts.sender import send_once
from gateway.accounts.worker import work_once
from gateway.clients.mail import PrintedMails
from gateway.models.account import AccountForm, Caller, ClientKind, SignedIn
from gateway.models.mail import Mail
from gateway.settings import Settings, given_settings

from . import postgres
from .people import KNOWN, MadeUpDirectory

PASSWORD = "Soleil-de-Metz-57"
EMAIL = "elodie.martin@example.org"
CALLER = Caller(address="192.0.2.1", user_agent="test")


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 3, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **duration: float) -> None:
        self.time += timedelta(**duration)

    def set(self, text: str) -> None:
        self.time = datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Gateway:
    """Accounts of one process, with what surrounds them."""

    accounts: Accounts
    clock: Clock
    directory: MadeUpDirectory
    mailbox: PrintedMails = field(default_factory=lambda: PrintedMails(write=lambda _: None))
    caller: Caller = CALLER

    def __post_init__(self) -> None:
        self._worker, self._sender = (
            self.accounts.tools.duty("worker"),
            self.accounts.tools.duty("sender"),
        )

    @property
    def defaults(self) -> dict[str, Any]:
        return {"client": ClientKind.APP, "caller": self.caller}

    async def add_account(self, label: str = KNOWN, password: str = PASSWORD, *, email: str | None = EMAIL) -> str:
        lease = self.directory.leases.get(label)
        return await insert_account(
            self.accounts.tools, label, lease.reference if lease else "0000000/00", password, email=email
        )

    async def sign_in(self, password: str = PASSWORD, label: str = KNOWN, **options: Any) -> Any:
        options = self.defaults | options
        return await self.accounts.sign_in(label, password, **options)

    async def signed_in(self, **options: Any) -> SignedIn:
        outcome = await self.sign_in(**options)
        assert isinstance(outcome, SignedIn)
        return outcome

    async def create(self, label: str = KNOWN, password: str = "Neuf-Chemins-88", **changes: Any) -> Any:
        form: dict[str, Any] = {
            "account_label": label,
            "last_name": "Martin",
            "first_name": "Elodie",
            "email": EMAIL,
            "password": password,
        }
        return await self.accounts.create_account(AccountForm(**(form | changes)), self.caller)

    async def confirm(self, token: str, password: str = "Neuf-Chemins-88", **options: Any) -> Any:
        options = self.defaults | options
        return await self.accounts.confirm_account(token, password, **options)

    async def reset(self, token: str, password: str = "Autre-Rivage-31", **options: Any) -> Any:
        options = self.defaults | options
        return await self.accounts.complete_password_reset(token, password, **options)

    async def request_reset(self, label: str = KNOWN) -> Any:
        return await self.accounts.request_password_reset(label, self.caller)

    async def work(self) -> None:
        """Does all that is due, and delivers all mails."""
        while await work_once(self.accounts.tools, self.directory, self._worker):
            pass
        while await send_once(self.accounts.tools, self.mailbox, self._sender):
            pass

    @property
    def mails(self) -> list[Mail]:
        """The mails delivered, oldest first."""
        return list(reversed(self.mailbox.mails))

    @property
    def subjects(self) -> list[str]:
        return [mail.subject for mail in self.mails]

    async def mailed_token(self) -> str:
        """The token of the link that was mailed last."""
        await self.work()
        return token_in(next(mail for mail in self.mailbox.mails if "#token=" in mail.text))


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with little memory: hundreds of sign-ins would otherwise take minutes."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)


def token_in(mail: Mail) -> str:
    match = re.search(r"#token=(\S+)", mail.text)
    assert match, mail.subject
    return match[1]


def settings_for(database_url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "environment": "development",
        "property_url": "http://property.example/ws",
        "property_user": "user",
        "property_password": "password",
        "billing_url": "http://billing.example/api/v1",
        "billing_user": "user",
        "billing_secret": "secret",
        "public_url": "https://tenants.example",
        "secret_key": "first-secret-key-of-the-tests-0123456789",
        "database_url": database_url,
        "address_calls": 100_000,
        "hashing_queue_seconds": 30,
    }
    return given_settings(**(values | changes))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A migrated database of a real server, for one test after the other."""
    with postgres.running_server() as server:
        name = f"gateway_test_{os.getpid()}"
        asyncio.run(postgres.run(server, f"CREATE DATABASE {name}"))
        migrate_database(postgres.address(server, name))
        yield postgres.address(server, name)
        asyncio.run(postgres.run(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "gateway.sqlite"
    migrate_database(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "gateway.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    url = request.getfixturevalue("postgres_url")
    asyncio.run(postgres.empty(url))
    yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


Opener = Callable[..., Any]


@pytest.fixture
async def open_gateway(database_url: str, clock: Clock) -> AsyncIterator[Opener]:
    """Opens the accounts of one more process on the same database."""
    directory = MadeUpDirectory()
    async with AsyncExitStack() as stack:

        async def open_one(**changes: Any) -> Gateway:
            accounts = await stack.enter_async_context(open_accounts(settings_for(database_url, **changes), clock))
            return Gateway(accounts, clock, directory)

        yield open_one


@pytest.fixture
async def gateway(open_gateway: Opener) -> Gateway:
    opened: Gateway = await open_gateway()
    return opened

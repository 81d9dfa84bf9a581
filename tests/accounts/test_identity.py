"""Identity against property management itself: its SOAP client and the simulated system."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.accounts import Accounts, open_accounts
from gateway.accounts.sender import send_once
from gateway.accounts.worker import work_once
from gateway.clients.mail import PrintedMails
from gateway.clients.property_management import PropertyManagement
from gateway.models.account import AccountForm, AccountRequestAccepted, ClientKind, SignedIn
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, SimulatorOptions, run_simulator
from tests.support import open_clients

from .conftest import CALLER, Clock, settings_for, token_in

PASSWORD = "Neuf-Chemins-88"


@dataclass
class Desk:
    """Accounts over a property management that closes at night."""

    accounts: Accounts
    property_management: PropertyManagement
    mailbox: PrintedMails = field(default_factory=lambda: PrintedMails(write=lambda _: None))

    async def create(self, last_name: str, first_name: str) -> None:
        form = AccountForm(EXAMPLE_LABEL, last_name, first_name, "elodie.martin@example.org", PASSWORD)
        assert await self.accounts.create_account(form, CALLER) == AccountRequestAccepted()

    async def work(self) -> None:
        tools = self.accounts.tools
        await work_once(tools, self.property_management, tools.duty("worker"))
        await send_once(tools, self.mailbox, tools.duty("sender"))
        tools.clock.forward(minutes=1)  # type: ignore[attr-defined]


@pytest.fixture
async def desk(clock: Clock, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    database = shutil.copy(sqlite_template, tmp_path / "gateway.sqlite")
    async with (
        run_simulator(SimulatorOptions(now=clock, nights=True)) as simulator,
        open_clients(simulator, clock) as clients,  # type: ignore[arg-type] # any clock that stands still
        open_accounts(settings_for(f"sqlite:///{database}"), clock) as accounts,
    ):
        yield Desk(accounts, clients.property_management)


@pytest.mark.parametrize(
    ("last_name", "first_name"),
    [("MARTIN", "Élodie"), ("martin", "elodie"), (" Mar\u0301tin ", "ÉLODIE"), ("Martin", "E\u0301lodie")],
)
async def test_honest_spellings_are_recognised(desk: Desk, last_name: str, first_name: str) -> None:
    await desk.create(last_name, first_name)
    await desk.work()
    (mail,) = desk.mailbox.mails
    signed_in = await desk.accounts.confirm_account(token_in(mail), PASSWORD, ClientKind.APP, CALLER)
    assert isinstance(signed_in, SignedIn)
    assert signed_in.principal.lease_reference == EXAMPLE_LEASE
    assert signed_in.principal.account_number == EXAMPLE_LABEL


async def test_another_name_is_not(desk: Desk) -> None:
    await desk.create("Durand", "Élodie")
    await desk.work()
    assert desk.mailbox.mails == ()


async def test_a_creation_at_night_is_handled_in_the_morning(desk: Desk, clock: Clock) -> None:
    clock.set("2026-11-03T21:30")  # 22:30 in Paris
    await desk.create("Martin", "Élodie")
    for _ in range(3):
        await desk.work()
    assert not desk.mailbox.mails
    clock.set("2026-11-04T06:30")
    await desk.work()
    (mail,) = desk.mailbox.mails
    assert mail.recipient == "elodie.martin@example.org"

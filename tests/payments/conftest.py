"""Payments at a standing clock, on each of the two databases, over simulated billing."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from gateway.accounts import open_accounts
from gateway.accounts.opening import insert_account
from gateway.clients.billing import Billing
from gateway.models.balance import Balance
from gateway.models.dates import PARIS
from gateway.models.money import Locale
from gateway.models.payment import Payment, PaymentStarted, RentPaymentOrder
from gateway.models.principal import Principal
from gateway.payments import Payments, Tools
from gateway.payments.booking import work_once
from gateway.payments.notification import Taken
from gateway.payments.starting import Facts, StartOutcome
from gateway.settings import Settings
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from gateway.store import payments as statements
from gateway.store.payment_tables import PageReportRow, PaymentRow
from tests.accounts import conftest as accounts_conftest
from tests.support import Clients, HeldClock

from .page import KEY, SITE, encoded, report

database_url = accounts_conftest.database_url
postgres_url = accounts_conftest.postgres_url
sqlite_template = accounts_conftest.sqlite_template
quick_hashes = accounts_conftest.quick_hashes

RETURN = "https://tenants.example/paiements/retour"


def payment_settings(database_url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "payment_site_id": SITE,
        "payment_test_key": KEY,
        "payment_return_urls": "https://tenants.example/paiements/",
    }
    return accounts_conftest.settings_for(database_url, **(values | changes))


@dataclass
class Office:
    """The payments of one process, as a tenant, the page and billing meet them."""

    payments: Payments
    billing: Billing
    clock: HeldClock
    principal: Principal
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.duty = self.payments.tools.duty()

    @property
    def tools(self) -> Tools:
        return self.payments.tools

    async def start(
        self, amount: str = "100.00", *, key: str | None = None, principal: Principal | None = None, **changes: Any
    ) -> StartOutcome:
        who = principal or self.principal
        order = {"amount": Decimal(amount), "due_notice_id": None, "return_url": RETURN} | changes

        async def load_balance() -> Balance | None:
            self.asked.append(who.account_number)
            return await self.billing.fetch_balance(who.account_number)

        async def has_notice(notice_id: str) -> bool:
            return notice_id == "own"

        asked = RentPaymentOrder(**order, idempotency_key=key or f"key-{uuid4()}")
        return await self.payments.start(who, asked, Locale.FR, Facts(load_balance, has_notice))

    async def started(self, amount: str = "100.00", **changes: Any) -> tuple[Payment, dict[str, str]]:
        """A payment that was started, and its form."""
        outcome = await self.start(amount, **changes)
        assert isinstance(outcome, PaymentStarted), outcome
        return outcome.payment, form_of(outcome)

    async def notify(self, fields: Mapping[str, str]) -> Taken:
        return await self.payments.take_notification(encoded(fields))

    async def paid(self, amount: str = "100.00", **changes: Any) -> tuple[Payment, dict[str, str]]:
        """A payment that was started and paid."""
        payment, form = await self.started(amount, **changes)
        assert await self.notify(report(form)) is Taken.STORED
        return payment, form

    async def work(self) -> None:
        """Does all that is due."""
        while await work_once(self.tools, self.duty):
            pass

    async def find(self, payment: Payment) -> Payment:
        found = await self.payments.find(self.principal.account_number, payment.key)
        assert found is not None
        return found

    async def state(self, payment: Payment) -> str:
        return (await self.row(payment)).state

    async def row(self, payment: Payment) -> PaymentRow:
        async with self.tools.store.read() as tx:
            row = await statements.fetch(tx, payment.key)
        assert row is not None
        return row

    async def reports(self, payment: Payment) -> list[PageReportRow]:
        async with self.tools.store.read() as tx:
            return await statements.fetch_reports(tx, payment.key)

    async def balance(self) -> Balance:
        balance = await self.billing.fetch_balance(self.principal.account_number)
        assert balance is not None
        return balance

    async def expected(self) -> str:
        return str((await self.payments.expect_balance(await self.balance())).amount)

    async def pending(self) -> list[str]:
        return [str(each.amount.amount) for each in await self.payments.list_pending(await self.balance())]


def form_of(started: PaymentStarted) -> dict[str, str]:
    return {each.name: each.value for each in started.form_fields}


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


Opener = Callable[..., Any]


@pytest.fixture
async def open_office(database_url: str, clock: HeldClock, clients: Clients) -> AsyncIterator[Opener]:
    """Opens the payments of one more process on the same database."""
    async with AsyncExitStack() as stack:

        async def open_one(*, label: str = EXAMPLE_LABEL, lease: str = EXAMPLE_LEASE, **changes: Any) -> Office:
            settings = payment_settings(database_url, **changes)
            accounts = await stack.enter_async_context(open_accounts(settings, clock))
            own = accounts.tools
            payments = Payments(Tools(settings, clock, own.store, own.secrets, clients.billing))
            account_id = await _account(accounts, label, lease)
            return Office(payments, clients.billing, clock, Principal(account_id, "session", lease, label))

        yield open_one


async def _account(accounts: Any, label: str, lease: str) -> str:
    from gateway.store import accounts as account_statements

    async with accounts.tools.store.read() as tx:
        known = await account_statements.find(tx, accounts.tools.label_keys(label))
    return known.id if known else await insert_account(accounts.tools, label, lease, "Soleil-de-Metz-57")


@pytest.fixture
async def office(open_office: Opener) -> Office:
    opened: Office = await open_office()
    return opened


@pytest.fixture
def neighbour(simulator: Simulator) -> tuple[str, str]:
    """Label and lease of somebody who owes something, with no debit planned."""
    tenant = next(
        each
        for each in simulator.landlord.tenants
        if each.account_number != EXAMPLE_LABEL
        and each.account.state_code == "OUVERT"
        and each.account.direct_debit_on is None
        and each.account.entries
        and each.account.entries[-1].balance_after_cents > 10_000
    )
    return tenant.account_number, tenant.lease_reference

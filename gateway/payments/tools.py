"""What every use case of payments works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.background import Bell
from gateway.clock import Clock
from gateway.models.payment import Deposit, DepositReceipt, DepositRefusal, DepositStatus
from gateway.moments import milliseconds
from gateway.sealing import Secrets
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.duties import Duty


class Bank(Protocol):
    """What payments ask of billing; `gateway.clients.billing` answers it."""

    async def post_deposit(self, deposit: Deposit) -> DepositReceipt | DepositRefusal:
        """Deposits a payment, once. Raises UpstreamError."""

    async def fetch_deposit_status(self, external_reference: str) -> DepositStatus | None:
        """How far a deposit has come. Raises UpstreamError."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The database, secrets and time of this process, and billing."""

    settings: Settings
    clock: Clock
    store: Store
    secrets: Secrets
    billing: Bank
    account_changed: Callable[[str], None] = lambda _: None
    """Is told the number of each rent account whose payment has come to the ledger."""
    bell: Bell = field(default_factory=Bell)

    def now(self) -> int:
        """The present moment in milliseconds."""
        return milliseconds(self.clock())

    def duty(self) -> Duty:
        """This process's claim to booking payments."""
        return Duty(self.store, self.clock, "payments")

    def account_keys(self, account_number: str) -> tuple[str, ...]:
        """The keys that a rent account's payments can be stored under; the first is today's."""
        return self.secrets.digests("payment-account", account_number)

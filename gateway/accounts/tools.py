"""What every use case of accounts works with."""

from dataclasses import dataclass, field

from gateway.accounts.budgets import AddressBudgets
from gateway.accounts.passwords import Passwords
from gateway.accounts.tokens import TokenIssuer
from gateway.background import Bell
from gateway.clock import Clock
from gateway.moments import milliseconds
from gateway.sealing import Secrets
from gateway.settings import Settings
from gateway.sharing.news import News
from gateway.store import Store
from gateway.store.duties import Duty


@dataclass(frozen=True, slots=True)
class Tools:
    """The database, secrets, hashing and time of this process."""

    settings: Settings
    clock: Clock
    store: Store
    secrets: Secrets
    passwords: Passwords
    tokens: TokenIssuer
    budgets: AddressBudgets
    news: News
    work_bell: Bell = field(default_factory=Bell)
    mail_bell: Bell = field(default_factory=Bell)

    def now(self) -> int:
        """The present moment in milliseconds."""
        return milliseconds(self.clock())

    def duty(self, name: str) -> Duty:
        """This process's claim to a duty."""
        return Duty(self.store, self.clock, name)

    def label_keys(self, label: str) -> tuple[str, ...]:
        """The keys that a normalised label can be stored under; the first is today's."""
        return self.secrets.digests("label", label)

"""What every use case of accounts works with."""

import asyncio
from dataclasses import dataclass, field

from gateway.accounts.budgets import AddressBudgets
from gateway.accounts.moments import milliseconds
from gateway.accounts.passwords import Passwords
from gateway.accounts.sealing import Secrets
from gateway.accounts.store import Store
from gateway.accounts.tokens import TokenIssuer
from gateway.clock import Clock
from gateway.settings import Settings


class Bell:
    """Wakes who waits for something to do; who waits too long looks for itself."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """There is something to do."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Until the bell rings, or so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()


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
    work_bell: Bell = field(default_factory=Bell)
    mail_bell: Bell = field(default_factory=Bell)

    def now(self) -> int:
        """The present moment in milliseconds."""
        return milliseconds(self.clock())

    def label_keys(self, label: str) -> tuple[str, ...]:
        """The keys that a normalised label can be stored under; the first is today's."""
        return self.secrets.digests("label", label)

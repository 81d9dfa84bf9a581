"""Puts together what a process shares with the others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from gateway.clock import Clock
from gateway.sealing import Secrets
from gateway.settings import Settings
from gateway.sharing.kept_secrets import KeptByAll
from gateway.sharing.news import News
from gateway.sharing.nodes import Nodes
from gateway.sharing.valkey import Valkey
from gateway.store import Store


@dataclass(frozen=True, slots=True)
class Sharing:
    """The database and Valkey of this process, and what it does with the others through them."""

    store: Store
    secrets: Secrets
    nodes: Nodes
    news: News
    valkey: Valkey | None
    patience: timedelta

    def keeper(self, *credentials: str) -> KeptByAll:
        """Where all processes with these credentials (system, address, user, password) keep one session or token."""
        name = self.secrets.digest("kept-secret", "\n".join(credentials))
        return KeptByAll(self.store, self.secrets, name, patience=self.patience)


@asynccontextmanager
async def open_sharing(settings: Settings, clock: Clock) -> AsyncIterator[Sharing]:
    """What this process shares, closed at the end."""
    sharing = build_sharing(settings, clock)
    try:
        yield sharing
    finally:
        if sharing.valkey is not None:
            await sharing.valkey.close()
        await sharing.store.close()


def build_sharing(settings: Settings, clock: Clock) -> Sharing:
    """The same; neither database nor Valkey is asked for anything yet."""
    store, secrets = Store(settings.database_url), Secrets(settings.secret_keys)
    valkey = Valkey(settings.valkey_url.get_secret_value(), secrets) if settings.valkey_url else None
    return Sharing(
        store=store,
        secrets=secrets,
        nodes=Nodes(store, clock),
        news=News(valkey, secrets),
        valkey=valkey,
        # No opening takes longer than one deadline.
        patience=timedelta(seconds=settings.upstream_deadline_seconds + 5),
    )

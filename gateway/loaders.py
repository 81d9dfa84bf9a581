"""The loaders of one request: each key once, keys of a tick together, answers by key, by the request's deadline."""

import asyncio
from collections.abc import Hashable
from datetime import datetime
from typing import Generic, TypeVar, cast

from aiodataloader import DataLoader

from gateway.errors import UpstreamError
from gateway.models.advisor import Advisor, Agency
from gateway.models.balance import Balance
from gateway.models.due_notice import DueNotice
from gateway.models.dwelling import Dwelling
from gateway.models.lease import Lease
from gateway.models.ledger import LedgerPage
from gateway.models.water import WaterConsumption
from gateway.models.work import Work
from gateway.snapshots import Shelf, Snapshots
from gateway.snapshots.kinds import LedgerKey, WaterKey, WorksKey

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(Generic[K, V]):
    """Loads values of one shelf by key; an UpstreamError is raised for each key that it met."""

    def __init__(self, shelf: Shelf[K, V], until: float, not_before: datetime | None) -> None:
        async def load_many(keys: list[K]) -> list[V | UpstreamError | None]:
            found = await shelf.load_many(keys, until=until, not_before=not_before)
            return [found[key] for key in keys]  # by key, never by position

        self._loader = DataLoader(load_many)

    def load(self, key: K) -> "asyncio.Future[V | None]":
        """The key's value; None where the system says that there is none."""
        # Shielded: one field that is cancelled (a null that bubbled up beside it) must not cancel the others' wait.
        return asyncio.shield(cast("asyncio.Future[V | None]", self._loader.load(key)))


class Loaders:
    """All that a request may load from the legacy systems, until that time of the loop.

    With `not_before` the tenant's own values are read anew where they were not asked for later than that.
    """

    def __init__(self, snapshots: Snapshots, *, until: float, not_before: datetime | None = None) -> None:
        self.until = until

        def loader(shelf: Shelf[K, V]) -> Loader[K, V]:
            return Loader(shelf, until, not_before if shelf.kind.own else None)

        self.leases: Loader[str, Lease] = loader(snapshots.leases)
        self.dwellings: Loader[str, Dwelling] = loader(snapshots.dwellings)
        self.advisors: Loader[str, Advisor] = loader(snapshots.advisors)
        self.agencies: Loader[str, Agency] = loader(snapshots.agencies)
        self.balances: Loader[str, Balance] = loader(snapshots.balances)
        self.due_notices: Loader[str, tuple[DueNotice, ...]] = loader(snapshots.due_notices)
        self.ledger_pages: Loader[LedgerKey, LedgerPage] = loader(snapshots.ledger_pages)
        self.water: Loader[WaterKey, WaterConsumption] = loader(snapshots.water)
        self.works: Loader[WorksKey, tuple[Work, ...]] = loader(snapshots.works)

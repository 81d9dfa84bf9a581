"""All that the process remembers of both legacy systems, a shelf for each kind of value."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from cachetools import TTLCache

from gateway.clients.billing import Billing
from gateway.clients.billing.lines import forget_lines
from gateway.clients.property_management import PropertyManagement
from gateway.clock import Clock
from gateway.models.freshness import SourceSystem
from gateway.snapshots.kinds import (
    Kind,
    advisors,
    agencies,
    balances,
    due_notices,
    dwellings,
    leases,
    ledger_pages,
    water,
    works,
)
from gateway.snapshots.memory import Memory
from gateway.snapshots.shelf import SharedValues, Shelf

K = TypeVar("K")
V = TypeVar("V")


class Snapshots:
    """`kept_hours` is, by the shelf's name, how long a last known value may stand in."""

    def __init__(
        self,
        property_management: PropertyManagement,
        billing: Billing,
        clock: Clock,
        *,
        kept_hours: Mapping[str, float],
        patience_seconds: float,
        memory: Memory,
        shared: SharedValues | None = None,
    ) -> None:
        def shelf(kind: Kind[K, V]) -> Shelf[K, V]:
            # Billing counts calls, and does not mind how many come at a time: there they are to gather.
            is_billed = kind.system is SourceSystem.BILLING
            return Shelf(
                kind,
                memory,
                clock,
                kept_for=timedelta(hours=kept_hours[kind.name]),
                patience_seconds=patience_seconds,
                shared=shared,
                has_room=None if is_billed else partial(property_management.health.has_room, kind.operation),
            )

        self._clock = clock
        self._memory = memory
        self._renewed_at: TTLCache[str, datetime] = TTLCache(10_000, 60, timer=lambda: clock().timestamp())
        self.leases = shelf(leases(property_management))
        self.dwellings = shelf(dwellings(property_management))
        self.water = shelf(water(property_management))
        self.works = shelf(works(property_management))
        self.advisors = shelf(advisors(property_management))
        self.agencies = shelf(agencies(property_management))
        self.balances = shelf(balances(billing))
        self.due_notices = shelf(due_notices(billing))
        self.ledger_pages = shelf(ledger_pages(billing))

    def end_account(self, account_number: str) -> None:
        """Something has happened to that rent account: what is known of it is not fresh any more."""
        for shelf in (self.balances, self.due_notices, self.ledger_pages):
            shelf.end(account_number)

    def renew(self, account_number: str) -> datetime:
        """That tenant wants values read anew: the moment before which none is good enough, a new one each minute."""
        return self._renewed_at.setdefault(account_number, self._clock())

    async def sweep(self) -> int:
        """Forgets what is too old to be shown; for the background, every half hour. 0: there is no hurry for more."""
        forget_lines()
        await self._memory.sweep(self._clock())
        return 0

    async def close(self) -> None:
        """Ends what is under way, and sends nothing more."""
        await asyncio.gather(*(each.close() for each in vars(self).values() if isinstance(each, Shelf)))

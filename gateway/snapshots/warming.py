"""The morning's warm-up: what the tenants of late will ask for today, read ahead in full batches, with restraint."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, time
from typing import Any, Final

from gateway.clients.base import in_background
from gateway.clock import Clock
from gateway.errors import UpstreamClosed, UpstreamError
from gateway.models.dates import civil_date
from gateway.models.lease import Lease
from gateway.models.tenant import Tenant
from gateway.snapshots.kinds import last_months, works_since
from gateway.snapshots.rhythm import next_at
from gateway.snapshots.shelf import Shelf
from gateway.snapshots.store import Snapshots

HELD_BACK_SECONDS: Final = 5.0
"""How long it stands back where the budget of calls, or a breaker, lets nothing through."""
MOST_HOLDUPS: Final = 60

Pages = Callable[[], AsyncIterator[Sequence[Tenant]]]


class WarmUp:
    """Once a day from `at` on (Paris), and once after the start, reads what home screens show.

    `seen` gives the tenants who have been here of late, in pages. `may_go_on` is asked before each page: of several
    nodes that share what they know, one does it.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        clock: Clock,
        at: time,
        seen: Pages,
        *,
        may_go_on: Callable[[], Awaitable[bool]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._at = at
        self._seen = seen
        self._may_go_on = may_go_on
        self._pause = pause
        self._done_until: datetime | None = None

    async def run_if_due(self) -> int:
        """Runs where today's has not been run; how many tenants were read."""
        now = self._clock()
        if self._done_until is not None and now < self._done_until:
            return 0
        read = 0
        with in_background():
            async for page in self._seen():
                if not await self._may_go_on():
                    return read
                await self._read(page)
                read += len(page)
        self._done_until = next_at(self._at, now)
        return read

    async def _read(self, tenants: Sequence[Tenant]) -> None:
        await asyncio.gather(self._read_accounts(tenants), self._read_leases(tenants))

    async def _read_accounts(self, tenants: Sequence[Tenant]) -> None:
        numbers = [tenant.account_number for tenant in tenants]
        for shelf in (self._snapshots.balances, self._snapshots.due_notices):
            await self._insist(shelf, numbers)

    async def _read_leases(self, tenants: Sequence[Tenant]) -> None:
        shelves, today = self._snapshots, civil_date(self._clock())
        found = await self._insist(shelves.leases, [tenant.lease_reference for tenant in tenants])
        leases = [lease for lease in found.values() if isinstance(lease, Lease) and not lease.has_ended(today)]
        dwellings = [lease.dwelling_reference for lease in leases if lease.dwelling_reference is not None]
        months, since = last_months(today), works_since(today)
        await self._insist(shelves.dwellings, dwellings)
        await self._insist(shelves.water, [(dwelling, months) for dwelling in dwellings])
        await self._insist(shelves.works, [(dwelling, since) for dwelling in dwellings])
        await self._insist(shelves.advisors, [lease.sector for lease in leases if lease.sector is not None])
        await self._insist(shelves.agencies, [lease.agency_code for lease in leases if lease.agency_code is not None])

    async def _insist(self, shelf: Shelf[Any, Any], keys: Sequence[Any]) -> dict[Any, Any]:
        """What comes of the keys; those that were held back are asked for again, unless the system is closed."""
        found: dict[Any, Any] = {}
        for _ in range(MOST_HOLDUPS):
            await self._may_go_on()  # a duty that is not confirmed each minute goes to another node
            found |= await shelf.warm(keys)
            keys = [key for key in keys if _is_held_back(found[key])]
            if not keys:
                break
            await self._pause(HELD_BACK_SECONDS)
        return found


def _is_held_back(outcome: object) -> bool:
    return isinstance(outcome, UpstreamError) and outcome.held_back and not isinstance(outcome, UpstreamClosed)

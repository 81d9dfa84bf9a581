"""What one request works with: who is asking, as headers of a trusted proxy say, and its loaders."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import translating
from aiodataloader import DataLoader
from billing import Billing
from property_management import PropertyManagement

PARIS = ZoneInfo("Europe/Paris")

Item = dict[str, Any]


class Systems:
    """Both legacy systems, for as long as the process lives."""

    def open(self) -> None:
        env = os.environ
        self.property = PropertyManagement(
            env["PEER_PROPERTY_URL"], env["PEER_PROPERTY_USER"], env["PEER_PROPERTY_PASSWORD"]
        )
        self.billing = Billing(env["PEER_BILLING_URL"], env["PEER_BILLING_USER"], env["PEER_BILLING_SECRET"])

    async def close(self) -> None:
        await asyncio.gather(self.property.close(), self.billing.close())


SYSTEMS = Systems()


class Reading:
    """One request; loaders are made when they are first needed."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.lease_reference = headers.get("x-lease")
        self.account = headers.get("x-account")
        self._water: dict[tuple[str, str], DataLoader[str, Any]] = {}

    async def lease(self) -> Item | None:
        """The lease as property management says it."""
        return await self._leases.load(self.lease_reference)

    async def lease_lived_in(self) -> Item | None:
        """The same while it lasts."""
        lease = await self.lease()
        ends_on = lease and translating.date(lease.get("DateFin"))
        ended = lease is None or lease.get("CodeEtat") == "R" or (ends_on and ends_on < today().isoformat())
        return None if ended else lease

    @cached_property
    def _leases(self) -> DataLoader[str, Any]:
        return DataLoader(SYSTEMS.property.leases)

    @cached_property
    def dwellings(self) -> DataLoader[str, Any]:
        return DataLoader(_translated(SYSTEMS.property.dwellings, translating.dwelling))

    @cached_property
    def advisors(self) -> DataLoader[str, Any]:
        return DataLoader(SYSTEMS.property.advisors)

    @cached_property
    def agencies(self) -> DataLoader[str, Any]:
        async def load(codes: Sequence[str]) -> list[Any]:
            return await asyncio.gather(*map(SYSTEMS.property.agency, codes), return_exceptions=True)

        return DataLoader(load)

    @cached_property
    def works(self) -> DataLoader[str, Any]:
        now = today()
        since = f"{now.day if now.month != 2 else min(now.day, 28):02d}/{now.month:02d}/{now.year - 2}"
        return DataLoader(_translated(lambda keys: SYSTEMS.property.works(keys, since), translating.works))

    @cached_property
    def accounts(self) -> DataLoader[str, Any]:
        return DataLoader(_translated(SYSTEMS.billing.accounts, translating.balance))

    @cached_property
    def notices(self) -> DataLoader[str, Any]:
        return DataLoader(SYSTEMS.billing.notices)

    def water(self, first: str | None, last: str | None) -> DataLoader[str, Any]:
        """Of these months, `2026-11`; of the last 13 unless they are given."""
        first, last = first or months_before(12), last or months_before(0)
        if (first, last) not in self._water:
            months = [f"{month[5:]}/{month[:4]}" for month in (first, last)]
            fetch = _translated(lambda keys: SYSTEMS.property.water(keys, *months), translating.water)
            self._water[first, last] = DataLoader(fetch)
        return self._water[first, last]


def months_before(months: int) -> str:
    """The month so many months ago, `2026-11`."""
    now = today()
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return f"{year}-{month + 1:02d}"


def today() -> date:
    """The civil date in Paris."""
    return datetime.now(PARIS).date()


def _translated(
    fetch: Callable[[Sequence[str]], Awaitable[Sequence[Any]]], translate: Callable[[Any], Any]
) -> Callable[[Sequence[str]], Awaitable[list[Any]]]:
    async def load(keys: Sequence[str]) -> list[Any]:
        items = await fetch(keys)
        return [item if item is None or isinstance(item, Exception) else translate(item) for item in items]

    return load

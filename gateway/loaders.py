"""The loaders of one request: each key asked once, keys of a tick together, answers given back by key."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import date
from typing import Generic, TypeVar, cast

from aiodataloader import DataLoader

from gateway.clients.billing import Billing
from gateway.clients.property_management import PropertyManagement
from gateway.errors import UpstreamError
from gateway.models.advisor import Advisor, Agency
from gateway.models.balance import Balance
from gateway.models.dates import YearMonth
from gateway.models.due_notice import DueNotice
from gateway.models.dwelling import Dwelling
from gateway.models.lease import Lease
from gateway.models.ledger import LedgerPage
from gateway.models.water import WaterConsumption
from gateway.models.work import Work

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", bound=Hashable)
V = TypeVar("V")

Outcomes = Mapping[K, V | UpstreamError | None]
MonthRange = tuple[YearMonth, YearMonth]
LedgerKey = tuple[str, int, date | None, date | None]

_EARLIEST_NOTICE = YearMonth(1900, 1)


class Loader(Generic[K, V]):
    """Loads values by key; an UpstreamError is raised for each key that it met."""

    def __init__(self, fetch: Callable[[Sequence[K]], Awaitable[Outcomes[K, V]]]) -> None:
        async def fetch_list(keys: list[K]) -> list[V | UpstreamError | None]:
            found = await fetch(keys)
            return [found[key] for key in keys]  # by key, never by position

        self._loader = DataLoader(fetch_list)

    def load(self, key: K) -> "asyncio.Future[V | None]":
        """The key's value; None where the system says that there is none."""
        # Shielded: one field that is cancelled (a null that bubbled up beside it) must not cancel the others' fetch.
        return asyncio.shield(cast("asyncio.Future[V | None]", self._loader.load(key)))


class Loaders:
    """All that a request may load from the legacy systems."""

    def __init__(self, property_management: PropertyManagement, billing: Billing) -> None:
        self.leases: Loader[str, Lease] = Loader(property_management.fetch_leases)
        self.dwellings: Loader[str, Dwelling] = Loader(property_management.fetch_dwellings)
        self.advisors: Loader[str, Advisor] = Loader(property_management.fetch_advisors)
        self.agencies: Loader[str, Agency] = Loader(_one_by_one(property_management.fetch_agency))
        self.balances: Loader[str, Balance] = Loader(billing.fetch_balances)

        async def fetch_due_notices(account_numbers: Sequence[str]) -> Outcomes[str, tuple[DueNotice, ...]]:
            return await billing.fetch_due_notices(account_numbers, _EARLIEST_NOTICE)

        async def fetch_ledger_page(key: LedgerKey) -> LedgerPage | None:
            account_number, page, from_date, to_date = key
            return await billing.fetch_ledger_page(account_number, page, from_date=from_date, to_date=to_date)

        async def fetch_water(references: Sequence[str], months: MonthRange) -> Outcomes[str, WaterConsumption]:
            return await property_management.fetch_water(references, *months)

        self.due_notices: Loader[str, tuple[DueNotice, ...]] = Loader(fetch_due_notices)
        self.ledger_pages: Loader[LedgerKey, LedgerPage] = Loader(_one_by_one(fetch_ledger_page))
        self.water: Loader[tuple[str, MonthRange], WaterConsumption] = Loader(_by_range(fetch_water))
        self.works: Loader[tuple[str, date], tuple[Work, ...]] = Loader(_by_range(property_management.fetch_works))


def _one_by_one(fetch: Callable[[K], Awaitable[V | None]]) -> Callable[[Sequence[K]], Awaitable[Outcomes[K, V]]]:
    """For what the legacy system has no batch of."""

    async def fetch_one(key: K) -> V | UpstreamError | None:
        try:
            return await fetch(key)
        except UpstreamError as error:
            return error

    async def fetch_all(keys: Sequence[K]) -> Outcomes[K, V]:
        return dict(zip(keys, await asyncio.gather(*map(fetch_one, keys)), strict=True))

    return fetch_all


def _by_range(
    fetch: Callable[[Sequence[str], R], Awaitable[Outcomes[str, V]]],
) -> Callable[[Sequence[tuple[str, R]]], Awaitable[Outcomes[tuple[str, R], V]]]:
    """For batches that share a range of time: one batch a range. A key is (reference, range)."""

    async def fetch_all(keys: Sequence[tuple[str, R]]) -> Outcomes[tuple[str, R], V]:
        ranges: dict[R, list[str]] = {}
        for reference, key_range in keys:
            ranges.setdefault(key_range, []).append(reference)
        answers = await asyncio.gather(*(fetch(references, each) for each, references in ranges.items()))
        return {
            (reference, each): outcome
            for each, answer in zip(ranges, answers, strict=True)
            for reference, outcome in answer.items()
        }

    return fetch_all

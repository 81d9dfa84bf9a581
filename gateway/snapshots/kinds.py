"""The kinds of values that the legacy systems are asked for: how, how many at once, and how long they hold."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Generic, TypeVar

from gateway.clients.billing import Billing
from gateway.clients.billing.client import MAX_ACCOUNTS, MAX_NOTICE_ACCOUNTS
from gateway.clients.property_management import PropertyManagement
from gateway.clients.property_management.client import MAX_DWELLINGS, MAX_REFERENCES
from gateway.errors import UpstreamError
from gateway.models.advisor import Advisor, Agency
from gateway.models.balance import Balance
from gateway.models.dates import YearMonth
from gateway.models.due_notice import DueNotice
from gateway.models.dwelling import Dwelling
from gateway.models.freshness import SourceSystem
from gateway.models.lease import Lease
from gateway.models.ledger import LedgerPage
from gateway.models.water import WaterConsumption
from gateway.models.work import Work
from gateway.snapshots.flights import Outcome
from gateway.snapshots.rhythm import (
    Rule,
    for_a,
    until_balances_are_computed,
    until_meters_are_read,
    until_notices_change,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MonthRange = tuple[YearMonth, YearMonth]
WaterKey = tuple[str, MonthRange]
WorksKey = tuple[str, date]
LedgerKey = tuple[str, int, date | None, date | None]

MINUTES: Final = timedelta(minutes=10)
"""Leases and works change during the day, at property management's desks."""
LEDGER_HOLDS: Final = timedelta(minutes=5)
SELDOM: Final = timedelta(days=1)
"""Dwellings change rarely, advisors and agencies a few times a year."""

MAX_MONTHS: Final = 13
"""What one answer of property management may hold."""
YEARS_OF_WORKS: Final = 2

_ALL_NOTICES: Final = YearMonth(1900, 1)


@dataclass(frozen=True, slots=True)
class Kind(Generic[K, V]):
    """What there is to know of one legacy read.

    `fetch` takes keys of one group, at most `limit`. `own` marks what is a tenant's own, who may have it read anew;
    `refreshed_ahead` has what is read often asked for again before it ends. A key is a reference, or a tuple that
    begins with one. `parts` counts what a value's memory grows with, its rows and theirs, in thirds of a kB.
    """

    name: str
    system: SourceSystem
    operation: str
    shape: Any
    fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, Outcome[V]]]]
    limit: int
    fresh_until: Rule
    own: bool = True
    refreshed_ahead: bool = False
    parts: Callable[[V], int] = lambda _: 1

    def group(self, key: K) -> Hashable:
        """What keys of one batch have in common."""
        return key[1:] if isinstance(key, tuple) else None

    def owner(self, key: K) -> Hashable:
        """Whose value it is: a lease, a dwelling, a rent account."""
        return key[0] if isinstance(key, tuple) else key


def leases(property_management: PropertyManagement) -> Kind[str, Lease]:
    """By lease reference."""
    return _property("leases", "ConsulterContrats", Lease, property_management.fetch_leases, MAX_REFERENCES)


def dwellings(property_management: PropertyManagement) -> Kind[str, Dwelling]:
    """By dwelling reference."""
    fetch = property_management.fetch_dwellings
    return _property("dwellings", "ConsulterLogements", Dwelling, fetch, MAX_REFERENCES, own=False)


def water(property_management: PropertyManagement) -> Kind[WaterKey, WaterConsumption]:
    """By dwelling reference and range of months."""

    async def ask(dwellings: Sequence[str], months: MonthRange) -> Mapping[str, Outcome[WaterConsumption]]:
        return await property_management.fetch_water(dwellings, *months)

    fetch = _together(ask)
    rule = until_meters_are_read
    kind = _property("water", "RelevesCompteurs", WaterConsumption, fetch, MAX_DWELLINGS, rule=rule)
    return replace(kind, parts=_parts_of_water)


def works(property_management: PropertyManagement) -> Kind[WorksKey, tuple[Work, ...]]:
    """By dwelling reference and first day."""
    fetch = _together(property_management.fetch_works)
    return replace(
        _property("works", "ListerTravaux", tuple[Work, ...], fetch, MAX_DWELLINGS), parts=lambda works: 4 * len(works)
    )


def advisors(property_management: PropertyManagement) -> Kind[str, Advisor]:
    """By sector."""
    fetch = property_management.fetch_advisors
    return _property("advisors", "ConsulterConseillers", Advisor, fetch, MAX_REFERENCES, own=False)


def agencies(property_management: PropertyManagement) -> Kind[str, Agency]:
    """By the agency's code."""
    return _property("agencies", "ListerContacts", Agency, _one_by_one(property_management.fetch_agency), 1, own=False)


def balances(billing: Billing) -> Kind[str, Balance]:
    """By account number."""
    fetch, rule = billing.fetch_balances, until_balances_are_computed
    return Kind("balances", SourceSystem.BILLING, "rechercherComptes", Balance, fetch, MAX_ACCOUNTS, rule)


def due_notices(billing: Billing) -> Kind[str, tuple[DueNotice, ...]]:
    """By account number: all that there are."""
    shape = tuple[DueNotice, ...]

    async def fetch(account_numbers: Sequence[str]) -> Mapping[str, Outcome[tuple[DueNotice, ...]]]:
        return await billing.fetch_due_notices(account_numbers, _ALL_NOTICES)

    rule = until_notices_change
    kind = Kind("due_notices", SourceSystem.BILLING, "rechercherAvis", shape, fetch, MAX_NOTICE_ACCOUNTS, rule)
    return replace(kind, parts=_parts_of_notices)


def ledger_pages(billing: Billing) -> Kind[LedgerKey, LedgerPage]:
    """By account number, page, and the first and last value date."""

    async def fetch(key: LedgerKey) -> LedgerPage | None:
        account_number, page, from_date, to_date = key
        return await billing.fetch_ledger_page(account_number, page, from_date=from_date, to_date=to_date)

    rule = for_a(LEDGER_HOLDS)
    kind = Kind("ledger_pages", SourceSystem.BILLING, "listerMouvements", LedgerPage, _one_by_one(fetch), 1, rule)
    return replace(kind, parts=lambda page: 2 * len(page.entries))


def last_months(today: date) -> MonthRange:
    """The range of water that is shown where nothing else is asked for: 13 months, the current one included."""
    return YearMonth.of(today).plus(1 - MAX_MONTHS), YearMonth.of(today)


def earliest_work(today: date) -> date:
    """The day from which on works are shown: 24 months back."""
    return date(today.year - YEARS_OF_WORKS, today.month, min(today.day, 28) if today.month == 2 else today.day)


def works_since(today: date) -> date:
    """From when on works are asked for: a quarter's first day, so that what is known does not end each midnight."""
    earliest = earliest_work(today)
    return date(earliest.year, earliest.month - (earliest.month - 1) % 3, 1)


def _property(
    name: str,
    operation: str,
    shape: Any,
    fetch: Callable[[Sequence[K]], Awaitable[Mapping[K, Outcome[V]]]],
    limit: int,
    *,
    own: bool = True,
    rule: Rule | None = None,
) -> Kind[K, V]:
    """What property management changes at any time, so that it holds for a while, or else until that rule says."""
    fresh_until = rule or for_a(MINUTES if own else SELDOM)
    system, ahead = SourceSystem.PROPERTY_MANAGEMENT, rule is None
    return Kind(name, system, operation, shape, fetch, limit, fresh_until, own=own, refreshed_ahead=ahead)


def _parts_of_notices(notices: Sequence[DueNotice]) -> int:
    return sum(3 + len(notice.lines) for notice in notices)


def _parts_of_water(water: WaterConsumption) -> int:
    return 1 + len(water.leak_alerts) + sum(1 + len(meter.months) + len(meter.readings) for meter in water.meters)


def _one_by_one(
    fetch: Callable[[K], Awaitable[V | None]],
) -> Callable[[Sequence[K]], Awaitable[dict[K, Outcome[V]]]]:
    """For what the legacy system has no batch of: its limit is one key."""

    async def fetch_all(keys: "Sequence[K]") -> "dict[K, Outcome[V]]":
        (key,) = keys
        try:
            return {key: await fetch(key)}
        except UpstreamError as error:
            return {key: error}

    return fetch_all


def _together(
    fetch: Callable[[Sequence[str], K], Awaitable[Mapping[str, Outcome[V]]]],
) -> Callable[[Sequence[tuple[str, K]]], Awaitable[dict[tuple[str, K], Outcome[V]]]]:
    """For batches of dwellings that have a range of months, or a first day, in common."""

    async def fetch_all(keys: Sequence[tuple[str, K]]) -> dict[tuple[str, K], Outcome[V]]:
        common = keys[0][1]
        answer = await fetch([dwelling for dwelling, _ in keys], common)
        return {(dwelling, common): outcome for dwelling, outcome in answer.items()}

    return fetch_all

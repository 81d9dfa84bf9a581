"""Loaders: one call for many, and never one tenant's data under another's key."""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Any, get_type_hints

import pytest
from msgspec.structs import replace

from gateway.errors import UpstreamError, UpstreamMalformed, UpstreamTimeout
from gateway.loaders import Loaders
from gateway.models.advisor import Agency
from gateway.models.dates import YearMonth
from gateway.models.ledger import LedgerPage
from gateway.simulator import Simulator
from gateway.soon import come
from tests.support import Clients

MONTHS = YearMonth(2025, 11), YearMonth(2026, 11)
SINCE = date(2024, 11, 3)

# How each loader is asked for a tenant, and the key that its answer names.
LOADERS: dict[str, tuple[str, Callable[[Loaders, Any], Any], Callable[[Any], str]]] = {
    "leases": ("ConsulterContrats", lambda all_, t: all_.leases.load(t.lease_reference), lambda t: t.lease_reference),
    "dwellings": (
        "ConsulterLogements",
        lambda all_, t: all_.dwellings.load(t.dwelling_reference),
        lambda t: t.dwelling_reference,
    ),
    "water": (
        "RelevesCompteurs",
        lambda all_, t: all_.water.load((t.dwelling_reference, MONTHS)),
        lambda t: t.dwelling_reference,
    ),
    "works": (
        "ListerTravaux",
        lambda all_, t: all_.works.load((t.dwelling_reference, SINCE)),
        lambda t: t.dwelling_reference,
    ),
    "advisors": ("ConsulterConseillers", lambda all_, t: all_.advisors.load(t.sector), lambda t: t.sector),
    "agencies": ("ListerContacts", lambda all_, t: all_.agencies.load(t.agency), lambda t: t.agency),
    "balances": (
        "rechercherComptes",
        lambda all_, t: all_.balances.load(t.account_number),
        lambda t: t.account_number,
    ),
    "due_notices": (
        "rechercherAvis",
        lambda all_, t: all_.due_notices.load(t.account_number),
        lambda t: t.account_number,
    ),
    "ledger_pages": (
        "listerMouvements",
        lambda all_, t: all_.ledger_pages.load((t.account_number, 0, None, None)),
        lambda t: t.account_number,
    ),
}
ODDITIES = [
    ("dropped", {}),
    ("doubled", {}),
    ("doubled", {"conflicting": True}),
    ("reordered", {}),
    ("foreign", {}),
]


def test_every_loader_is_in_the_table() -> None:
    assert set(LOADERS) == {*get_type_hints(Loaders)}


async def load_all(name: str, clients: Clients, tenants: list[Any]) -> dict[str, Any]:
    _, load, key = LOADERS[name]
    loaders = clients.loaders()
    found = await asyncio.gather(*(come(load(loaders, tenant)) for tenant in tenants), return_exceptions=True)
    return {key(tenant): outcome for tenant, outcome in zip(tenants, found, strict=True)}


def holds(outcome: Any, truth: Any, kind: str) -> bool:
    """Whether an outcome is the truth, or what a lost row leaves of it."""
    if kind == "dropped" and isinstance(truth, LedgerPage):
        return isinstance(outcome, UpstreamError) or outcome.entries == truth.entries  # it counts its entries itself
    if isinstance(truth, LedgerPage) and isinstance(outcome, LedgerPage):
        outcome, truth = outcome.entries, truth.entries
    if isinstance(truth, Agency) and isinstance(outcome, Agency):
        same = replace(outcome, contacts=()) == replace(truth, contacts=())
        return same and holds(outcome.contacts, truth.contacts, kind)
    if kind == "foreign" and isinstance(truth, (Agency, LedgerPage)) and isinstance(outcome, UpstreamError):
        return True  # an answer about somebody else is no answer
    if kind == "dropped":
        if isinstance(outcome, tuple):
            return set(outcome) <= set(truth)
        return outcome is None or isinstance(outcome, UpstreamMalformed) or unmarked(outcome) == unmarked(truth)
    if isinstance(truth, tuple) and truth:
        # Several rows a key: a row that the system itself files under this key cannot be known for another's, but
        # it never takes a true row's place.
        return set(truth) <= set(outcome)
    return bool(unmarked(outcome) == unmarked(truth))


def unmarked(outcome: Any) -> Any:
    """An outcome without what differs from one reading to the next."""
    return (type(outcome), outcome.detail) if isinstance(outcome, UpstreamError) else outcome


@pytest.mark.parametrize(("kind", "details"), ODDITIES, ids=str)
@pytest.mark.parametrize("name", LOADERS)
async def test_odd_batches_never_give_one_tenant_anothers_data(
    simulator: Simulator, clients: Clients, name: str, kind: str, details: dict[str, Any]
) -> None:
    tenants = list(simulator.landlord.tenants[:45])
    truth = await load_all(name, clients, tenants)
    operation = LOADERS[name][0]
    simulator.add_fault(operation, kind, **details)
    bent = await load_all(name, clients, tenants)
    assert set(bent) == set(truth)
    for key, outcome in bent.items():
        assert holds(outcome, truth[key], kind), key
        if kind not in {"dropped", "foreign"} and not details:
            assert unmarked(outcome) == unmarked(truth[key]), key


async def test_a_dropped_row_is_asked_for_once_more(simulator: Simulator, clients: Clients) -> None:
    tenants = list(simulator.landlord.tenants[:10])
    truth = await load_all("leases", clients, tenants)
    simulator.reset_counters()
    simulator.add_fault("ConsulterContrats", "dropped", times=1, keys=[tenants[3].lease_reference])
    assert await load_all("leases", clients, tenants) == truth
    assert [entry.keys for entry in simulator.journal if entry.operation == "ConsulterContrats"][1:] == [
        (tenants[3].lease_reference,)
    ]


async def test_a_ledger_without_an_entry_that_it_counts_is_asked_for_once_more_and_else_not_shown(
    simulator: Simulator, clients: Clients
) -> None:
    tenants = [tenant for tenant in simulator.landlord.tenants if tenant.account_number == "L0048217"]
    truth = await load_all("ledger_pages", clients, tenants)
    payment = next(entry for entry in truth["L0048217"].entries if entry.credit)
    simulator.add_fault("listerMouvements", "dropped", times=1, keys=[payment.id])
    assert await load_all("ledger_pages", clients, tenants) == truth
    simulator.add_fault("listerMouvements", "dropped", keys=[payment.id])
    (outcome,) = (await load_all("ledger_pages", clients, tenants)).values()
    assert isinstance(outcome, UpstreamMalformed)


async def test_a_row_that_stays_away_is_what_its_contract_makes_of_silence(
    simulator: Simulator, clients: Clients
) -> None:
    tenants = [tenant for tenant in simulator.landlord.tenants if tenant.lease_reference == "0048217/01"]
    simulator.add_fault("*", "dropped", all=True)
    outcomes = {}
    for name in ("leases", "dwellings", "water", "works", "advisors", "balances", "due_notices"):
        (outcomes[name],) = (await load_all(name, clients, tenants)).values()
    assert (outcomes["dwellings"], outcomes["works"], outcomes["due_notices"]) == (None, (), ())
    for name in ("leases", "water", "advisors", "balances"):
        assert isinstance(outcomes[name], UpstreamMalformed), name


async def test_fifty_tenants_in_at_most_twenty_calls_and_one_an_agency(simulator: Simulator, clients: Clients) -> None:
    tenants = list(simulator.landlord.tenants[:50])
    await clients.property_management.fetch_leases([tenants[0].lease_reference])
    await clients.billing.fetch_balance(tenants[0].account_number)
    simulator.reset_counters()
    loaders = clients.loaders()
    names = [name for name in LOADERS if name != "ledger_pages"]
    await asyncio.gather(
        *(come(LOADERS[name][1](loaders, tenant)) for name in names for tenant in tenants), return_exceptions=True
    )
    calls = {operation: counter.calls for operation, counter in simulator.counters.items()}
    agencies = len({tenant.agency for tenant in tenants})
    assert calls.pop("ListerContacts") == agencies
    assert sum(calls.values()) <= 20, calls
    assert simulator.violations == {}


async def test_one_fields_cancellation_does_not_cancel_the_others_fetch(simulator: Simulator, clients: Clients) -> None:
    loaders = clients.loaders()
    reference = simulator.landlord.tenants[0].lease_reference
    simulator.hold()
    first, second = (asyncio.ensure_future(come(loaders.leases.load(reference))) for _ in range(2))
    await simulator.wait_for_waiting(1)
    first.cancel()
    simulator.open()
    assert (await second) is not None


async def test_what_came_too_late_stays_away_for_that_request_and_is_there_for_the_next(
    simulator: Simulator, clients: Clients
) -> None:
    snapshots = clients.snapshots()
    loaders = clients.loaders(snapshots, seconds=0.2)
    reference = simulator.landlord.tenants[0].lease_reference
    simulator.hold()
    with pytest.raises(UpstreamTimeout):
        await come(loaders.leases.load(reference))
    simulator.open()
    await snapshots.leases.settled()
    with pytest.raises(UpstreamTimeout):
        await come(loaders.leases.load(reference))
    assert await come(clients.loaders(snapshots).leases.load(reference)) is not None

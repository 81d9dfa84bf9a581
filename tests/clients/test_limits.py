"""The contract's limits hold whatever the load: batches, sessions, tokens, one renewal however many calls wait."""

import asyncio
from datetime import date
from functools import partial
from math import ceil

import pytest

from gateway.errors import UpstreamError, UpstreamUnavailable
from gateway.models.dates import YearMonth
from gateway.models.lease import Lease
from gateway.models.work import Work
from gateway.simulator import Simulator, SimulatorOptions, run_simulator
from gateway.simulator.landlord import Tenant
from gateway.simulator.landlord.works import BUSY_BUILDING_WORKS
from tests.support import Clients, HeldClock, open_clients

MONTHS = YearMonth(2025, 11), YearMonth(2026, 11)
LONG_AGO = date(1990, 1, 1)


async def test_batches_are_split_at_the_contracts_limits(simulator: Simulator, clients: Clients) -> None:
    tenants = simulator.landlord.tenants[:130]
    leases = [tenant.lease_reference for tenant in tenants]
    dwellings = [tenant.dwelling_reference for tenant in tenants]
    accounts = [tenant.account_number for tenant in tenants]
    property_management, billing = clients.property_management, clients.billing
    await property_management.fetch_leases(leases + leases)
    await property_management.fetch_dwellings(dwellings)
    await property_management.fetch_water(dwellings, *MONTHS)
    await property_management.fetch_works(dwellings, date(2024, 11, 3))
    await property_management.fetch_advisors([f"S{number:03d}" for number in range(120)])
    await billing.fetch_balances(accounts)
    await billing.fetch_due_notices(accounts, YearMonth(1900, 1))
    calls = simulator.counters
    assert calls["ConsulterContrats"].calls == 3
    assert calls["ConsulterContrats"].items == 130
    assert calls["RelevesCompteurs"].calls == 7
    assert calls["rechercherComptes"].calls == 2
    assert simulator.violations == {}


async def test_one_session_and_one_token_however_many_calls_begin_at_once(
    simulator: Simulator, clients: Clients
) -> None:
    references = [tenant.lease_reference for tenant in simulator.landlord.tenants[:40]]
    numbers = [tenant.account_number for tenant in simulator.landlord.tenants[:40]]
    await asyncio.gather(
        *(clients.property_management.fetch_leases([reference]) for reference in references),
        *(clients.billing.fetch_balance(number) for number in numbers),
    )
    assert (simulator.counters["OuvrirSession"].calls, simulator.counters["creerJeton"].calls) == (1, 1)
    assert simulator.violations == {}


async def test_a_dead_session_is_renewed_once_for_all_who_wait(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    references = [tenant.lease_reference for tenant in simulator.landlord.tenants[:40]]
    await clients.property_management.fetch_leases(references[:1])
    clock.advance(minutes=21)
    found = await asyncio.gather(*(clients.property_management.fetch_leases([each]) for each in references))
    assert all(isinstance(answer[each], Lease) for answer, each in zip(found, references, strict=True))
    assert simulator.counters["OuvrirSession"].calls == 2
    assert simulator.open_sessions == 1


async def test_a_token_is_renewed_when_it_dies_and_once_for_all_who_wait(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    numbers = [tenant.account_number for tenant in simulator.landlord.tenants[:40]]
    await clients.billing.fetch_balance(numbers[0])
    clock.advance(seconds=900)
    await asyncio.gather(*(clients.billing.fetch_balance(each) for each in numbers))
    assert simulator.counters["creerJeton"].calls == 2
    assert simulator.counters["lireCompte"].calls == 41  # nobody was refused
    assert simulator.violations == {}


async def test_a_token_that_is_refused_all_the_same_is_renewed_once(simulator: Simulator, clients: Clients) -> None:
    number = simulator.landlord.tenants[0].account_number
    simulator.add_fault("lireCompte", "expired_token", times=1)
    assert await clients.billing.fetch_balance(number) is not None
    simulator.add_fault("lireCompte", "expired_token")
    with pytest.raises(UpstreamUnavailable):
        await clients.billing.fetch_balance(number)
    assert simulator.violations == {}


async def test_a_session_that_cannot_be_opened_fails_all_who_wait_with_one_attempt(
    simulator: Simulator, clients: Clients
) -> None:
    simulator.add_fault("OuvrirSession", "code", code=31)
    references = [tenant.lease_reference for tenant in simulator.landlord.tenants[:20]]
    found = await asyncio.gather(*(clients.property_management.fetch_leases([each]) for each in references))
    assert all(isinstance(answer[each], UpstreamError) for answer, each in zip(found, references, strict=True))
    assert simulator.counters["OuvrirSession"].calls == 1
    simulator.clear_faults()
    again = await clients.property_management.fetch_leases(references[:1])
    assert isinstance(again[references[0]], Lease)


async def test_a_caller_that_gives_up_does_not_lose_the_session_for_the_others(
    simulator: Simulator, clients: Clients
) -> None:
    reference = simulator.landlord.tenants[0].lease_reference
    simulator.set_latency(property_ms=50)
    impatient = asyncio.create_task(clients.property_management.fetch_leases([reference]))
    patient = asyncio.create_task(clients.property_management.fetch_leases([reference]))
    await asyncio.sleep(0.01)
    impatient.cancel()
    assert isinstance((await patient)[reference], Lease)
    assert (simulator.counters["OuvrirSession"].calls, simulator.open_sessions) == (1, 1)


async def test_the_session_is_closed_at_the_end(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock) as clients:
        await clients.property_management.fetch_leases([simulator.landlord.tenants[0].lease_reference])
        assert simulator.open_sessions == 1
    assert simulator.open_sessions == 0


async def test_no_more_than_eight_calls_at_a_time_reach_property_management(clock: HeldClock) -> None:
    async with run_simulator(SimulatorOptions(now=clock)) as simulator, open_clients(simulator, clock) as clients:
        simulator.set_latency(property_ms=10)
        agencies = [f"{number:03d}" for number in range(60)]
        await asyncio.gather(*(clients.property_management.fetch_agency(code) for code in agencies))
        assert 1 < simulator.counters["ListerContacts"].most_at_once <= 8
        assert simulator.violations == {}


def busy_building(simulator: Simulator) -> list[Tenant]:
    """The tenants of a building with so many works that one list of them fills several pages."""
    found = [tenant for tenant in simulator.landlord.tenants if len(tenant.works) >= BUSY_BUILDING_WORKS]
    assert sum(len(tenant.works) for tenant in found[:20]) > 200
    return found[:20]


def references_of_works(tenants: list[Tenant]) -> dict[str, list[str]]:
    """What the landlord knows, by dwelling."""
    return {tenant.dwelling_reference: sorted(work.reference for work in tenant.works) for tenant in tenants}


def references_found(works: dict[str, tuple[Work, ...] | UpstreamError]) -> dict[str, list[str]]:
    """What a client was told, by dwelling."""
    references: dict[str, list[str]] = {}
    for key, found in works.items():
        assert not isinstance(found, UpstreamError)
        references[key] = sorted(work.reference for work in found)
    return references


async def test_pages_of_works_are_all_read(simulator: Simulator, clients: Clients) -> None:
    tenants = busy_building(simulator)
    dwellings = [tenant.dwelling_reference for tenant in tenants]
    works = await clients.property_management.fetch_works(dwellings, LONG_AGO)
    assert simulator.counters["ListerTravaux"].calls > 1
    assert references_found(works) == references_of_works(tenants)


async def test_works_are_whole_though_a_resume_key_dies_with_its_session(
    simulator: Simulator, clients: Clients
) -> None:
    tenants = busy_building(simulator)
    dwellings = [tenant.dwelling_reference for tenant in tenants]
    await clients.property_management.fetch_works(dwellings, LONG_AGO)
    pages = simulator.counters["ListerTravaux"].calls
    simulator.reset_counters()
    simulator.hold()
    reading = asyncio.create_task(clients.property_management.fetch_works(dwellings, LONG_AGO))
    await simulator.wait_for_waiting(1)
    simulator.release()
    await simulator.wait_for_waiting(1)  # the second page is asked for
    simulator.add_fault("ListerTravaux", "expired_session", times=1)
    simulator.open()
    works = await reading
    # One page, session lost, key refused in the new session, and everything again.
    assert simulator.counters["ListerTravaux"].calls == 3 + pages
    assert simulator.counters["OuvrirSession"].calls == 1
    assert references_found(works) == references_of_works(tenants)


async def test_leases_are_found_page_by_page(clock: HeldClock) -> None:
    options = SimulatorOptions(now=clock, tenants=3000)
    async with run_simulator(options) as simulator, open_clients(simulator, clock) as clients:
        search = partial(clients.property_management.fetch_lease_references, agency="57B")
        known = [tenant.lease_reference for tenant in simulator.landlord.tenants if tenant.agency == "57B"]
        assert len(known) > 200
        page = await search()
        references = list(page.references)
        while page.resume_key is not None:
            page = await search(resume_key=page.resume_key)
            references += page.references
        assert references == sorted(known)
        assert simulator.counters["RechercherContrats"].calls == ceil(len(known) / 200) > 1

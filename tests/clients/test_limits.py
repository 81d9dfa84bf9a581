"""The contract's limits hold whatever the load: batches, sessions, tokens, one renewal however many calls wait."""

import asyncio
from datetime import date

import pytest

from gateway.errors import UpstreamError, UpstreamUnavailable
from gateway.models.dates import YearMonth
from gateway.models.lease import Lease
from gateway.simulator import Simulator, SimulatorOptions, run_simulator
from tests.support import Clients, HeldClock, open_clients

MONTHS = YearMonth(2025, 11), YearMonth(2026, 11)


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
    assert simulator.violations.get("third_token", 0) <= 1


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


async def test_pages_of_works_are_all_read(simulator: Simulator, clients: Clients) -> None:
    """A resume key that dies with its session makes the reading begin again."""
    dwellings = [tenant.dwelling_reference for tenant in simulator.landlord.tenants[:20]]
    whole = await clients.property_management.fetch_works(dwellings, date(1990, 1, 1))
    assert simulator.counters["ListerTravaux"].calls >= 1
    simulator.add_fault("ListerTravaux", "reordered")
    assert await clients.property_management.fetch_works(dwellings, date(1990, 1, 1)) == whole


async def test_leases_are_found_page_by_page(simulator: Simulator, clients: Clients) -> None:
    agency = simulator.landlord.tenants[0].agency
    page = await clients.property_management.fetch_lease_references(agency=agency)
    references = list(page.references)
    while page.resume_key is not None:
        page = await clients.property_management.fetch_lease_references(agency=agency, resume_key=page.resume_key)
        references += page.references
    assert references == sorted(
        tenant.lease_reference for tenant in simulator.landlord.tenants if tenant.agency == agency
    )

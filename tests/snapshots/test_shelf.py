"""What the gateway remembers: fresh values by the systems' rhythm, one call for many, last known values in need."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import UpstreamClosed, UpstreamError, UpstreamTimeout, UpstreamUnavailable
from gateway.models.dates import civil_date
from gateway.models.lease import Lease
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from gateway.snapshots import Memory, Snapshots
from gateway.snapshots.kinds import last_months, works_since
from gateway.snapshots.packing import Packing
from gateway.snapshots.shelf import MOST_ENDED
from tests.support import Clients, HeldClock, load


def leases_of(simulator: Simulator, count: int, start: int = 0) -> list[str]:
    return [tenant.lease_reference for tenant in simulator.landlord.tenants[start : start + count]]


def calls(simulator: Simulator, operation: str) -> int:
    return simulator.counters[operation].calls


async def test_what_is_fresh_is_not_asked_for_again(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    snapshots = clients.snapshots()
    first = await load(snapshots.leases, EXAMPLE_LEASE)
    clock.advance(minutes=7)
    assert await load(snapshots.leases, EXAMPLE_LEASE) is first
    assert calls(simulator, "ConsulterContrats") == 1
    clock.advance(minutes=4)
    again = await load(snapshots.leases, EXAMPLE_LEASE)
    assert calls(simulator, "ConsulterContrats") == 2
    assert again.freshness.fetched_at - first.freshness.fetched_at == timedelta(minutes=11)


async def test_a_balance_holds_until_billing_computes_the_next(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots()
    await load(snapshots.balances, EXAMPLE_LABEL)
    clock.advance(hours=18, minutes=29)  # 04:29
    await load(snapshots.balances, EXAMPLE_LABEL)
    assert calls(simulator, "rechercherComptes") == 1
    clock.advance(minutes=2)
    found = await load(snapshots.balances, EXAMPLE_LABEL)
    assert calls(simulator, "rechercherComptes") == 2
    assert found.freshness.as_of > clock() - timedelta(minutes=2)


async def test_what_is_read_often_is_asked_for_before_it_ends(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots()
    first = await load(snapshots.leases, EXAMPLE_LEASE)
    clock.advance(minutes=9)
    simulator.hold()
    assert await load(snapshots.leases, EXAMPLE_LEASE, seconds=0) is first  # and nobody waits
    await simulator.wait_for_waiting(1)
    simulator.open()
    await asyncio.sleep(0.1)
    clock.advance(minutes=9)
    renewed = await load(snapshots.leases, EXAMPLE_LEASE, seconds=0)
    assert renewed.freshness.fetched_at - first.freshness.fetched_at == timedelta(minutes=9)


async def test_many_requests_share_a_call(simulator: Simulator, clients: Clients) -> None:
    snapshots = clients.snapshots()
    await load(snapshots.leases, EXAMPLE_LEASE)
    simulator.reset_counters()
    references = leases_of(simulator, 17, start=1)
    simulator.hold()
    asking = [asyncio.create_task(load(snapshots.leases, references[0]))]
    await simulator.wait_for_waiting(1)
    asking += [asyncio.create_task(load(snapshots.leases, each)) for each in references[1:] + references]
    await asyncio.sleep(0)
    assert simulator.waiting == ["ConsulterContrats"]  # the first left at once, the others gather
    simulator.open()
    found = await asyncio.gather(*asking)
    assert [lease.reference for lease in found] == references + references
    assert (calls(simulator, "ConsulterContrats"), simulator.counters["ConsulterContrats"].items) == (2, 17)


async def test_a_full_batch_does_not_wait(simulator: Simulator, clients: Clients) -> None:
    snapshots = clients.snapshots()
    await load(snapshots.leases, EXAMPLE_LEASE)
    simulator.hold()
    asking = [asyncio.create_task(load(snapshots.leases, leases_of(simulator, 1, 1)[0]))]
    await simulator.wait_for_waiting(1)
    asking += [asyncio.create_task(load(snapshots.leases, each)) for each in leases_of(simulator, 50, 2)]
    await simulator.wait_for_waiting(2)
    simulator.open()
    assert all(isinstance(lease, Lease) for lease in await asyncio.gather(*asking))


async def test_nobody_waits_for_ever_behind_a_slow_call(simulator: Simulator, clients: Clients) -> None:
    snapshots = clients.snapshots()
    await load(snapshots.leases, EXAMPLE_LEASE)
    simulator.hold()
    first, second = (asyncio.create_task(load(snapshots.leases, each)) for each in leases_of(simulator, 2, 1))
    await simulator.wait_for_waiting(1)
    third = asyncio.create_task(load(snapshots.leases, leases_of(simulator, 1, 3)[0]))
    await simulator.wait_for_waiting(2)  # though the first is not back
    simulator.open()
    await asyncio.gather(first, second, third)


async def test_who_goes_away_takes_nothing_from_the_others(simulator: Simulator, clients: Clients) -> None:
    snapshots = clients.snapshots()
    simulator.hold()
    leaving, staying = (asyncio.create_task(load(snapshots.leases, EXAMPLE_LEASE)) for _ in range(2))
    await simulator.wait_for_waiting(1)
    leaving.cancel()
    simulator.open()
    assert (await staying).reference == EXAMPLE_LEASE
    assert leaving.cancelled() or leaving.cancelling()


async def test_the_last_known_value_stands_in_and_says_so(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots()
    known = await load(snapshots.leases, EXAMPLE_LEASE)
    simulator.add_fault("ConsulterContrats", "html500")
    clock.advance(hours=23)
    stale = await load(snapshots.leases, EXAMPLE_LEASE)
    assert (stale.freshness.stale, stale.holder.freshness.stale) == (True, True)
    assert stale.freshness.fetched_at == known.freshness.fetched_at
    assert stale.base_rent == known.base_rent
    clock.advance(hours=2)
    assert isinstance(await load(snapshots.leases, EXAMPLE_LEASE), UpstreamUnavailable)  # older than a day
    simulator.clear_faults()
    clock.advance(seconds=3)
    assert not (await load(snapshots.leases, EXAMPLE_LEASE)).freshness.stale


async def test_where_nothing_is_known_the_error_is_told(simulator: Simulator, clients: Clients) -> None:
    simulator.add_fault("ConsulterContrats", "html500")
    assert isinstance(await load(clients.snapshots().leases, EXAMPLE_LEASE), UpstreamUnavailable)


async def test_what_cannot_say_that_it_is_stale_does_not_stand_in(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    tenant = next(each for each in simulator.landlord.tenants if not each.works)
    snapshots = clients.snapshots()
    key = tenant.dwelling_reference, works_since(civil_date(clock()))
    assert await load(snapshots.works, key) == ()
    simulator.add_fault("ListerTravaux", "html500")
    clock.advance(minutes=11)
    assert isinstance(await load(snapshots.works, key), UpstreamUnavailable)


async def test_an_answer_that_comes_too_late_is_not_lost(simulator: Simulator, clients: Clients) -> None:
    snapshots = clients.snapshots()
    simulator.hold()
    asking = asyncio.create_task(load(snapshots.leases, EXAMPLE_LEASE, seconds=0.2))
    await simulator.wait_for_waiting(1)
    assert isinstance(await asking, UpstreamTimeout)
    simulator.open()
    await asyncio.sleep(0)
    await snapshots.leases.settled()
    assert (await load(snapshots.leases, EXAMPLE_LEASE, seconds=0)).reference == EXAMPLE_LEASE
    assert calls(simulator, "ConsulterContrats") == 1


async def test_a_last_known_value_does_not_wait_for_the_deadline(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots(patience_seconds=0.05)
    await load(snapshots.leases, EXAMPLE_LEASE)
    clock.advance(minutes=11)
    simulator.hold()
    async with asyncio.timeout(5):  # far less than the request's time
        stale = await load(snapshots.leases, EXAMPLE_LEASE, seconds=60)
    assert stale.freshness.stale
    simulator.open()
    await asyncio.sleep(0)
    await snapshots.leases.settled()
    assert not (await load(snapshots.leases, EXAMPLE_LEASE, seconds=0)).freshness.stale


async def test_what_happened_to_an_account_ends_what_was_known_of_it(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots()
    other = simulator.landlord.tenants[5].account_number
    pages = (EXAMPLE_LABEL, 0, None, None), (other, 0, None, None)
    for page in pages:
        await load(snapshots.ledger_pages, page)
    simulator.hold()
    early = asyncio.create_task(load(snapshots.balances, EXAMPLE_LABEL))
    await simulator.wait_for_waiting(1)
    clock.advance(seconds=1)
    snapshots.end_account(EXAMPLE_LABEL)
    clock.advance(seconds=1)
    late = asyncio.create_task(load(snapshots.balances, EXAMPLE_LABEL))
    await asyncio.sleep(0.01)
    simulator.open()
    await asyncio.gather(early, late)
    assert calls(simulator, "rechercherComptes") == 2  # what left before is not good enough
    for page in pages:
        await load(snapshots.ledger_pages, page)
    assert calls(simulator, "listerMouvements") == 3
    await load(snapshots.balances, EXAMPLE_LABEL)
    assert calls(simulator, "rechercherComptes") == 2


async def test_who_waits_for_what_is_no_longer_good_enough_waits_no_longer_than_others(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots()
    simulator.hold()
    early = asyncio.create_task(load(snapshots.balances, EXAMPLE_LABEL, seconds=0.3))
    await simulator.wait_for_waiting(1)
    clock.advance(seconds=1)
    snapshots.end_account(EXAMPLE_LABEL)
    late = asyncio.create_task(load(snapshots.balances, EXAMPLE_LABEL, seconds=0.2))
    async with asyncio.timeout(5):
        assert [type(each) for each in await asyncio.gather(early, late)] == [UpstreamTimeout] * 2
    simulator.open()


async def test_however_many_accounts_something_happens_to_none_is_forgotten(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    balances = clients.snapshots().balances
    await load(balances, EXAMPLE_LABEL)
    clock.advance(seconds=1)
    balances.end(EXAMPLE_LABEL)
    for number in range(MOST_ENDED):
        balances.end(f"L{number:07d}")
    clock.advance(seconds=1)
    await load(balances, EXAMPLE_LABEL)
    assert calls(simulator, "rechercherComptes") == 2
    await load(balances, EXAMPLE_LABEL)
    assert calls(simulator, "rechercherComptes") == 2  # what was asked for since then is fresh


async def test_a_tenant_may_have_its_own_values_read_anew(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots()
    await load(snapshots.balances, EXAMPLE_LABEL)
    clock.advance(minutes=1)
    await load(snapshots.balances, EXAMPLE_LABEL, not_before=clock())
    assert calls(simulator, "rechercherComptes") == 2


async def test_planned_closures_send_nothing(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    snapshots = clients.snapshots()
    await load(snapshots.leases, EXAMPLE_LEASE)
    simulator.set_nights(True)
    clock.advance(hours=12)  # 22:00
    assert (await load(snapshots.leases, EXAMPLE_LEASE)).freshness.stale
    unknown = leases_of(simulator, 1, 9)[0]
    assert isinstance(await load(snapshots.leases, unknown), UpstreamClosed)


async def test_little_memory_forgets_or_packs_and_never_mixes(simulator: Simulator, clients: Clients) -> None:
    plenty = await _load_everything(simulator, clients, clients.snapshots())
    tight = clients.snapshots(memory=Memory(most_bytes=1 << 24, most_at_hand=3))
    await _load_everything(simulator, clients, tight)
    simulator.reset_counters()
    assert await _load_everything(simulator, clients, tight) == plenty  # all packed but three, and read back
    asked_for = {operation for operation, counter in simulator.counters.items() if counter.calls}
    assert asked_for <= {"RelevesCompteurs"}  # of a dwelling whose meters cannot be read
    memory = Memory(most_bytes=20_000, most_at_hand=3)
    assert await _load_everything(simulator, clients, clients.snapshots(memory=memory)) == plenty
    assert 10_000 < memory.packed_bytes <= 20_000


async def _load_everything(simulator: Simulator, clients: Clients, snapshots: Snapshots) -> list[Any]:
    simulator.set_rate_limits(False)
    tenants = simulator.landlord.tenants[:60]
    found: list[Any] = []
    today = civil_date(clients.clock())
    months, since = last_months(today), works_since(today)

    async def add(shelf: Any, keys: Sequence[Any]) -> None:
        found.extend(await asyncio.gather(*(load(shelf, key, seconds=60) for key in keys)))

    await add(snapshots.leases, [tenant.lease_reference for tenant in tenants])
    await add(snapshots.dwellings, [tenant.dwelling_reference for tenant in tenants])
    await add(snapshots.water, [(tenant.dwelling_reference, months) for tenant in tenants])
    await add(snapshots.works, [(tenant.dwelling_reference, since) for tenant in tenants])
    await add(snapshots.advisors, [tenant.sector for tenant in tenants])
    await add(snapshots.agencies, [tenant.agency for tenant in tenants])
    await add(snapshots.balances, [tenant.account_number for tenant in tenants])
    await add(snapshots.due_notices, [tenant.account_number for tenant in tenants])
    await add(snapshots.ledger_pages, [(tenant.account_number, 0, None, None) for tenant in tenants])
    return [outcome for outcome in found if not isinstance(outcome, UpstreamError)]


@pytest.mark.parametrize("broken", [b"", b"\0\1", b"x" * 100])
def test_nonsense_is_never_unpacked(broken: bytes) -> None:
    with pytest.raises(ValueError, match="not packed here"):
        Packing(Lease).unpack(broken)

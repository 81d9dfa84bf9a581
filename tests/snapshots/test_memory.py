"""What is remembered is bounded by what it weighs and by time."""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.clients.billing.lines import forget_lines, read_lines
from gateway.errors import UpstreamUnavailable
from gateway.models.dates import civil_date
from gateway.simulator import EXAMPLE_LEASE, Simulator
from gateway.snapshots import Memory
from gateway.snapshots.kinds import last_months, works_since
from gateway.snapshots.packing import Packing
from tests.support import Clients, HeldClock, load

KEYS: dict[str, Callable[[Any, Any], Any]] = {
    "due_notices": lambda tenant, _: tenant.account_number,
    "ledger_pages": lambda tenant, _: (tenant.account_number, 0, None, None),
    "works": lambda tenant, today: (tenant.dwelling_reference, works_since(today)),
    "water": lambda tenant, today: (tenant.dwelling_reference, last_months(today)),
}


def traced(keep: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        kept = keep()
        return tracemalloc.get_traced_memory()[0] if kept else 0
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", KEYS)
async def test_no_value_weighs_more_than_its_parts_say(simulator: Simulator, clients: Clients, name: str) -> None:
    simulator.set_rate_limits(False)
    shelf, today = getattr(clients.snapshots(), name), civil_date(clients.clock())
    keys = dict.fromkeys(KEYS[name](tenant, today) for tenant in simulator.landlord.tenants[:40])
    found = [value for value in (await shelf.warm(list(keys))).values() if value and not isinstance(value, Exception)]
    assert len(found) > 5
    packing: Packing[Any] = Packing(shelf.kind.shape)
    packed = [packing.pack(clients.clock(), clients.clock(), value) for value in found]
    weight = traced(lambda: [packing.unpack(each) for each in packed for _ in range(20)]) / 20
    assert weight / 400 < sum(map(shelf.kind.parts, found)) < weight / 100, weight


async def test_what_is_at_hand_is_bounded_by_its_parts(simulator: Simulator, clients: Clients) -> None:
    memory = Memory(most_bytes=1 << 24, most_parts=1_000)
    snapshots = clients.snapshots(memory=memory)
    accounts = [tenant.account_number for tenant in simulator.landlord.tenants[:40]]
    first = await asyncio.gather(*(load(snapshots.due_notices, each) for each in accounts))
    assert sum(map(snapshots.due_notices.kind.parts, first)) > 2_000
    simulator.reset_counters()
    assert await asyncio.gather(*(load(snapshots.due_notices, each) for each in accounts)) == first
    assert simulator.counters["rechercherAvis"].calls == 0
    assert 0 < memory.parts_at_hand <= 1_000
    assert len(memory) == len(accounts)


@pytest.mark.parametrize("most_at_hand", [1, 100])
async def test_what_is_too_old_is_swept_away(
    simulator: Simulator, clients: Clients, clock: HeldClock, most_at_hand: int
) -> None:
    memory = Memory(most_bytes=1 << 24, most_at_hand=most_at_hand)
    snapshots = clients.snapshots(memory=memory)
    tenants = simulator.landlord.tenants[:3]
    for tenant in tenants:
        await load(snapshots.leases, tenant.lease_reference)
        await load(snapshots.dwellings, tenant.dwelling_reference)
    dwellings = len({tenant.dwelling_reference for tenant in tenants})
    clock.advance(hours=24)
    await snapshots.sweep()
    assert len(memory) == 3 + dwellings
    clock.advance(seconds=1)
    await snapshots.sweep()
    assert len(memory) == dwellings
    clock.advance(days=6)
    await snapshots.sweep()
    assert (len(memory), memory.packed_bytes, memory.parts_at_hand) == (0, 0, 0)


@pytest.mark.parametrize("most_at_hand", [0, 1])
async def test_what_is_too_old_goes_when_it_is_asked_for(
    simulator: Simulator, clients: Clients, clock: HeldClock, most_at_hand: int
) -> None:
    memory = Memory(most_bytes=1 << 24, most_at_hand=most_at_hand)
    snapshots = clients.snapshots(memory=memory)
    await load(snapshots.leases, EXAMPLE_LEASE)
    simulator.add_fault("ConsulterContrats", "html500")
    clock.advance(hours=24, seconds=1)
    assert len(memory) == 1
    assert isinstance(await load(snapshots.leases, EXAMPLE_LEASE), UpstreamUnavailable)
    assert (len(memory), memory.packed_bytes, memory.parts_at_hand) == (0, 0, 0)


def lines_as_written(count: int) -> bytes:
    line = {"rubrique": "LOY", "libelle": "Loyer principal", "debit": 412.37}
    return msgspec.json.encode([line] * count)


async def test_lines_are_remembered_until_the_next_sweep(clients: Clients) -> None:
    forget_lines()
    written = lines_as_written(7)
    first = read_lines("rechercherAvis", written)
    assert read_lines("rechercherAvis", written) is first
    await clients.snapshots().sweep()
    again = read_lines("rechercherAvis", written)
    assert again == first
    assert again is not first


def test_long_texts_are_read_and_not_remembered() -> None:
    written = lines_as_written(100)
    first, again = (read_lines("rechercherAvis", written) for _ in range(2))
    assert len(first) == 100
    assert again == first
    assert again is not first

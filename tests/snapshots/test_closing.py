"""A store that is closed answers who still reads, and sends nothing more."""

import asyncio

import pytest

from gateway.errors import UpstreamTimeout
from gateway.simulator import EXAMPLE_LEASE, Simulator
from gateway.soon import come
from tests.support import Clients, HeldClock, load


def tasks_of_the_store() -> list[str]:
    running = [getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()]
    return [code.co_qualname for code in running if code is not None and "/gateway/snapshots/" in code.co_filename]


async def test_who_waits_when_the_store_is_closed_is_answered(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    snapshots = clients.snapshots(patience_seconds=60)
    unknown, gathering, late = (tenant.lease_reference for tenant in simulator.landlord.tenants[5:8])
    await load(snapshots.leases, EXAMPLE_LEASE)
    clock.advance(minutes=11)
    simulator.reset_counters()
    simulator.hold()
    asking = [asyncio.create_task(load(snapshots.leases, each, seconds=60)) for each in (EXAMPLE_LEASE, unknown)]
    await simulator.wait_for_waiting(1)
    asking.append(asyncio.create_task(load(snapshots.leases, gathering, seconds=60)))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):  # far less than the requests' time
        await snapshots.close()
        known, *others = await asyncio.gather(*asking)
        late_known, late_unknown = [await load(snapshots.leases, each, seconds=60) for each in (EXAMPLE_LEASE, late)]
    assert known.freshness.stale
    assert late_known.freshness.stale
    assert [type(each) for each in (*others, late_unknown)] == [UpstreamTimeout] * 3
    simulator.open()
    await asyncio.sleep(0.6)  # longer than keys gather
    assert simulator.counters["ConsulterContrats"].calls == 1
    assert tasks_of_the_store() == []


@pytest.mark.parametrize("turns", range(4))
async def test_a_call_that_is_about_to_leave_does_not(simulator: Simulator, clients: Clients, turns: int) -> None:
    snapshots = clients.snapshots()
    answer = snapshots.leases.load(EXAMPLE_LEASE, until=asyncio.get_running_loop().time() + 60)
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await snapshots.close()
        with pytest.raises(UpstreamTimeout):
            await come(answer)
        await snapshots.leases.settled()
    assert simulator.counters["ConsulterContrats"].calls == 0
    assert tasks_of_the_store() == []

"""A legacy system that answers nothing gets next to nothing, and all of it is used again within ten seconds."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count, cycle
from selectors import DefaultSelector, SelectorKey
from typing import Any

import pytest

from gateway.clients.base import Upstream, open_http
from gateway.clients.places import Places
from gateway.clients.probing import PROBED_EVERY
from gateway.clients.property_management import PropertyManagement
from gateway.errors import UpstreamError
from gateway.models.dates import YearMonth
from gateway.models.freshness import SourceSystem
from gateway.models.lease import PaymentMode
from gateway.models.money import Money
from gateway.models.payment import Deposit, DepositReceipt
from gateway.simulator import (
    DEMO_NOW,
    EXAMPLE_LABEL,
    EXAMPLE_LEASE,
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_USER,
    Simulator,
    SimulatorOptions,
    run_simulator,
)
from tests.support import Clients, HeldClock

READS = (
    *("ConsulterContrats", "ConsulterLogements", "RelevesCompteurs"),
    *("ListerTravaux", "ConsulterConseillers", "ListerContacts"),
)
ALL = (*READS, "OuvrirSession")
STEP = timedelta(seconds=0.25)
BACK_WITHIN = timedelta(seconds=10)

Ask = Callable[[], Awaitable[Any]]


def asking(system: PropertyManagement, simulator: Simulator) -> Mapping[str, Ask]:
    """For each operation a question that asks nothing else."""
    dwellings = [simulator.landlord.tenants[0].dwelling_reference]
    return {
        "ConsulterContrats": lambda: system.fetch_leases([EXAMPLE_LEASE]),
        "ConsulterLogements": lambda: system.fetch_dwellings(dwellings),
        "RelevesCompteurs": lambda: system.fetch_water(dwellings, YearMonth(2026, 1), YearMonth(2026, 11)),
        "ListerTravaux": lambda: system.fetch_works(dwellings, date(2026, 10, 1)),
        "ConsulterConseillers": lambda: system.fetch_advisors(["S001"]),
        "ListerContacts": lambda: system.fetch_agency("57A"),
    }


async def is_answered(ask: Ask) -> bool:
    with suppress(UpstreamError):
        found = await ask()
        return not isinstance(found, dict) or not any(isinstance(each, UpstreamError) for each in found.values())
    return False


def calls(simulator: Simulator) -> int:
    return sum(simulator.counters[operation].calls for operation in ALL)


class HurryingLoop(asyncio.SelectorEventLoop):
    """Its time stands still while there is anything to do or to read, and leaps to what is due next."""

    def __init__(self) -> None:
        self.passed = 0.0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.passed

    def clock(self) -> datetime:
        return DEMO_NOW + timedelta(seconds=self.passed)


class _Leaping(DefaultSelector):
    def __init__(self, loop: HurryingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if not (events := super().select(0.0005)):  # what is on its way through the kernel comes first
            self._loop.passed += timeout
        return events


class Evening:
    """Some nodes of which each is asked so many questions a second, and the system that they ask."""

    def __init__(self, simulator: Simulator, nodes: Sequence[PropertyManagement], *, rate: float) -> None:
        self.simulator = simulator
        self.rate = rate
        self.asked = 0
        self.wanted: Sequence[str] = READS
        self.answered: Counter[tuple[int, str]] = Counter()
        self._asks = [asking(node, simulator) for node in nodes]
        self._under_way: set[asyncio.Task[None]] = set()

    def hang(self) -> None:
        for operation in ALL:
            self.simulator.add_fault(operation, "hang", seconds=60)

    async def pass_by(self, seconds: float) -> int:
        """So many calls reached the system meanwhile."""
        before, end = calls(self.simulator), asyncio.get_running_loop().time() + seconds
        operations = cycle(self.wanted)
        while asyncio.get_running_loop().time() < end:
            operation = next(operations)
            for number in range(len(self._asks)):
                task = asyncio.create_task(self._ask(number, operation))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)
            await asyncio.sleep(1 / self.rate)
        return calls(self.simulator) - before

    async def settle(self) -> None:
        await asyncio.gather(*self._under_way)

    async def _ask(self, number: int, operation: str) -> None:
        self.asked += 1
        if await is_answered(self._asks[number][operation]):
            self.answered[number, operation] += 1


@asynccontextmanager
async def evening(nodes: int, *, rate: float) -> AsyncIterator[Evening]:
    """In the time of the loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, HurryingLoop)
    async with run_simulator(SimulatorOptions(now=loop.clock)) as simulator, AsyncExitStack() as stack:
        clients = []
        for _ in range(nodes):
            upstream = Upstream(
                SourceSystem.PROPERTY_MANAGEMENT,
                await stack.enter_async_context(open_http()),
                deadline_seconds=10,
                clock=loop.clock,
                places=Places(lambda: 8 // nodes),
            )
            clients.append(
                PropertyManagement(
                    upstream,
                    simulator.property_url,
                    company=PROPERTY_COMPANY,
                    user=PROPERTY_USER,
                    password=PROPERTY_PASSWORD,
                )
            )
        passing = Evening(simulator, clients, rate=rate)
        yield passing
        simulator.clear_faults()
        await passing.settle()


@pytest.mark.parametrize(("nodes", "wanted"), [(1, READS), (2, READS), (2, READS[:1])])
def test_a_system_that_hangs_is_sent_less_than_a_hundredth(nodes: int, wanted: Sequence[str]) -> None:
    async def story() -> None:
        async with evening(nodes, rate=16) as passing:
            passing.wanted = wanted
            calm = await passing.pass_by(15) / 15
            assert calm >= 16 * nodes
            passing.hang()
            await passing.pass_by(5)
            for seconds in (15, 60):
                assert 0 < await passing.pass_by(seconds) < calm * seconds / 100

    with asyncio.Runner(loop_factory=HurryingLoop) as runner:
        runner.run(story())


@pytest.mark.parametrize(("wanted", "seconds"), [(READS, 5), (READS, 17), (READS, 20), (READS, 23), (READS[:1], 24)])
def test_after_a_hang_all_is_used_again_within_ten_seconds(wanted: Sequence[str], seconds: float) -> None:
    async def story() -> None:
        async with evening(2, rate=8) as passing:
            await passing.pass_by(5)
            passing.hang()
            await passing.pass_by(seconds)
            passing.simulator.clear_faults()
            passing.wanted = wanted
            passing.answered.clear()
            await passing.pass_by(10)
            assert all(passing.answered[number, operation] for number in range(2) for operation in wanted)
            asked = passing.asked
            assert await passing.pass_by(10) >= passing.asked - asked  # and nothing is held back

    with asyncio.Runner(loop_factory=HurryingLoop) as runner:
        runner.run(story())


def test_after_a_hang_an_operation_that_fails_alone_finds_out_for_itself() -> None:
    async def story() -> None:
        async with evening(1, rate=8) as passing:
            passing.hang()
            await passing.pass_by(20)
            passing.simulator.clear_faults()
            await passing.pass_by(15)
            passing.wanted = READS[:1]
            passing.simulator.add_fault(READS[0], "garbage")
            await passing.pass_by(5)
            assert await passing.pass_by(20) >= 9

    with asyncio.Runner(loop_factory=HurryingLoop) as runner:
        runner.run(story())


async def ask_all(asks: Mapping[str, Ask]) -> set[str]:
    """Asks everything once; the operations that were answered."""
    return {operation for operation, ask in asks.items() if await is_answered(ask)}


async def fail_long(asks: Mapping[str, Ask], simulator: Simulator, clock: HeldClock) -> None:
    """Everything fails until all of it is left alone, and the first probes have failed, too."""
    await ask_all(asks)
    for operation in ALL:
        simulator.add_fault(operation, "garbage")
    for _ in range(80):
        await ask_all(asks)
        clock.now += STEP
    simulator.reset_counters()


async def test_a_system_that_fails_altogether_is_probed_once_in_a_while(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    asks = asking(clients.property_management, simulator)
    await fail_long(asks, simulator, clock)
    for _ in range(4 * 60):
        assert await ask_all(asks) == set()
        clock.now += STEP
    assert 7 <= calls(simulator) <= 9  # of 1440 in a minute
    assert sum(simulator.counters[operation].calls > 0 for operation in READS) > 1  # they take turns


@pytest.mark.parametrize("steps", [0, 7, 13, 20, 27])
@pytest.mark.parametrize("has_session", [True, False])
async def test_all_of_it_is_back_within_ten_seconds(
    simulator: Simulator, clients: Clients, clock: HeldClock, steps: int, has_session: bool
) -> None:
    asks = asking(clients.property_management, simulator)
    await fail_long(asks, simulator, clock)
    if not has_session:
        clock.advance(minutes=21)
        for _ in range(40):
            await ask_all(asks)
            clock.now += STEP
    for _ in range(steps):
        await ask_all(asks)
        clock.now += STEP
    simulator.clear_faults()
    began, well = clock(), set[str]()
    while well != set(READS):
        clock.now += STEP
        assert clock() <= began + BACK_WITHIN
        well |= await ask_all(asks)
    assert await ask_all(asks) == set(READS)


async def test_an_operation_that_is_sick_for_ever_keeps_no_other_waiting(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    asks = asking(clients.property_management, simulator)
    sick = READS[0]
    await fail_long(asks, simulator, clock)
    simulator.clear_faults()
    simulator.add_fault(sick, "garbage")
    began, well = clock(), set[str]()
    for step in count():
        clock.now += STEP
        assert clock() <= began + BACK_WITHIN
        for _ in range(3):
            await asks[sick]()  # much in demand, and always first
        if step % 4 == 0:
            well |= await ask_all(asks)
        if well == {*READS} - {sick}:
            break
    simulator.reset_counters()
    for _ in range(4 * 20):
        assert await ask_all(asks) == {*READS} - {sick}
        clock.now += STEP
    assert 9 <= simulator.counters[sick].calls <= 11  # at its own pace, as if nothing else had ever failed


async def test_a_probe_that_is_given_up_has_had_its_turn(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    asks = asking(clients.property_management, simulator)
    await fail_long(asks, simulator, clock)
    clock.now += 2 * PROBED_EVERY
    simulator.clear_faults()
    simulator.hold()
    probe = asyncio.ensure_future(asks[READS[0]]())
    await simulator.wait_for_waiting(1)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    for _ in range(20):
        assert await ask_all(asks) == set()
        clock.now += STEP
    assert calls(simulator) == 1
    simulator.open()
    clock.now += PROBED_EVERY
    assert await ask_all(asks) == set(READS)


async def test_what_was_admitted_while_another_finds_out_stays_here(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    """All find the way free at once; only one goes."""
    asks = asking(clients.property_management, simulator)
    await fail_long(asks, simulator, clock)
    clock.now += 2 * PROBED_EVERY
    await asyncio.gather(*(asyncio.ensure_future(ask()) for ask in asks.values()), return_exceptions=True)
    assert calls(simulator) == 1


async def test_a_payment_need_not_find_out_itself(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    deposit = Deposit(EXAMPLE_LABEL, Money.of(Decimal("10.00")), PaymentMode.CARD, "P-1", date(2026, 11, 4))
    reads = {
        "rechercherComptes": lambda: clients.billing.fetch_balances([EXAMPLE_LABEL]),
        "rechercherAvis": lambda: clients.billing.fetch_due_notices([EXAMPLE_LABEL], YearMonth(2026, 1)),
    }
    await ask_all(reads)
    for operation in (*reads, "deposerEncaissement"):
        simulator.add_fault(operation, "html500")
    for _ in range(24):
        await ask_all(reads)
        with suppress(UpstreamError):
            await clients.billing.post_deposit(deposit)
        clock.now += STEP
    simulator.clear_faults()
    clock.now += 2 * PROBED_EVERY
    assert await ask_all(reads) == set(reads)
    assert isinstance(await clients.billing.post_deposit(deposit), DepositReceipt)

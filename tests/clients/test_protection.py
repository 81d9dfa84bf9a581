"""What keeps the gateway from making a sick legacy system sicker: breakers, places, budgets, retries, closures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from gateway.clients.breaker import Breaker, BreakerState, Ticket
from gateway.clients.budgets import RateBudget, RetryBudget, Urgency
from gateway.clients.places import Places
from gateway.errors import UpstreamClosed, UpstreamTimeout, UpstreamUnavailable
from gateway.models.closure import ClosedHours, Closure
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from tests.support import Clients, HeldClock, open_clients


async def lease(clients: Clients) -> Any:
    return (await clients.property_management.fetch_leases([EXAMPLE_LEASE]))[EXAMPLE_LEASE]


async def test_an_operation_that_fails_is_left_alone_and_found_again(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    await lease(clients)
    clock.advance(minutes=1)
    simulator.reset_counters()
    simulator.add_fault("ConsulterContrats", "garbage")
    outcomes = [await lease(clients) for _ in range(50)]
    assert not any(outcome is None for outcome in outcomes)
    assert simulator.counters["ConsulterContrats"].calls == 5
    assert isinstance(outcomes[-1], UpstreamUnavailable)
    await clients.property_management.fetch_agency("57A")  # nothing else is held back
    clock.advance(seconds=2)
    for _ in range(10):
        await lease(clients)
    assert simulator.counters["ConsulterContrats"].calls == 6  # one found out, and failed
    simulator.clear_faults()
    await lease(clients)
    assert simulator.counters["ConsulterContrats"].calls == 6
    clock.advance(seconds=2)
    assert not isinstance(await lease(clients), Exception)
    assert not isinstance(await lease(clients), Exception)
    assert simulator.counters["ConsulterContrats"].calls == 8


async def test_of_many_who_ask_one_finds_out(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    await lease(clients)
    clock.advance(minutes=1)
    simulator.add_fault("ConsulterContrats", "garbage")
    for _ in range(5):
        await lease(clients)
    clock.advance(seconds=3)
    simulator.clear_faults()
    simulator.reset_counters()
    simulator.hold()
    asking = [asyncio.create_task(lease(clients)) for _ in range(20)]
    await simulator.wait_for_waiting(1)
    await asyncio.sleep(0.05)
    assert simulator.waiting == ["ConsulterContrats"]
    simulator.open()
    outcomes = await asyncio.gather(*asking)
    assert sum(isinstance(outcome, UpstreamUnavailable) for outcome in outcomes) == 19
    assert not isinstance(await lease(clients), Exception)


async def test_what_is_ours_to_mend_opens_no_breaker(simulator: Simulator, clients: Clients) -> None:
    simulator.add_fault("ConsulterContrats", "code", code=20)
    for _ in range(10):
        assert isinstance(await lease(clients), UpstreamUnavailable)
    simulator.clear_faults()
    assert not isinstance(await lease(clients), Exception)


async def test_a_session_that_cannot_be_had_is_asked_for_a_few_times_only(
    simulator: Simulator, clients: Clients
) -> None:
    simulator.add_fault("OuvrirSession", "html500")
    for _ in range(30):
        assert isinstance(await lease(clients), UpstreamUnavailable)
    assert simulator.counters["OuvrirSession"].calls == 5
    assert simulator.counters["ConsulterContrats"].calls == 0


def breaker_story(clock: HeldClock, *steps: str) -> Breaker:
    """A breaker after those steps."""
    breaker, early = Breaker(clock), Ticket(0)
    ticket = early
    for step in steps:
        match step:
            case "ok":
                breaker.answered(ticket)
            case "bad":
                breaker.failed(ticket)
            case "early ok":
                breaker.answered(early)
            case "early bad":
                breaker.failed(early)
            case "ask":
                admitted = breaker.admit()
                assert admitted is not None
                ticket = admitted
            case "wait":
                clock.advance(seconds=2)
            case "long":
                clock.advance(seconds=31)
    return breaker


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["bad"] * 4, BreakerState.CLOSED),
        (["bad"] * 5, BreakerState.OPEN),
        (["ok"] * 6 + ["bad"] * 5, BreakerState.CLOSED),
        (["ok"] * 6 + ["bad"] * 6, BreakerState.OPEN),
        (["bad"] * 4 + ["long", "bad"], BreakerState.CLOSED),
        (["bad"] * 5 + ["wait"], BreakerState.HALF_OPEN),
        (["bad"] * 5 + ["wait", "ask", "bad"], BreakerState.OPEN),
        (["bad"] * 5 + ["wait", "ask", "ok"], BreakerState.CLOSED),
        (["bad"] * 5 + ["ok"], BreakerState.OPEN),  # sent before it opened
        (["bad"] * 5 + ["wait", "ask", "early ok"], BreakerState.HALF_OPEN),
        (["bad"] * 5 + ["wait", "ask", "early bad", "ok"], BreakerState.CLOSED),
        (["bad"] * 5 + ["wait", "ask", "ok", "ask"] + ["bad"] * 4, BreakerState.CLOSED),  # begins anew
    ],
)
def test_a_breakers_states(clock: HeldClock, steps: list[str], state: BreakerState) -> None:
    assert breaker_story(clock, *steps).state is state


def test_a_probe_that_goes_away_leaves_the_turn_to_another(clock: HeldClock) -> None:
    breaker = breaker_story(clock, *["bad"] * 5, "wait")
    probe = breaker.admit()
    assert probe is not None
    assert breaker.admit() is None
    breaker.proved_nothing(Ticket(0))  # of an earlier call
    assert breaker.admit() is None
    breaker.proved_nothing(probe)
    assert breaker.admit() is not None


async def test_what_waited_for_a_place_stays_here_once_the_breaker_is_open(
    simulator: Simulator, clock: HeldClock
) -> None:
    async with open_clients(simulator, clock, deadline_seconds=0.5) as clients:
        await lease(clients)
        simulator.reset_counters()
        simulator.add_fault("ConsulterContrats", "hang")
        outcomes = await asyncio.gather(*(lease(clients) for _ in range(40)))
        again = [await lease(clients) for _ in range(10)]
    assert not any(outcome is None for outcome in [*outcomes, *again])
    assert simulator.counters["ConsulterContrats"].calls <= 5  # five of eight places, and nothing after them


async def test_one_operation_that_hangs_leaves_places_to_the_others(simulator: Simulator, clients: Clients) -> None:
    await lease(clients)
    simulator.hold()
    hanging = [asyncio.create_task(lease(clients)) for _ in range(20)]
    await simulator.wait_for_waiting(5)
    other = asyncio.create_task(clients.property_management.fetch_agency("57A"))
    await simulator.wait_for_waiting(6)
    assert sorted(simulator.waiting) == ["ConsulterContrats"] * 5 + ["ListerContacts"]
    simulator.open()
    assert await other is not None
    await asyncio.gather(*hanging)


async def test_a_system_that_is_well_again_is_soon_used_again(
    simulator: Simulator, clients: Clients, clock: HeldClock
) -> None:
    simulator.add_fault("OuvrirSession", "reset")
    simulator.add_fault("creerJeton", "reset")
    for _ in range(6):
        await lease(clients)
        await attempt(clients.billing.fetch_balance(EXAMPLE_LABEL))
        clock.advance(seconds=1)
    simulator.clear_faults()
    clock.advance(seconds=10)
    assert not isinstance(await lease(clients), Exception)
    assert not isinstance(await attempt(clients.billing.fetch_balance(EXAMPLE_LABEL)), Exception)


def test_a_process_that_starts_anew_is_careful_for_a_minute(clock: HeldClock) -> None:
    budgets = [RateBudget(clock, per_minute=500, per_day=20_000, starts_anew=True) for _ in range(3)]
    assert sum(budget.spend(Urgency.MUST) for budget in budgets for _ in range(500)) <= 501
    clock.advance(minutes=1)
    assert sum(budgets[0].spend(Urgency.MUST) for _ in range(600)) == 500


async def test_reads_are_repeated_while_the_budget_lasts(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock) as clients:
        await lease(clients)
        simulator.reset_counters()
        for number in range(1, 41):
            simulator.add_fault("ConsulterContrats", "html502", times=1)
            outcome = await lease(clients)
            repeated = simulator.counters["ConsulterContrats"].calls - number
            clock.advance(minutes=1)
            if isinstance(outcome, UpstreamUnavailable):
                break
    assert 10 <= repeated <= 14  # ten in store, and one for ten calls


def test_the_retry_budget() -> None:
    budget = RetryBudget()
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(11):
        budget.earn()
    assert budget.spend()
    assert not budget.spend()


def test_any_sixty_seconds_stay_within_the_limit(clock: HeldClock) -> None:
    budget = RateBudget(clock, per_minute=500, per_day=20_000)
    sent: list[float] = []
    for tenth in range(3000):  # five minutes at ten tries a second
        clock.advance(seconds=0.1)
        if budget.spend(Urgency.MUST):
            sent.append(tenth / 10)
    assert max(sum(start <= at < start + 60 for at in sent) for start in range(240)) <= 500
    assert len(sent) >= 2400


def test_work_in_the_background_leaves_room(clock: HeldClock) -> None:
    budget = RateBudget(clock, per_minute=500, per_day=20_000)
    assert sum(budget.spend(Urgency.BACKGROUND) for _ in range(1000)) == 250
    assert sum(budget.spend(Urgency.READ) for _ in range(1000)) == 200
    assert sum(budget.spend(Urgency.MUST) for _ in range(1000)) == 50


def test_the_day_is_bounded_too_and_shared(clock: HeldClock) -> None:
    elsewhere = 19_000
    budget = RateBudget(clock, per_minute=500, per_day=20_000, nodes=lambda: 2, spent_elsewhere=lambda: elsewhere)
    spent = 0
    for _ in range(10):
        clock.advance(minutes=1)
        minute = sum(budget.spend(Urgency.MUST) for _ in range(600))
        assert minute <= 250
        spent += minute
    assert spent == budget.spent_today == 1000
    elsewhere = 0
    clock.advance(hours=14)  # past midnight in Paris
    assert budget.spend(Urgency.READ)
    assert budget.spent_today == 1


async def test_billing_is_never_asked_beyond_its_limits(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock, calls_a_minute=20) as clients:
        numbers = [tenant.account_number for tenant in simulator.landlord.tenants[:40]]
        outcomes = [await attempt(clients.billing.fetch_balance(number)) for number in numbers]
        refused = [outcome for outcome in outcomes if isinstance(outcome, UpstreamUnavailable)]
        assert len(refused) == 40 - 17  # of 18 reads a minute, one went into the token
        assert all(outcome.held_back for outcome in refused)
        clock.advance(minutes=1)
        assert await clients.billing.fetch_balance(numbers[-1]) is not None


async def test_after_too_many_nothing_is_sent_before_the_next_minute(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock, calls_a_minute=500) as clients:
        await clients.billing.fetch_balance(EXAMPLE_LABEL)
        simulator.reset_counters()
        simulator.add_fault("lireCompte", "too_many", times=1)
        clock.advance(seconds=20)
        for _ in range(3):
            assert isinstance(await attempt(clients.billing.fetch_balance(EXAMPLE_LABEL)), UpstreamUnavailable)
        assert simulator.counters["lireCompte"].calls == 1
        clock.advance(seconds=41)
        assert await clients.billing.fetch_balance(EXAMPLE_LABEL) is not None


async def attempt(call: Any) -> Any:
    """What came of it, an error among other things."""
    try:
        return await call
    except UpstreamUnavailable as error:
        return error


@asynccontextmanager
async def place_of(places: Places, operation: str, *, background: bool = False) -> AsyncIterator[None]:
    """Has a place meanwhile."""
    await places.take(operation, background=background)
    try:
        yield
    finally:
        places.give_back(operation)


async def test_places_are_given_in_order_and_come_back() -> None:
    places, order, gates = Places(lambda: 2), list[int](), [asyncio.Event() for _ in range(6)]

    async def stay(number: int, *, background: bool = False) -> None:
        async with place_of(places, str(number), background=background):
            order.append(number)
            await gates[number].wait()

    staying = [asyncio.create_task(stay(number)) for number in range(4)]
    behind = asyncio.create_task(stay(4, background=True))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == [0, 1]
    staying[2].cancel()
    gates[0].set()
    await asyncio.sleep(0.01)
    assert order == [0, 1, 3]
    gates[1].set()
    await asyncio.sleep(0.01)
    assert order == [0, 1, 3]  # half the places, one, is taken: the background waits
    gates[3].set()
    gates[4].set()
    await behind
    assert order == [0, 1, 3, 4]
    await asyncio.gather(*staying, return_exceptions=True)
    async with place_of(places, "a"), place_of(places, "b"):
        pass


async def test_a_place_given_to_who_leaves_is_not_lost() -> None:
    places = Places(lambda: 1)
    for _ in range(3):
        async with place_of(places, "reading"):
            waiting = asyncio.create_task(_stay(places))
            await asyncio.sleep(0)
        waiting.cancel()  # in the very turn in which it was given the place
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), place_of(places, "reading"):
        pass


async def _stay(places: Places) -> None:
    async with place_of(places, "reading"):
        await asyncio.sleep(0)


async def test_a_probe_is_not_given_the_whole_deadline(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock, deadline_seconds=0.2) as clients:
        await lease(clients)
        simulator.add_fault("ConsulterContrats", "hang")
        outcomes = [await lease(clients) for _ in range(6)]
        assert [type(outcome) for outcome in outcomes] == [UpstreamTimeout] * 5 + [UpstreamUnavailable]


async def test_closed_hours_send_nothing(simulator: Simulator, clock: HeldClock) -> None:
    async with open_clients(simulator, clock, closure=Closure.parse("22:00-05:00")) as clients:
        await lease(clients)
        simulator.reset_counters()
        clock.advance(hours=12)
        assert isinstance(await lease(clients), UpstreamClosed)
        assert simulator.counters["ConsulterContrats"].calls == 0
        clock.advance(hours=7)
        assert not isinstance(await lease(clients), Exception)


def test_closed_hours_are_what_the_closure_says(clock: HeldClock) -> None:
    closure = Closure.parse("25,26,27 22:00-05:00")
    hours = ClosedHours(closure)
    for _ in range(24 * 60):
        clock.advance(hours=1)
        window = closure.current_or_next(clock())
        assert hours.at(clock()) == (window.from_at <= clock() < window.to_at)
    assert not ClosedHours(None).at(clock() - timedelta(days=1))

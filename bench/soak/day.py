"""A day of the whole landlord on a virtual clock: 30 000 tenants, 60 000 home screens, a fifth of them with the ledger.

`python -m bench.soak.day [--keep]`; exits 1 where billing's or property management's limits did not hold. Takes some
twenty minutes: everything but the clock is real.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bench.soak.figures import report
from gateway.models.dates import civil_date
from gateway.models.tenant import Tenant
from gateway.simulator import Simulator, SimulatorOptions, run_simulator
from gateway.snapshots import Snapshots
from gateway.snapshots.kinds import last_months, works_since
from gateway.snapshots.warming import WarmUp
from gateway.soon import come
from tests.support import HeldClock, open_clients

TENANTS, SCREENS, WITH_LEDGER = 30_000, 60_000, 0.2
NAIVE_BILLING, NAIVE_PROPERTY = 132_000, 360_000
"""Two calls a screen and one a ledger; six calls a screen."""
PER_MINUTE, PER_DAY, PLACES = 500, 20_000, 8
OF_BILLING = ("creerJeton", "rechercherComptes", "rechercherAvis", "listerMouvements")


async def main(keep: bool) -> int:
    clock, started = HeldClock(), time.monotonic()
    clock.now = clock.now.replace(hour=5, minute=5)
    async with (
        run_simulator(SimulatorOptions(tenants=TENANTS, now=clock)) as simulator,
        open_clients(simulator, clock, calls_a_minute=PER_MINUTE) as clients,
    ):
        snapshots, minutes = clients.snapshots(), Counter[str]()
        simulator.reset_counters()
        await _warm_up(simulator, snapshots, clock, minutes)
        warmed_at, warming = clock.now, _billing(simulator)
        failed = await _live(simulator, snapshots, clock, minutes)
        billing, property_management = _billing(simulator), _property(simulator)
        most_at_once = max(counter.most_at_once for counter in simulator.counters.values())
        violations = dict(simulator.violations)
    report(
        "day",
        "A simulated day of 30 000 tenants and 60 000 home screens",
        {
            "warm-up, until": f"{warmed_at:%H:%M} (virtual), {warming} calls to billing",
            "calls to billing": f"{billing} of {PER_DAY} (naive gateway: {NAIVE_BILLING})",
            "most calls to billing in a minute": f"{max(minutes.values())} of {PER_MINUTE}",
            "calls to property management": f"{property_management} (naive gateway: {NAIVE_PROPERTY})",
            "most calls to one operation at a time": most_at_once,
            "screens with a part that could not be had": failed,
            "violations of the contracts": violations or "none",
            "real time": f"{time.monotonic() - started:.0f} s",
        },
        keep=keep,
    )
    held = billing <= PER_DAY and max(minutes.values()) <= PER_MINUTE and most_at_once <= PLACES and not violations
    return 0 if held and not failed else 1


async def _warm_up(simulator: Simulator, snapshots: Snapshots, clock: HeldClock, minutes: Counter[str]) -> None:
    async def seen() -> AsyncIterator[Sequence[Tenant]]:
        tenants = [Tenant(each.lease_reference, each.account_number) for each in simulator.landlord.tenants]
        for start in range(0, len(tenants), 500):
            yield tenants[start : start + 500]
            _count(simulator, clock, minutes)

    async def always() -> bool:
        return True

    async def pause(seconds: float) -> None:
        _count(simulator, clock, minutes)
        clock.advance(seconds=seconds)

    await WarmUp(snapshots, clock, clock.now.time(), seen, may_go_on=always, pause=pause).run_if_due()


async def _live(simulator: Simulator, snapshots: Snapshots, clock: HeldClock, minutes: Counter[str]) -> int:
    """Screens that open in the same second open at the same time; most of them in the evening, before the closure."""
    rng, failed = random.Random(7), 0
    begin = clock.now.replace(hour=6, minute=0)
    seconds = Counter(int(3600 * 15.99 * rng.betavariate(4, 2)) for _ in range(SCREENS))
    for second in sorted(seconds):
        clock.now = max(clock.now, begin + timedelta(seconds=second))
        tenants = [rng.choice(simulator.landlord.tenants) for _ in range(seconds[second])]
        screens = [_home_screen(snapshots, each, clock.now, rng.random() < WITH_LEDGER) for each in tenants]
        failed += sum(await asyncio.gather(*screens))
        _count(simulator, clock, minutes)
    return failed


async def _home_screen(snapshots: Snapshots, tenant: Any, now: datetime, ledger: bool) -> bool:
    """What the resolvers ask for; whether a part of it could not be had (but for meters whose feed is down)."""
    today, until = civil_date(now), float("inf")
    first: list[tuple[Any, Any]] = [
        (snapshots.leases, tenant.lease_reference),
        (snapshots.balances, tenant.account_number),
        (snapshots.due_notices, tenant.account_number),
    ]
    if ledger:
        first.append((snapshots.ledger_pages, (tenant.account_number, 0, None, None)))
    second: list[tuple[Any, Any]] = [
        (snapshots.dwellings, tenant.dwelling_reference),
        (snapshots.water, (tenant.dwelling_reference, last_months(today))),
        (snapshots.works, (tenant.dwelling_reference, works_since(today))),
        (snapshots.advisors, tenant.sector),
        (snapshots.agencies, tenant.agency),
    ]
    failed = False
    for wave in (first, second):
        outcomes = await asyncio.gather(
            *(come(shelf.load(key, until=until)) for shelf, key in wave), return_exceptions=True
        )
        failed |= any(isinstance(outcome, Exception) and "code 15" not in str(outcome) for outcome in outcomes)
    return failed


def _count(simulator: Simulator, clock: HeldClock, minutes: Counter[str]) -> None:
    """Puts billing's calls since the last count down to this minute."""
    minutes[f"{clock.now:%H:%M}"] += _billing(simulator) - minutes.total()


def _billing(simulator: Simulator) -> int:
    return sum(counter.calls for name, counter in simulator.counters.items() if name in OF_BILLING)


def _property(simulator: Simulator) -> int:
    return sum(counter.calls for name, counter in simulator.counters.items() if name not in OF_BILLING)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write the figures into docs/operations.md")
    sys.exit(asyncio.run(main(parser.parse_args().keep)))

"""Property management hangs: what does not need it stays fast, it is left alone, and used again soon once it is well.

`python -m bench.soak.hanging [--keep]`; exits 1 where something that must hold did not. Takes about three minutes.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak.cluster import Cluster, running_cluster
from bench.soak.figures import report
from bench.soak.people import NotAcknowledged, Person, in_calm
from gateway.simulator.faults import PROPERTY_OPERATIONS

BUSY = 24
"""Tenants who ask for their balance again and again."""
NEW_A_SECOND = 10
"""So many a second open their home screen for the first time: nothing of theirs is known yet."""
CALM_SECONDS, HANGING_SECONDS, WELL_SECONDS = 15, 20, 15
KEPT_AT_LEAST, ASKED_AT_MOST, LEFT_ALONE_WITHIN, BACK_WITHIN = 0.8, 0.01, 5.0, 10.0
BALANCE = "{ me { accountLabel balance { amount { cents } } } }"
LEASE = """{ me { leaseHolder { fullName } dwelling { reference } waterConsumption { coldTotal }
  advisor { fullName } works { reference } } }"""


@dataclass
class Answered:
    """When what does not need property management was answered, and when a newcomer's screen was whole."""

    balances: list[float] = field(default_factory=list)
    failed: int = 0
    whole: list[float] = field(default_factory=list)

    def rate(self, begin: float, end: float) -> float:
        """Balances a second."""
        return sum(begin <= moment < end for moment in self.balances) / (end - begin)


async def main(keep: bool, logs: Path | None) -> int:
    newcomers = NEW_A_SECOND * (CALM_SECONDS + HANGING_SECONDS + WELL_SECONDS + 5)
    async with running_cluster(tenants=BUSY + newcomers, latency="none", logs=logs) as cluster:
        people = [Person(cluster, tenant) for tenant in cluster.tenants]
        print(f"signing {len(people)} tenants in …", flush=True)
        await in_calm([person.sign_in for person in people])
        answered = Answered()
        async with _asking(people[:BUSY], answered), _arriving(iter(people[BUSY:]), answered):
            await asyncio.sleep(5)
            calm = await _span(cluster, answered, CALM_SECONDS)
            for operation in PROPERTY_OPERATIONS:
                await cluster.turn("faults", operation=operation, kind="hang", seconds=60)
            print("property management hangs", flush=True)
            began = await _span(cluster, answered, LEFT_ALONE_WITHIN)
            hanging = await _span(cluster, answered, HANGING_SECONDS - LEFT_ALONE_WITHIN)
            await cluster.end_faults()
            recovered = time.monotonic()
            print("property management is well again", flush=True)
            await asyncio.sleep(WELL_SECONDS)
        back = min((moment - recovered for moment in answered.whole if moment > recovered), default=float("inf"))
        kept = min(began.balances, hanging.balances) / calm.balances
        asked = hanging.calls / calm.calls
        holds = {
            f"throughput above {KEPT_AT_LEAST:.0%} of normal": kept > KEPT_AT_LEAST,
            f"calls under {ASKED_AT_MOST:.0%} of normal within {LEFT_ALONE_WITHIN:g} s": asked < ASKED_AT_MOST,
            f"back within {BACK_WITHIN:g} s": back <= BACK_WITHIN,
        }
        figures = {
            "balances, in calm": f"{calm.balances:.0f} a second",
            "balances, property management hanging": f"{began.balances:.0f} a second at first, then "
            f"{hanging.balances:.0f} ({kept:.0%} at worst), {answered.failed} failed",
            "calls to property management, in calm": f"{calm.calls:.1f} a second "
            f"({NEW_A_SECOND} tenants a second of whom nothing is known)",
            "calls to it, hanging": f"{began.calls:.1f} a second in the first {LEFT_ALONE_WITHIN:g} s, "
            f"{hanging.calls:.2f} after that ({asked:.2%} of normal)",
            "first whole screen after it was well again": f"{back:.1f} s",
            **{name: "holds" if held else "DOES NOT HOLD" for name, held in holds.items()},
        }
        report("hanging", "A legacy system that hangs completely", figures, keep=keep)
        return 0 if all(holds.values()) else 1


@dataclass(frozen=True)
class Span:
    """What happened in some seconds: balances answered and calls sent to property management, both a second."""

    balances: float
    calls: float


async def _span(cluster: Cluster, answered: Answered, seconds: float) -> Span:
    calls, begin = await cluster.legacy_calls(PROPERTY_OPERATIONS), time.monotonic()
    await asyncio.sleep(seconds)
    end = time.monotonic()
    made = await cluster.legacy_calls(PROPERTY_OPERATIONS) - calls
    return Span(answered.rate(begin, end), made / (end - begin))


@asynccontextmanager
async def _asking(people: Sequence[Person], answered: Answered) -> AsyncIterator[None]:
    """Meanwhile each asks for the balance, one answer after the other."""

    async def ask(person: Person) -> None:
        while True:
            try:
                answer = await person.ask(BALANCE)
            except NotAcknowledged:
                answer = {"errors": []}
            if "errors" in answer:
                answered.failed += 1
            else:
                answered.balances.append(time.monotonic())
            await asyncio.sleep(0.1)  # half of what the machine can carry: it is waiting that would show, not work

    async with _together([ask(person) for person in people]):
        yield


@asynccontextmanager
async def _arriving(people: Iterator[Person], answered: Answered) -> AsyncIterator[None]:
    """Meanwhile newcomers open their home screen, whether or not the ones before were answered."""
    under_way: set[asyncio.Task[None]] = set()

    async def look(person: Person) -> None:
        began = time.monotonic()
        try:
            answer = await person.ask(LEASE)
        except NotAcknowledged:
            return
        if "errors" not in answer:
            answered.whole.append(began)

    async def arrive() -> None:
        for person in people:
            task = asyncio.create_task(look(person))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            await asyncio.sleep(1 / NEW_A_SECOND)

    async with _together([arrive()]):
        yield
    await asyncio.gather(*under_way)


@asynccontextmanager
async def _together(actions: Sequence[object]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(action) for action in actions]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="writes the figures into docs/operations.md")
    parser.add_argument("--logs", type=Path, help="a folder for what the programs print")
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.keep, options.logs)))

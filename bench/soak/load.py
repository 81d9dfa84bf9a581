"""Sends reads, as many at once as asked for or so many a second, and remembers what every answer was worth."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.soak.people import LIGHT, Person, Verdict
from tests.support import HOME

IN_FLIGHT_AT_MOST = 100
"""Arrivals beyond are not sent and counted: the load generator stays bounded whatever the gateway does."""


@dataclass(frozen=True)
class Read:
    """One read: when it was sent (monotonic seconds), how long it took, what it was worth."""

    at: float
    seconds: float
    verdict: Verdict
    amiss: str


@dataclass
class Reads:
    """What came of all reads."""

    all: list[Read] = field(default_factory=list)
    not_sent: int = 0

    async def one(self, person: Person, query: str) -> Read:
        """Sends one read."""
        began = time.monotonic()
        verdict, amiss = await person.read(query)
        read = Read(began, time.monotonic() - began, verdict, amiss)
        self.all.append(read)
        return read

    def worth(self, verdict: Verdict) -> list[Read]:
        """The reads of this worth."""
        return [read for read in self.all if read.verdict is verdict]

    def percentile(self, share: float) -> float:
        """Seconds that this share of the right answers stayed below."""
        times = sorted(read.seconds for read in self.worth(Verdict.RIGHT))
        return times[min(len(times) - 1, int(len(times) * share))] if times else float("nan")

    def why(self) -> str:
        """What was amiss with the failed ones."""
        reasons = Counter(read.amiss for read in self.worth(Verdict.FAILED))
        return "; ".join(f"{count} {text}" for text, count in reasons.most_common())


async def capacity(people: Sequence[Person], *, seconds: float, at_once: int = 16) -> tuple[float, Reads]:
    """How many reads a second are answered when `at_once` are always under way, half home screens, half light ones."""
    reads, ends = Reads(), time.monotonic() + seconds
    dice = random.Random(1)

    async def ask() -> None:
        while time.monotonic() < ends:
            await reads.one(dice.choice(people), dice.choice((HOME, LIGHT)))

    began = time.monotonic()
    await asyncio.gather(*(ask() for _ in range(at_once)))
    return len(reads.worth(Verdict.RIGHT)) / (time.monotonic() - began), reads


@asynccontextmanager
async def reading(people: Sequence[Person], reads: Reads, *, per_second: float) -> AsyncIterator[None]:
    """Meanwhile so many reads a second are sent, whether or not earlier ones were answered."""
    sender = asyncio.create_task(_send(people, reads, per_second))
    try:
        yield
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _send(people: Sequence[Person], reads: Reads, per_second: float) -> None:
    under_way: set[asyncio.Task[Read]] = set()
    dice = random.Random(2)
    due = time.monotonic()
    try:
        while True:
            due += dice.expovariate(per_second)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if len(under_way) >= IN_FLIGHT_AT_MOST:
                reads.not_sent += 1
                continue
            task = asyncio.create_task(reads.one(dice.choice(people), dice.choice((HOME, LIGHT))))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    finally:
        await asyncio.gather(*under_way, return_exceptions=True)

"""Which processes of the gateway live, and what they have spent together of a day's calls."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from gateway import metrics
from gateway.background import Bell, repeating
from gateway.clock import Clock
from gateway.models.dates import civil_date
from gateway.sealing import new_id
from gateway.store import Store, sharing

BEAT_SECONDS: Final = 3.0
ALIVE_FOR: Final = timedelta(seconds=15)
"""A process whose beats have stood still for so long is dead."""


@dataclass(frozen=True, slots=True)
class _Seen:
    beat: int
    at: datetime


class Nodes:
    """The processes on one database. Each beats every few seconds; what it hears then holds until the next beat.

    While the database is away the last that was heard stands.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.id: Final = new_id()
        self._store = store
        self._clock = clock
        self._others: dict[str, _Seen] = {}
        self._spending: dict[str, _Spending] = {}
        self._day: date | None = None

    @property
    def alive(self) -> int:
        """How many processes share what the landlord has; 1 where this one is alone."""
        return 1 + len(self._others)

    def publish(self, name: str, spent_today: Callable[[], int]) -> None:
        """From now on every beat tells the others how many calls this process has made since midnight in Paris."""
        self._spending[name] = _Spending(spent_today)

    def spent_elsewhere(self, name: str) -> int:
        """Calls of this day that other processes, or earlier ones, have made, as last heard."""
        spending = self._spending.get(name)
        return spending.elsewhere if spending and self._day == civil_date(self._clock()) else 0

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Meanwhile this process is one of those that live; the first beat is over when this begins."""
        with suppress(Exception):  # the database may be away; the next beat tells the log
            await self.beat()
        async with repeating("nodes", self._beat_again, Bell(), every_seconds=BEAT_SECONDS):
            yield
        with suppress(Exception):
            await self.leave()

    async def beat(self) -> None:
        """Says that this process lives, hears who else does, and adds up what was spent."""
        day = civil_date(self._clock())  # read first: what is spent after midnight is not put down to the day before
        if day != self._day:
            self._turn(day)
        made = {name: spending.unpublished() for name, spending in self._spending.items()}
        totals = {}
        async with self._store.write() as tx:
            beats = await sharing.beat(tx, self.id)
            for name, calls in made.items():
                totals[name] = await sharing.spend(tx, name, day.isoformat(), calls)
            for node in self._forget_dead(beats):
                await sharing.remove_node(tx, node, beats[node])
            await sharing.forget_spending(tx, (day - timedelta(days=1)).isoformat())
        for name, total in totals.items():
            self._spending[name].heard(made[name], total)
        metrics.node_count(self.alive)

    async def leave(self) -> None:
        """Strikes this process off."""
        async with self._store.write() as tx:
            await sharing.remove_node(tx, self.id)

    async def _beat_again(self) -> int:
        await self.beat()
        return 0

    def _turn(self, day: date) -> None:
        self._day = day
        for spending in self._spending.values():
            spending.begin()

    def _forget_dead(self, beats: dict[str, int]) -> list[str]:
        """The nodes whose beats have stood still by this process's own clock; all others are remembered."""
        now = self._clock()
        seen = {node: self._others.get(node) for node in beats if node != self.id}
        self._others = {
            node: before if before is not None and before.beat == beats[node] else _Seen(beats[node], now)
            for node, before in seen.items()
        }
        dead = [node for node, last in self._others.items() if now - last.at >= ALIVE_FOR]
        for node in dead:
            del self._others[node]
        return dead


class _Spending:
    """One legacy system's calls of a day: this process's, what of them is published, and everybody's."""

    def __init__(self, spent_today: Callable[[], int]) -> None:
        self._spent_today = spent_today
        self.begin()

    def begin(self) -> None:
        """A new day."""
        self._published = 0
        self.elsewhere = 0

    def unpublished(self) -> int:
        """What this process has spent since it last told."""
        return max(0, self._spent_today() - self._published)

    def heard(self, published: int, total: int) -> None:
        """So much is published now, and that is everybody's total."""
        self._published += published
        self.elsewhere = max(0, total - self._published)

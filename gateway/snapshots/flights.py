"""One call for many requests: keys that are asked for while a call is under way gather for the next."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

from gateway.clock import Clock
from gateway.errors import UpstreamError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Outcome: TypeAlias = V | UpstreamError | None

LONGEST_GATHERING_SECONDS: Final = 0.5
"""Keys do not wait longer than this for a call that is slow to come back."""


class Flights(Generic[K, V]):
    """Sends keys of one kind in batches: at once while nothing is under way, else together when it is back.

    `group` tells which keys fit into one batch, `limit` how many. `send` takes keys, each with the moment before which
    nothing known is good enough, and gives outcomes by key, errors among them.
    Whoever waits may go away: a batch belongs to nobody, and what it brings is `send`'s to keep.
    """

    def __init__(
        self,
        clock: Clock,
        send: Callable[[Mapping[K, datetime | None], datetime], Awaitable[Mapping[K, Outcome[V]]]],
        group: Callable[[K], Hashable],
        limit: int,
    ) -> None:
        self._clock = clock
        self._send = send
        self._group = group
        self._limit = limit
        self._flights: dict[K, _Flight[V]] = {}
        self._queues: dict[Hashable, _Queue[K, V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def join(self, key: K, not_before: datetime | None = None) -> "asyncio.Future[Outcome[V]]":
        """The outcome of the key: of the call that is under way if it left later than that, else of the next.

        Cancelled where the flights are closed.
        """
        if self._closed:
            return _cancelled()
        flight = self._flights.get(key)
        if flight is not None and flight.left_at is None:
            flight.not_before = max(filter(None, (flight.not_before, not_before)), default=None)
            return flight.outcome
        if flight is not None and flight.left_at is not None and (not_before is None or flight.left_at > not_before):
            return flight.outcome
        flight = self._flights[key] = _Flight(asyncio.get_running_loop().create_future(), not_before)
        queue = self._queues.setdefault(group := self._group(key), _Queue())
        if not queue.waiting:
            queue.context = contextvars.copy_context()  # the trace of the first is the trace of the batch
        queue.waiting[key] = flight
        if queue.leaving is None:
            self._plan(group, queue)
        elif len(queue.waiting) == self._limit:
            self._leave_soon(group, queue)
        return flight.outcome

    def is_under_way(self, key: K) -> bool:
        """Whether somebody has asked for the key and nothing has come yet."""
        return key in self._flights

    async def settled(self) -> None:
        """Returns when nothing is under way."""
        while self._flights:
            await asyncio.wait([flight.outcome for flight in self._flights.values()])
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Ends what is under way and what waits for it, and sends nothing more."""
        self._closed = True
        for queue in self._queues.values():
            if queue.leaving is not None:
                queue.leaving.cancel()
            for key, flight in queue.waiting.items():
                self._land(key, flight)
            queue.waiting.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._queues.clear()

    def _plan(self, group: Hashable, queue: "_Queue[K, V]") -> None:
        if queue.calls and len(queue.waiting) < self._limit:
            loop = asyncio.get_running_loop()
            queue.leaving = loop.call_later(LONGEST_GATHERING_SECONDS, self._leave, group, queue, context=queue.context)
        else:
            self._leave_soon(group, queue)

    def _leave_soon(self, group: Hashable, queue: "_Queue[K, V]") -> None:
        # Not in this very moment: what is asked for in the same turn of the loop goes along.
        if queue.leaving is not None:
            queue.leaving.cancel()
        queue.leaving = asyncio.get_running_loop().call_soon(self._leave, group, queue, context=queue.context)

    def _leave(self, group: Hashable, queue: "_Queue[K, V]") -> None:
        queue.leaving = None
        left_at = self._clock()
        while queue.waiting:
            batch = {key: queue.waiting.pop(key) for key in list(queue.waiting)[: self._limit]}
            for flight in batch.values():
                flight.left_at = left_at
            queue.calls += 1
            task = asyncio.get_running_loop().create_task(self._fly(batch, left_at))
            self._tasks.add(task)
            task.add_done_callback(partial(self._back, group, queue, batch))

    async def _fly(self, batch: "dict[K, _Flight[V]]", left_at: datetime) -> None:
        try:
            found = await self._send({key: flight.not_before for key, flight in batch.items()}, left_at)
            for key, flight in batch.items():
                flight.outcome.set_result(found[key])
        except Exception as error:  # a bug: whoever waits must hear of it
            for flight in batch.values():
                flight.fail(error)

    def _back(
        self, group: Hashable, queue: "_Queue[K, V]", batch: "dict[K, _Flight[V]]", task: "asyncio.Task[None]"
    ) -> None:
        # Called when the task is done: one that is cancelled before its first step would clean up nothing by itself.
        self._tasks.discard(task)
        for key, flight in batch.items():
            self._land(key, flight)
        queue.calls -= 1
        if queue.waiting:
            self._leave_soon(group, queue)
        elif not queue.calls:
            del self._queues[group]

    def _land(self, key: K, flight: "_Flight[V]") -> None:
        flight.outcome.cancel()  # does nothing where there is one
        if self._flights.get(key) is flight:
            del self._flights[key]


def _cancelled() -> "asyncio.Future[Any]":
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.cancel()
    return future


class _Flight(Generic[V]):
    """A key that is asked for: since when it is under way, what is too old for it, and where its outcome will be."""

    __slots__ = ("left_at", "not_before", "outcome")

    def __init__(self, outcome: "asyncio.Future[Outcome[V]]", not_before: datetime | None) -> None:
        self.outcome = outcome
        self.not_before = not_before
        self.left_at: datetime | None = None

    def fail(self, error: Exception) -> None:
        """Nothing else will come."""
        if not self.outcome.done():
            self.outcome.set_exception(error)
            self.outcome.exception()  # nobody may be waiting; that is no reason for a warning


class _Queue(Generic[K, V]):
    """Keys of a group that wait for its next batch, and how many batches are under way."""

    __slots__ = ("calls", "context", "leaving", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[K, _Flight[V]] = {}
        self.calls = 0
        self.leaving: asyncio.Handle | None = None
        self.context = contextvars.Context()

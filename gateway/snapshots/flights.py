"""One call for many requests: keys that are asked for while a call is under way gather for the next."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
from math import inf
from typing import Final, Generic, TypeAlias, TypeVar

from gateway.clock import Clock
from gateway.errors import UpstreamError
from gateway.snapshots.waiting import Wait

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Outcome: TypeAlias = V | UpstreamError | None

SHORTEST_GATHERING_SECONDS: Final = 0.01
"""How long keys gather at least while a call is under way; after that they leave where there is room."""
LONGEST_GATHERING_SECONDS: Final = 0.5
"""Keys do not wait longer than this for a call that is slow to come back."""
MOST_BATCHES: Final = 3
"""More of a group are not under way at a time, room or not, but where one is full or has waited longest."""
TOGETHER_SECONDS: Final = 0.005
"""Deadlines that are so close count as one."""


class Flights(Generic[K, V]):
    """Sends keys of one kind in batches: at once while nothing is under way, else together when it is back.

    `group` tells which keys fit into one batch, `limit` how many. `send` takes keys, each with the moment before which
    nothing known is good enough, and gives outcomes by key, errors among them. `late` is what those are told who
    cannot wait any longer. With `has_room`, a further batch does not wait for the one before it while there is room.
    Whoever waits may go away: a batch belongs to nobody, and what it brings is `send`'s to keep.
    """

    def __init__(
        self,
        clock: Clock,
        send: Callable[[Mapping[K, datetime | None], datetime], Awaitable[Mapping[K, Outcome[V]]]],
        group: Callable[[K], Hashable],
        limit: int,
        late: Callable[[], UpstreamError],
        has_room: Callable[[], bool] | None = None,
    ) -> None:
        self._clock = clock
        self._send = send
        self._group = group
        self._limit = limit
        self._late = late
        self._has_room = has_room
        self._flights: dict[K, _Flight[K, V]] = {}
        self._queues: dict[Hashable, _Queue[K, V]] = {}
        self._batches: dict[asyncio.Task[None], dict[K, _Flight[K, V]]] = {}
        self._closed = False
        # One timer for all who wait: nearly all are answered long before, and those who come later wait longer.
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = inf

    def join(self, key: K, not_before: datetime | None = None, wait: Wait[K, V] | None = None) -> None:
        """Asks for the key, and settles the wait with what comes of it, or with `late`.

        That is what the call brings that is under way if it left later than `not_before`, else the next one.
        """
        if self._closed:
            if wait is not None:
                wait.settle(self._late())
            return
        flight = self._flights.get(key)
        if flight is None or not flight.serves(not_before):
            flight = self._ask(key, not_before)
        if wait is not None:
            flight.waits.append(wait)
            if wait.until < self._alarm_at:
                self._set_alarm(wait.until)

    def is_under_way(self, key: K) -> bool:
        """Whether somebody has asked for the key and nothing has come yet."""
        return key in self._flights

    async def settled(self) -> None:
        """Returns when nothing is under way."""
        while self._flights:
            if self._batches:
                await asyncio.wait(list(self._batches))
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Ends what is under way and what waits for it, and sends nothing more."""
        self._closed = True
        for queue in self._queues.values():
            if queue.leaving is not None:
                queue.leaving.cancel()
            self._land_late(queue.waiting)
            queue.waiting.clear()
        for task in self._batches:
            task.cancel()
        await asyncio.gather(*self._batches, return_exceptions=True)
        self._queues.clear()
        self._set_alarm(inf)

    def _ask(self, key: K, not_before: datetime | None) -> "_Flight[K, V]":
        flight = self._flights[key] = _Flight(not_before)
        group = self._group(key)
        queue = self._queues.get(group)
        if queue is None:
            queue = self._queues[group] = _Queue()
        if not queue.waiting:
            queue.context = contextvars.copy_context()  # the trace of the first is the trace of the batch
        queue.waiting[key] = flight
        if queue.leaving is None:
            self._plan(group, queue)
        elif len(queue.waiting) == self._limit:
            self._leave_soon(group, queue)
        return flight

    def _plan(self, group: Hashable, queue: "_Queue[K, V]") -> None:
        if not queue.calls or len(queue.waiting) >= self._limit:
            self._leave_soon(group, queue)
        else:
            first = LONGEST_GATHERING_SECONDS if self._has_room is None else SHORTEST_GATHERING_SECONDS
            self._gather(group, queue, 0, first)

    def _gather(self, group: Hashable, queue: "_Queue[K, V]", so_far: float, longer: float) -> None:
        # Looked at again after 10, 20, 40 … ms: where there is no room for long, nobody is to look for it all the time.
        queue.leaving = asyncio.get_running_loop().call_later(
            longer, self._leave_if_room, group, queue, so_far + longer, context=queue.context
        )

    def _leave_if_room(self, group: Hashable, queue: "_Queue[K, V]", gathered: float) -> None:
        left = LONGEST_GATHERING_SECONDS - gathered
        if left <= 0 or (queue.calls < MOST_BATCHES and self._has_room is not None and self._has_room()):
            self._leave(group, queue)
        else:
            self._gather(group, queue, gathered, min(gathered, left))

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
            self._batches[task] = batch
            task.add_done_callback(partial(self._back, group, queue))

    async def _fly(self, batch: "dict[K, _Flight[K, V]]", left_at: datetime) -> None:
        try:
            found = await self._send({key: flight.not_before for key, flight in batch.items()}, left_at)
            for key, flight in batch.items():
                self._land(key, flight, found[key])
        except Exception as error:  # a bug: whoever waits must hear of it
            for key, flight in batch.items():
                self._land(key, flight, error)

    def _back(self, group: Hashable, queue: "_Queue[K, V]", task: "asyncio.Task[None]") -> None:
        # Called when the task is done: one that is cancelled before its first step would clean up nothing by itself.
        batch = self._batches.pop(task)
        if task.cancelled():
            self._land_late(batch)
        queue.calls -= 1
        if queue.waiting:
            self._leave_soon(group, queue)
        elif not queue.calls:
            del self._queues[group]

    def _land_late(self, batch: "dict[K, _Flight[K, V]]") -> None:
        for key, flight in batch.items():
            self._land(key, flight, self._late())

    def _land(self, key: K, flight: "_Flight[K, V]", found: object) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        for wait in flight.waits:
            wait.settle(found)
        flight.waits.clear()

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = None if at == inf else asyncio.get_running_loop().call_at(at, self._end_waits)

    def _end_waits(self) -> None:
        now = asyncio.get_running_loop().time() + TOGETHER_SECONDS
        following = inf
        for batch in (*self._batches.values(), *(queue.waiting for queue in self._queues.values())):
            for flight in batch.values():
                for wait in flight.waits:
                    if wait.until <= now:
                        wait.settle(self._late())
                    else:
                        following = min(following, wait.until)
        self._set_alarm(following)


class _Flight(Generic[K, V]):
    """A key that is asked for: since when it is under way, what is too old for it, and who waits for what it brings."""

    __slots__ = ("left_at", "not_before", "waits")

    def __init__(self, not_before: datetime | None) -> None:
        self.not_before = not_before
        self.left_at: datetime | None = None
        self.waits: list[Wait[K, V]] = []

    def serves(self, not_before: datetime | None) -> bool:
        """Whether what it brings is new enough; one that has not left yet sees to that."""
        if not_before is None:
            return True
        if self.left_at is not None:
            return self.left_at > not_before
        if self.not_before is None or self.not_before < not_before:
            self.not_before = not_before
        return True


class _Queue(Generic[K, V]):
    """Keys of a group that wait for its next batch, and how many batches are under way."""

    __slots__ = ("calls", "context", "leaving", "waiting")

    def __init__(self) -> None:
        self.waiting: dict[K, _Flight[K, V]] = {}
        self.calls = 0
        self.leaving: asyncio.Handle | None = None
        self.context = contextvars.Context()

"""One kind of value: fresh from memory, else from the next call, else the last known one, marked stale."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Protocol, TypeVar, cast

from gateway import metrics, tracing
from gateway.clock import Clock
from gateway.errors import UpstreamError, UpstreamTimeout
from gateway.snapshots.flights import Flights, Outcome
from gateway.snapshots.kinds import Kind
from gateway.snapshots.memory import Entry, Keeping, Memory
from gateway.snapshots.packing import Packing, as_stale, can_be_marked, learn_marks
from gateway.snapshots.waiting import Wait
from gateway.soon import Soon

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

REFRESHED_AHEAD: Final = 0.8
"""From this part of its life on, a value that is read is asked for again, so that who reads often never waits."""


MOST_ENDED: Final = 10_000
"""Owners whose values were ended are remembered, the latest; for all others what was dropped last counts."""


class SharedValues(Protocol):
    """What other nodes know: never raises, and may know nothing."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values, in the order of their keys."""

    async def set_many(self, items: Mapping[str, bytes], ttl_seconds: int) -> None:
        """Keeps values for so long."""

    async def delete_many(self, keys: Sequence[str]) -> None:
        """Forgets values."""


class Shelf(Generic[K, V]):
    """The values of one kind.

    A last known value waits `patience_seconds` for a fresh one, and may stand in while it is not older than `kept_for`.
    `has_room` tells whether its system can just now be sent another batch beside those that are under way; None where
    calls are too dear for that.
    """

    def __init__(
        self,
        kind: Kind[K, V],
        memory: Memory,
        clock: Clock,
        *,
        kept_for: timedelta,
        patience_seconds: float,
        shared: SharedValues | None,
        has_room: Callable[[], bool] | None,
    ) -> None:
        self.kind = kind
        self._memory = memory
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._kept_for = kept_for
        self._shared = shared
        self._packing: Packing[V] = Packing(kind.shape)
        learn_marks(kind.shape)
        self._keeping = Keeping(self._pack, self._unpack, self._parts, kept_for)
        self._flights: Flights[K, V] = Flights(clock, self._send, kind.group, kind.limit, self._late, has_room)
        self._ended_at: dict[Hashable, datetime] = {}
        self._all_ended_at: datetime | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def peek(self, key: K, not_before: datetime | None = None) -> Entry | None:
        """The fresh value, where it is at hand."""
        entry = self._remembered(key)
        if entry is None or not self._is_fresh(key, entry, not_before):
            return None
        metrics.snapshot_read(self.kind.name, "fresh")
        if self.kind.refreshed_ahead and self._clock() >= _point(entry, REFRESHED_AHEAD):
            self._flights.join(key, entry.asked_at)  # what others know of it must be newer, too
        return entry

    def load(self, key: K, *, until: float, not_before: datetime | None = None) -> Soon[V | None]:
        """The value by that time of the loop: fresh, else the last known marked stale, else an UpstreamError.

        With `not_before`, nothing is taken for fresh that was not asked for later.
        """
        found = self.look(key, until, not_before)
        return found.answer() if isinstance(found, Wait) else found

    def look(self, key: K, until: float, not_before: datetime | None) -> "V | Wait[K, V] | None":
        """As `load`, for a request that may ask for the key again: what is to come is a Wait."""
        if (entry := self.peek(key, not_before)) is not None:
            return cast("V | None", entry.value)
        if self._last_known(key) is not None:
            until = min(until, asyncio.get_running_loop().time() + self._patience_seconds)
        if self._flights.is_under_way(key):
            metrics.snapshot_read(self.kind.name, "joined")
        with tracing.fetch_span(self.kind.name) as span:
            wait: Wait[K, V] = Wait(self._outcome, key, until, span)
            self._flights.join(key, self._not_before(key, not_before), wait)
        return wait

    def end(self, owner: Hashable) -> None:
        """What is known of that owner is no longer fresh, whatever the rhythm says.

        In the shared store it is deleted where the owner alone is the key; what has more parts ends there by itself.
        """
        self._ended_at.pop(owner, None)
        self._ended_at[owner] = self._clock()
        if len(self._ended_at) > MOST_ENDED:
            # Whose mark this was is not known any more: nobody's value from before it may count as fresh.
            self._all_ended_at = self._ended_at.pop(next(iter(self._ended_at)))
        if self._shared is not None:
            self._in_background(self._shared.delete_many([self._shared_key(cast("K", owner))]))

    async def warm(self, keys: Sequence[K]) -> Mapping[K, Outcome[V]]:
        """Reads what is not fresh, here or on other nodes, in full batches; for the background."""
        found: dict[K, Outcome[V]] = {}
        groups: dict[Hashable, list[K]] = {}
        for key in dict.fromkeys(keys):
            if (entry := self._remembered(key)) is not None and self._is_fresh(key, entry, None):
                found[key] = entry.value
            else:
                groups.setdefault(self.kind.group(key), []).append(key)
        for group in groups.values():
            for start in range(0, len(group), self.kind.limit):
                found |= await self._send(dict.fromkeys(group[start : start + self.kind.limit]), self._clock())
        return found

    async def settled(self) -> None:
        """Returns when nothing is under way."""
        await self._flights.settled()

    async def close(self) -> None:
        """Ends what is under way; who still reads is given what is known last, or an UpstreamTimeout."""
        await self._flights.close()
        await asyncio.gather(*self._writing, return_exceptions=True)

    def _late(self) -> UpstreamError:
        return UpstreamTimeout(self.kind.system, self.kind.operation, "the request's time is over")

    def _outcome(self, key: K, found: V | Exception | None) -> V | Exception | None:
        if not isinstance(found, Exception):
            metrics.snapshot_read(self.kind.name, "fetched")
            return found
        if isinstance(found, UpstreamError) and (entry := self._last_known(key)) is not None:
            metrics.snapshot_read(self.kind.name, "stale")
            return cast("V", as_stale(entry.value))
        metrics.snapshot_read(self.kind.name, "none")
        return found

    async def _send(self, keys: Mapping[K, datetime | None], asked_at: datetime) -> Mapping[K, Outcome[V]]:
        """Outcomes by key; each key comes with the moment before which nothing known is good enough."""
        found: dict[K, Outcome[V]] = await self._ask_others(keys) if self._shared is not None else {}
        wanted = [key for key in keys if key not in found]
        if not wanted:
            return found
        metrics.batch_sent(self.kind.operation, len(wanted))
        answer = await self.kind.fetch(wanted)
        fetched = {
            key: Entry(asked_at, self.kind.fresh_until(asked_at, value), value)
            for key in wanted
            if not isinstance(value := answer[key], UpstreamError)
        }
        for key, entry in fetched.items():
            self._remember(key, entry)
        if self._shared is not None and fetched:
            self._tell_others(self._shared, fetched)
        return found | {key: answer[key] for key in wanted}

    async def _ask_others(self, keys: Mapping[K, datetime | None]) -> dict[K, Outcome[V]]:
        assert self._shared is not None
        packed = await self._shared.get_many([self._shared_key(key) for key in keys])
        found: dict[K, Outcome[V]] = {}
        for key, each in zip(keys, packed, strict=True):
            if each is None:
                continue
            try:
                entry = self._unpack(each)
            except ValueError:
                continue
            self._remember(key, entry)
            if self._is_fresh(key, entry, keys[key]):
                metrics.snapshot_read(self.kind.name, "shared")
                found[key] = entry.value
        return found

    def _tell_others(self, shared: SharedValues, fetched: Mapping[K, Entry]) -> None:
        current = {key: entry for key, entry in fetched.items() if self._is_fresh(key, entry, None)}
        items = {self._shared_key(key): self._pack(entry) for key, entry in current.items()}
        self._in_background(shared.set_many(items, int(self._kept_for.total_seconds())))

    def _in_background(self, writing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _last_known(self, key: K) -> Entry | None:
        entry = self._remembered(key)
        if entry is None or not can_be_marked(entry.value):
            return None
        return entry if self._clock() - entry.asked_at <= self._kept_for else None

    def _is_fresh(self, key: K, entry: Entry, not_before: datetime | None) -> bool:
        if self._clock() >= entry.fresh_until:
            return False
        not_before = self._not_before(key, not_before)
        return not_before is None or entry.asked_at > not_before

    def _not_before(self, key: K, not_before: datetime | None) -> datetime | None:
        if not self._ended_at:
            return not_before
        ended_at = self._ended_at.get(self.kind.owner(key))
        return max(filter(None, (ended_at, self._all_ended_at, not_before)), default=None)

    def _remembered(self, key: K) -> Entry | None:
        return self._memory.get((self.kind.name, key), self._keeping, self._clock())

    def _remember(self, key: K, entry: Entry) -> None:
        self._memory.put((self.kind.name, key), entry, self._keeping)

    def _pack(self, entry: Entry) -> bytes:
        return self._packing.pack(*entry)

    def _unpack(self, packed: bytes) -> Entry:
        return Entry(*self._packing.unpack(packed))

    def _parts(self, entry: Entry) -> int:
        return 1 if entry.value is None else self.kind.parts(entry.value)

    def _shared_key(self, key: K) -> str:
        return f"{self.kind.name} {self._packing.form} {key!r}"


def _point(entry: Entry, part: float) -> datetime:
    return entry.asked_at + part * (entry.fresh_until - entry.asked_at)

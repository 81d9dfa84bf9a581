"""Duties that one node at a time has, and keeps as long as it says so again and again."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from gateway.clock import Clock
from gateway.moments import MINUTE, milliseconds
from gateway.sealing import new_id
from gateway.store import queues
from gateway.store.engine import Store, Transaction

T = TypeVar("T")

HELD_FOR: Final = MINUTE
"""Longer than one piece of work or one mail can take, so that a slow node is never overtaken in the middle of it."""


class Duty:
    """This process's claim to a duty. A node that dies is succeeded after a minute."""

    def __init__(self, store: Store, clock: Clock, name: str) -> None:
        self._store = store
        self._clock = clock
        self._name = name
        self._holder = new_id()

    async def take(self, look: Callable[[Transaction, int], Awaitable[T | None]]) -> T | None:
        """What there is to do by `look`, if this node takes or keeps the duty for it; else None."""
        now = milliseconds(self._clock())
        async with self._store.read() as tx:
            if await look(tx, now) is None:
                return None  # nothing to do, so nothing is written either
        async with self._store.write() as tx:
            if not await queues.take_duty(tx, self._name, self._holder, now, now + HELD_FOR):
                return None
            return await look(tx, now)  # once more: another node may just have done it

    async def leave(self) -> None:
        """Lets another node have it at once; where the database is away, after a while."""
        with suppress(Exception):
            async with self._store.write() as tx:
                await queues.leave_duty(tx, self._name, self._holder)


async def always(_: Transaction, now: int) -> int:
    """For a duty in which there is always something to do."""
    return now

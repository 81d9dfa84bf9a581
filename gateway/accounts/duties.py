"""Duties that one node at a time has, and keeps as long as it says so again and again."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from gateway.accounts.moments import MINUTE
from gateway.accounts.sealing import new_id
from gateway.accounts.store import Transaction, queues
from gateway.accounts.tools import Tools

T = TypeVar("T")

HELD_FOR: Final = MINUTE
"""Longer than one piece of work or one mail can take, so that a slow node is never overtaken in the middle of it."""


class Duty:
    """This process's claim to a duty. A node that dies is succeeded after a minute."""

    def __init__(self, tools: Tools, name: str) -> None:
        self._tools = tools
        self._name = name
        self._holder = new_id()

    async def take(self, look: Callable[[Transaction, int], Awaitable[T | None]]) -> T | None:
        """What there is to do by `look`, if this node takes or keeps the duty for it; else None."""
        now = self._tools.now()
        async with self._tools.store.read() as tx:
            if await look(tx, now) is None:
                return None  # nothing to do, so nothing is written either
        async with self._tools.store.write() as tx:
            if not await queues.take_duty(tx, self._name, self._holder, now, now + HELD_FOR):
                return None
            return await look(tx, now)  # once more: another node may just have done it

    async def leave(self) -> None:
        """Lets another node have it at once."""
        async with self._tools.store.write() as tx:
            await queues.leave_duty(tx, self._name, self._holder)

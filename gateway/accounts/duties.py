"""Duties that one node at a time has, and keeps as long as it says so again and again."""

from typing import Final

from gateway.accounts.moments import MINUTE
from gateway.accounts.sealing import new_id
from gateway.accounts.store import queues
from gateway.accounts.tools import Tools

HELD_FOR: Final = MINUTE
"""Longer than one piece of work or one mail can take, so that a slow node is never overtaken in the middle of it."""


class Duty:
    """This process's claim to a duty. A node that dies is succeeded after a minute."""

    def __init__(self, tools: Tools, name: str) -> None:
        self._tools = tools
        self._name = name
        self._holder = new_id()

    async def take(self) -> bool:
        """Takes the duty, or keeps it for another minute; false while another node has it."""
        now = self._tools.now()
        async with self._tools.store.write() as tx:
            return await queues.take_duty(tx, self._name, self._holder, now, now + HELD_FOR)

    async def leave(self) -> None:
        """Lets another node have it at once."""
        async with self._tools.store.write() as tx:
            await queues.leave_duty(tx, self._name, self._holder)

"""Holds data calls on arrival, for tests that look at what is under way at once."""

import asyncio
from itertools import count


class Gate:
    """Open unless held; every call passes through it."""

    def __init__(self) -> None:
        self._holding = False
        self._waiting: dict[int, tuple[str, asyncio.Event]] = {}
        self._numbers = count()
        self._changed = asyncio.Condition()

    @property
    def waiting(self) -> list[str]:
        """The operations that have arrived and wait, in order of arrival."""
        return [operation for operation, _ in self._waiting.values()]

    @property
    def holding(self) -> bool:
        """Whether new calls wait."""
        return self._holding

    def hold(self) -> None:
        """New calls wait from now on."""
        self._holding = True

    def release(self) -> None:
        """Lets those go that wait now; new ones still wait."""
        for _, released in self._waiting.values():
            released.set()
        self._waiting.clear()

    def open(self) -> None:
        """Ends holding."""
        self._holding = False
        self.release()

    async def pass_through(self, operation: str) -> None:
        """Waits while the gate is held."""
        if not self._holding:
            return
        number, released = next(self._numbers), asyncio.Event()
        self._waiting[number] = (operation, released)
        try:
            async with self._changed:
                self._changed.notify_all()
            await released.wait()
        finally:
            self._waiting.pop(number, None)

    async def wait_for_waiting(self, number: int, timeout: float) -> list[str]:  # noqa: ASYNC109 -- the caller's patience
        """The waiting operations once there are so many; TimeoutError if that takes too long."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: len(self._waiting) >= number)
        return self.waiting

"""How many calls a legacy system is sent at a time: whoever finds no place waits, first come, first served."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Final, NamedTuple


class _Waiting(NamedTuple):
    """Somebody who waits for a place."""

    operation: str
    turn: "asyncio.Future[None]"


LEFT_FOR_OTHERS: Final = 1
"""Places that stay free when one is taken that need not be."""


class Places:
    """As many as `limit` says, which may change meanwhile.

    One operation gets five eighths of them at most, so that one that hangs does not stop all others; work in the
    background gets half.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_behind: deque[_Waiting] = deque()

    @property
    def waited_for(self) -> set[str]:
        """The operations of which somebody waits for a place."""
        return {each.operation for each in (*self._waiting, *self._waiting_behind) if not each.turn.done()}

    def can_spare(self, operation: str) -> bool:
        """Whether a place is free that no other operation is likely to miss."""
        return self._is_free(operation, background=False) and self._taken.total() + LEFT_FOR_OTHERS < self._limit()

    async def take(self, operation: str, *, background: bool = False) -> None:
        """Waits for a place, to be given back whatever becomes of the call."""
        if self._is_free(operation, background) and not any(each.operation == operation for each in self._waiting):
            self._taken[operation] += 1
        else:
            await self._wait(operation, self._waiting_behind if background else self._waiting)

    def give_back(self, operation: str) -> None:
        """A place is free again: it goes to whoever waits for it first."""
        self._taken[operation] -= 1
        for queue, background in ((self._waiting, False), (self._waiting_behind, True)):
            for waiting in list(queue):
                if waiting.turn.done():
                    queue.remove(waiting)
                elif self._is_free(waiting.operation, background):
                    queue.remove(waiting)
                    self._taken[waiting.operation] += 1
                    waiting.turn.set_result(None)

    async def _wait(self, operation: str, queue: deque[_Waiting]) -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(_Waiting(operation, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given in the very moment of giving up
                self.give_back(operation)
            raise

    def _is_free(self, operation: str, background: bool) -> bool:
        limit = max(1, self._limit())
        if self._taken[operation] >= max(1, limit * 5 // 8):
            return False
        return self._taken.total() < (max(1, limit // 2) if background else limit)

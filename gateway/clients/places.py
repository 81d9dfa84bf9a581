"""How many calls a legacy system is sent at a time: whoever finds no place waits, first come, first served."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Places:
    """As many as `limit` says, which may change meanwhile. Work in the background gets half of them at most."""

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._waiting_behind: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def take(self, *, background: bool = False) -> AsyncIterator[None]:
        """A place for as long as the call lasts."""
        if not self._is_free(background) or self._waiting:
            await self._wait(self._waiting_behind if background else self._waiting)
        else:
            self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            self._wake()

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given in the very moment of giving up
                self._taken -= 1
                self._wake()
            raise

    def _wake(self) -> None:
        for queue, background in ((self._waiting, False), (self._waiting_behind, True)):
            while queue and self._is_free(background):
                if not (turn := queue.popleft()).done():
                    self._taken += 1
                    turn.set_result(None)

    def _is_free(self, background: bool) -> bool:
        limit = max(1, self._limit())
        return self._taken < (max(1, limit // 2) if background else limit)

"""Work that a process repeats in the background: woken by a bell, stopped at the end, alive through failures."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

logger = logging.getLogger(__name__)


class Bell:
    """Wakes who waits for something to do; who waits too long looks for itself."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """There is something to do."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Until the bell rings, or so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()


@asynccontextmanager
async def repeating(
    name: str, step: Callable[[], Awaitable[int]], bell: Bell, *, every_seconds: float
) -> AsyncIterator[None]:
    """Meanwhile `step` runs again and again: at once while it says that it did something, else at the next bell."""
    stopping = asyncio.Event()
    loop = asyncio.create_task(_repeat(name, step, bell, every_seconds, stopping))
    try:
        yield
    finally:
        stopping.set()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def _repeat(
    name: str, step: Callable[[], Awaitable[int]], bell: Bell, every_seconds: float, stopping: asyncio.Event
) -> None:
    # The flag as well as cancellation, which a library below may swallow.
    while not stopping.is_set():
        try:
            done = await step()
        except Exception as error:  # the database may be away for a while
            logger.error("%s: %s", name, type(error).__name__)
            done = 0
        if not done:
            await bell.wait(every_seconds)

"""One statement for many askers: what is asked for while one is under way goes together with the next."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

AT_ONCE: Final = 500
"""Keys of one statement."""


class Gathering(Generic[K, V]):
    """Sends keys together: at once (or after a pause) while nothing is under way, else when that is back.

    Whatever an asker is told was asked of the database after the asker came, so a change committed before is never
    missed. Each asker has a future of its own: whoever goes away takes nobody's answer along.
    """

    def __init__(
        self, send: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], *, pause_seconds: float | None = None
    ) -> None:
        self._send = send
        self._pause_seconds = pause_seconds
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []
        self._sending: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def ask(self, key: K) -> "asyncio.Future[V | None]":
        """What is found for the key, or None. Fails as the sending does; need not be awaited."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[V | None] = loop.create_future()
        self._waiting.append((key, answer))
        if self._sending is None:
            # In a context of its own: it serves many requests, and outlives the one that happened to come first.
            self._sending = loop.create_task(self._send_all(), context=contextvars.Context())
        return answer

    async def close(self) -> None:
        """Sends what still waits, and returns when all is back."""
        self._closing.set()
        while self._sending is not None:
            await asyncio.wait([self._sending])

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                await self._pause()
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._send_batch(batch)
        finally:
            self._sending = None
            _cancel(self._waiting)  # none, but where this task was cancelled

    async def _pause(self) -> None:
        if self._pause_seconds is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_seconds):
                    await self._closing.wait()

    async def _send_batch(self, batch: list[tuple[K, "asyncio.Future[V | None]"]]) -> None:
        try:
            found = await self._send({key for key, answer in batch if not answer.done()})
            for key, answer in batch:
                if not answer.done():
                    answer.set_result(found.get(key))
        except Exception as error:
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
                    answer.exception()  # nobody may be waiting; that is no reason for a warning
        finally:
            _cancel(batch)


def _cancel(batch: list[tuple[Any, "asyncio.Future[Any]"]]) -> None:
    for _, answer in batch:
        answer.cancel()

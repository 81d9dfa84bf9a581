"""A legacy session or token that all calls of this process share: obtained once however many calls wait for it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.clock import Clock
from gateway.errors import UpstreamError


@dataclass(frozen=True, slots=True)
class Secret:
    """A session or token; not to be used from `use_until` on, where that is known."""

    text: str
    use_until: datetime | None = None


class SharedSecret:
    """Holds one secret. `obtain` gets a new one; its errors reach everybody who waits for it.

    A legacy system lets few of them live. One whose answer was lost may be alive all the same: at most `spare` such are
    left to their `lifetime` before another is asked for, so that the system's limit holds and nobody is locked out.
    """

    def __init__(
        self, obtain: Callable[[], Awaitable[Secret]], clock: Clock, *, spare: int, lifetime: timedelta
    ) -> None:
        self._obtain = obtain
        self._clock = clock
        self._spare = spare
        self._lifetime = lifetime
        self._held: Secret | None = None
        self._renewal: asyncio.Task[Secret] | None = None
        self._lost: list[tuple[datetime, UpstreamError]] = []

    async def current(self) -> str:
        """The held secret, or a new one where none is held or its time is over."""
        held = self._held
        if held is not None and (held.use_until is None or self._clock() < held.use_until):
            return held.text
        if self._renewal is None:
            # A context of its own: the deadline of whoever comes first is not everybody's.
            self._renewal = asyncio.get_running_loop().create_task(self._renew(), context=Context())
            # Nobody may be left to hear of its failure; that is no reason for a warning at exit.
            self._renewal.add_done_callback(lambda task: task.cancelled() or task.exception())
        # Shielded: a caller that gives up must not lose a secret that is already being handed out.
        return (await asyncio.shield(self._renewal)).text

    async def after(self, refused: str) -> str:
        """Another one than the refused: what a neighbour has obtained meanwhile, or a new one."""
        if self._held is not None and self._held.text == refused:
            self._held = None
        return await self.current()

    async def drop(self) -> str | None:
        """Forgets the secret and gives it, for closing; waits for one that is being obtained."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal])
        held, self._held = self._held, None
        return held.text if held else None

    async def _renew(self) -> Secret:
        try:
            now = self._clock()
            self._lost = [(at, error) for at, error in self._lost if now < at + self._lifetime]
            if len(self._lost) > self._spare:
                raise self._lost[-1][1]
            self._held = await self._obtain()
            return self._held
        except UpstreamError as error:
            if error.unanswered and error is not (self._lost[-1][1] if self._lost else None):
                self._lost.append((now, error))
            raise
        finally:
            self._renewal = None

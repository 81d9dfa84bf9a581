"""A legacy session or token that all calls of all processes share: obtained by one of them, adopted by the others."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from datetime import timedelta
from typing import Final, TypeGuard

from gateway.clock import Clock
from gateway.errors import UpstreamError, UpstreamUnavailable
from gateway.models.freshness import SourceSystem
from gateway.sealing import new_id
from gateway.sharing.kept_secrets import Keeper, Kept, KeptHere, NotKept, Secret

TRIED_AGAIN_AFTER: Final = timedelta(seconds=5)
LOOKED_FOR_EVERY_SECONDS: Final = 0.05
"""How often a process looks whether the one that is obtaining a secret has it."""


class SharedSecret:
    """Holds one secret. `obtain` gets a new one; its errors reach everybody who waits for it in this process.

    A held secret is used from memory; `keeper` is asked for another only. A legacy system lets few of them live. One
    whose answer was lost may be alive all the same: once more than `spare` such may be, another is asked for every five
    seconds at most, so that the system's limit holds. For the same reason nothing is obtained while
    the keeper cannot be reached.
    """

    def __init__(
        self,
        system: SourceSystem,
        operation: str,
        obtain: Callable[[], Awaitable[Secret]],
        clock: Clock,
        *,
        spare: int,
        lifetime: timedelta,
        keeper: Keeper | None,
    ) -> None:
        self._system = system
        self._operation = operation
        self._obtain = obtain
        self._clock = clock
        self._spare = spare
        self._lifetime = lifetime
        self._is_shared = keeper is not None
        self._keeper = keeper or KeptHere()
        self._held: Secret | None = None
        self._refused: str | None = None
        self._renewal: asyncio.Task[Secret] | None = None

    async def current(self) -> str:
        """The held secret, or another where none is held or its time is over."""
        if self._is_good(self._held):
            return self._held.text
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
            self._refused = refused
        return await self.current()

    async def drop(self) -> str | None:
        """Waits for a secret that is being obtained; gives it for closing where it is nobody else's."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal])
        held, self._held = self._held, None
        return held.text if held and not self._is_shared else None

    async def _renew(self) -> Secret:
        try:
            self._held = await self._adopt_or_obtain()
            return self._held
        except NotKept as error:
            raise self._held_back(f"the place that processes share cannot be reached ({error})") from error
        finally:
            self._renewal = None

    async def _adopt_or_obtain(self) -> Secret:
        turn = new_id()
        while True:
            kept = self._today(await self._keeper.look())
            if self._is_free(kept):
                kept = await self._keeper.change(lambda known: self._begun(known, turn))
            if self._is_good(kept.secret):
                return kept.secret
            if kept.obtained_by == turn:
                return await self._obtain_in(turn)
            if kept.obtained_by is None:
                raise self._held_back("others whose answers were lost may be alive")
            await asyncio.sleep(LOOKED_FOR_EVERY_SECONDS)

    def _begun(self, known: Kept, turn: str) -> Kept:
        kept = self._today(known)
        if not self._is_free(kept):
            return kept
        # Beyond the spare ones it is tried now and then all the same: nobody holds a good one that could be hurt, and
        # a system that is well again must not have to wait until what was lost has died.
        if len(kept.lost) > self._spare and self._clock() < kept.lost[-1] + TRIED_AGAIN_AFTER:
            return kept
        return kept.obtaining(turn, self._clock())

    async def _obtain_in(self, turn: str) -> Secret:
        try:
            secret = await self._obtain()
        except UpstreamError as error:
            await self._end(turn, None, lost=error.unanswered)
            raise
        # Where the process dies, or its turn is over before that, the others take this one for lost.
        known = await self._end(turn, secret, lost=False)
        return known.secret if known is not None and self._is_good(known.secret) else secret

    async def _end(self, turn: str, secret: Secret | None, *, lost: bool) -> Kept | None:
        def ended(known: Kept) -> Kept:
            return known.ended(secret, lost=lost) if known.obtained_by == turn else known

        with suppress(NotKept):
            return await self._keeper.change(ended)
        return None

    def _today(self, kept: Kept) -> Kept:
        return kept.without_past(self._clock(), lifetime=self._lifetime, patience=self._keeper.patience)

    def _is_free(self, kept: Kept) -> bool:
        return kept.obtained_by is None and not self._is_good(kept.secret)

    def _is_good(self, secret: Secret | None) -> TypeGuard[Secret]:
        return secret is not None and secret.is_good(self._clock(), self._refused)

    def _held_back(self, why: str) -> UpstreamUnavailable:
        return UpstreamUnavailable(self._system, self._operation, why, held_back=True)

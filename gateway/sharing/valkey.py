"""What nodes share and may lose: bytes with an expiry in Valkey (or Redis), encrypted; a slow server is left alone."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from valkey.asyncio import ConnectionPool
from valkey.asyncio import Valkey as Server
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.commands.core import AsyncScript
from valkey.exceptions import ValkeyError

from gateway.sealing import NotSealedHere, Secrets

ANSWER_SECONDS: Final = 0.1
"""Whoever asks waits no longer than that, connecting included."""
FAILURES_TO_REST: Final = 3
REST_SECONDS: Final = 2.0
"""After so many failures in a row nothing is asked for that long; then one call finds out."""
CONNECTIONS: Final = 16
MAX_VALUE_BYTES: Final = 256 * 1024
MOST_OWED: Final = 10_000

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Valkey:
    """One server for all nodes. Away or slow, it knows nothing, keeps nothing, and raises nothing.

    Keys are stored as keyed digests and values encrypted, bound to their key: an answer that belongs to another
    question cannot be opened. Nothing is connected before the first call.
    """

    def __init__(self, url: str, secrets: Secrets, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._secrets = secrets
        self._monotonic = monotonic
        self._places = asyncio.Semaphore(CONNECTIONS)
        # One more for who listens to news; `_places` bounds all others.
        pool = ConnectionPool.from_url(url, max_connections=CONNECTIONS + 1, retry=Retry(NoBackoff(), 0))
        self.server: Final = Server(connection_pool=pool)
        self._scripts: dict[str, AsyncScript] = {}
        self._failures = 0
        self._rests_until = 0.0
        self._owed: set[str] = set()

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values in the order of the keys; None where there is none, or none to be had in time."""
        if not keys:
            return []
        names = [self.name(key) for key in keys]
        boxes = await self.ask(lambda: self.server.mget(names))
        if boxes is None:
            return [None] * len(names)
        return [self._open(name, box) for name, box in zip(names, boxes, strict=True)]

    async def set_many(self, items: Mapping[str, bytes], ttl_seconds: float) -> None:
        """Keeps values for so long. One that is too large is not kept, nor what was there before it."""
        names = {self.name(key): value for key, value in items.items()}
        kept = {name: value for name, value in names.items() if len(value) <= MAX_VALUE_BYTES}
        lifetime_ms = int(ttl_seconds * 1000)
        if lifetime_ms > 0 and kept:
            pipeline = self.server.pipeline(transaction=False)
            for name, value in kept.items():
                pipeline.set(name, self._secrets.seal_bytes("valkey-value", name, value), px=lifetime_ms)
            await self.ask(pipeline.execute)
        if too_large := names.keys() - kept.keys():
            await self._delete(too_large)

    async def delete_many(self, keys: Sequence[str]) -> None:
        """Forgets values; where the server is away, as soon as it is back."""
        if names := {self.name(key) for key in keys}:
            await self._delete(names)

    async def run(self, script: str, key: str, *arguments: float) -> int | None:
        """What a Lua script makes of one key and numbers; None where the server has not answered well in time."""
        if script not in self._scripts:
            self._scripts[script] = self.server.register_script(script)
        found = await self.ask(lambda: self._scripts[script](keys=[self.name(key)], args=arguments))
        return None if found is None else int(found)

    def name(self, key: str) -> str:
        """What a key is called on the server, where nobody can read it."""
        return "tg:" + self._secrets.digest("valkey-key", key)[:32]

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """What the server answers, or None where it has not answered well in time."""
        if self._monotonic() < self._rests_until:
            return None
        if self._rests_until:  # one call finds out for all
            self._rests_until = self._monotonic() + REST_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._places:
                if self._owed:
                    await self._pay()
                found = await call()
        except (ValkeyError, OSError, TimeoutError) as error:
            self._failed(error)
            return None
        self._answered()
        return found

    async def close(self) -> None:
        """Closes all connections."""
        await self.server.connection_pool.disconnect()

    def _open(self, name: str, box: bytes | None) -> bytes | None:
        # What is owed may still be there, until the server has heard that it must not.
        if box is None or name in self._owed:
            return None
        try:
            return self._secrets.open_bytes("valkey-value", name, box)
        except NotSealedHere:
            return None

    async def _delete(self, names: set[str]) -> None:
        if len(self._owed) + len(names) <= MOST_OWED:  # beyond that, expiry must do
            self._owed |= names
        await self.ask(_nothing_more)

    async def _pay(self) -> None:
        owed = set(self._owed)
        await self.server.delete(*owed)
        self._owed -= owed

    def _answered(self) -> None:
        if self._rests_until:
            logger.info("valkey answers again")
        self._failures, self._rests_until = 0, 0.0

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures < FAILURES_TO_REST:
            return
        if not self._rests_until:
            logger.warning("valkey is left alone for a while: %s", type(error).__name__)
        self._rests_until = self._monotonic() + REST_SECONDS


async def _nothing_more() -> bool:
    return True

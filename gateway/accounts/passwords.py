"""Hashing of passwords: argon2id in a few threads, with a short queue, always the same amount of work."""

import asyncio
import base64
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type

T = TypeVar("T")

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


class HashingOverloaded(Exception):
    """Too many passwords wait for their turn."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the password was right; `outdated` where the hash was made with other parameters than today's."""

    right: bool
    outdated: bool = False


class Passwords:
    """The one place where passwords are hashed. Raises HashingOverloaded where the queue is too long."""

    def __init__(self, *, threads: int, queue_seconds: float) -> None:
        self.hashes_done = 0
        self._hasher = PasswordHasher(PASSES, MEMORY_KIB, LANES, _HASH_BYTES, _SALT_BYTES, type=Type.ID)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._turns = asyncio.Semaphore(threads)
        self._queue_seconds = queue_seconds
        self._dummy = _dummy()

    async def hash(self, password: str) -> str:
        """The password's hash, for keeping."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> Verification:
        """Whether the password has that hash. Without a hash (no account) the same work is done, and it is wrong."""
        right = await self._run(lambda: self._verify(password_hash or self._dummy, password))
        if not right or password_hash is None:
            return Verification(right=False)
        return Verification(right=True, outdated=self._hasher.check_needs_rehash(password_hash))

    def close(self) -> None:
        """Lets the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            raise HashingOverloaded from error
        self.hashes_done += 1
        loop = asyncio.get_running_loop()
        future = self._pool.submit(work)
        # The turn ends with the thread's work: a caller that goes away meanwhile frees nothing early.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._turns.release))
        return await asyncio.wrap_future(future)


def _dummy() -> str:
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"

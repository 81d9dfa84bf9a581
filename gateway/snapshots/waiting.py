"""A request's wait for a value that many wait for: an answer for each field that asks, and one deadline for all."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, TypeVar, cast

from gateway import tracing
from gateway.soon import Soon

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_NOTHING_YET: Final = object()


class Wait(Generic[K, V]):
    """Answers of its own for each field that asks: one that is cancelled ends nobody else's wait.

    `outcome` makes of what has come the value that is shown, or the error that is raised. It is asked once: what a
    request has seen of a key stays so.
    """

    __slots__ = ("_answers", "_key", "_outcome", "_seen", "_span", "until")

    def __init__(self, outcome: Callable[[K, Any], Any], key: K, until: float, span: tracing.Fetch) -> None:
        self.until = until
        self._outcome, self._key, self._span = outcome, key, span
        self._answers: list[asyncio.Future[V | None]] = []
        self._seen: object = _NOTHING_YET

    def answer(self) -> Soon[V | None]:
        """The value where it is here, else a future of it or of the UpstreamError that is met."""
        seen = self._seen
        if seen is not _NOTHING_YET and not isinstance(seen, Exception):
            return cast("V | None", seen)
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        if seen is _NOTHING_YET:
            self._answers.append(future)
        else:
            _tell(future, seen)
        return future

    def settle(self, found: object) -> None:
        """That has come of the key, a value or an error; what comes later is not heard any more."""
        if self._seen is not _NOTHING_YET:
            return
        self._span.end()
        try:
            self._seen = self._outcome(self._key, found)
        except Exception as error:  # a bug: whoever waits must hear of it
            self._seen = error
        for future in self._answers:
            if not future.done():
                _tell(future, self._seen)
        self._answers.clear()


def _tell(future: "asyncio.Future[Any]", seen: object) -> None:
    if isinstance(seen, Exception):
        future.set_exception(seen)
        future.exception()  # nobody may be waiting; that is no reason for a warning
    else:
        future.set_result(seen)

"""A reader's wait for a call that many wait for."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from gateway import tracing
from gateway.errors import UpstreamError
from gateway.snapshots.flights import Outcome

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Wait(Generic[K, V]):
    """One reader's wait for a flight, with an `answer` of its own: its cancellation or deadline ends nobody else's."""

    __slots__ = ("_flight", "_key", "_outcome", "_span", "_timer", "answer")

    def __init__(
        self,
        outcome: Callable[[K, "asyncio.Future[Outcome[V]]"], Outcome[V]],
        key: K,
        flight: "asyncio.Future[Outcome[V]]",
        until: float,
        span: tracing.Fetch,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._outcome, self._key, self._flight, self._span = outcome, key, flight, span
        self.answer: asyncio.Future[V | None] = loop.create_future()
        self._timer = loop.call_at(until, self._settle)
        flight.add_done_callback(self._settle)

    def _settle(self, _: object = None) -> None:
        self._timer.cancel()
        self._flight.remove_done_callback(self._settle)
        self._span.end()
        if self.answer.done():
            return
        try:
            outcome = self._outcome(self._key, self._flight)
        except Exception as error:  # a bug: whoever waits must hear of it
            self._fail(error)
        else:
            if isinstance(outcome, UpstreamError):
                self._fail(outcome)
            else:
                self.answer.set_result(outcome)

    def _fail(self, error: Exception) -> None:
        self.answer.set_exception(error)
        self.answer.exception()  # nobody may be waiting; that is no reason for a warning

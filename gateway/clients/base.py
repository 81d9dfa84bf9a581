"""The door to a legacy system: what a call is worth, within which deadline, whether it is repeated, how it ended."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

from gateway import metrics, tracing
from gateway.clients.breaker import Ticket
from gateway.clients.budgets import RateBudget, RetryBudget
from gateway.clients.gate import Gate
from gateway.clients.health import Health
from gateway.clients.places import Places
from gateway.clients.sending import TICKET, Answer, Http, Request, Sender, in_background, is_in_background, open_http
from gateway.clock import Clock
from gateway.errors import UpstreamError, UpstreamTimeout, UpstreamUnavailable
from gateway.models.closure import Closure
from gateway.models.freshness import SourceSystem

__all__ = ["Answer", "Http", "Request", "Upstream", "in_background", "log_outcomes", "log_upstream_error", "open_http"]

# The loop's time at which the fetch under way must be over; None outside a fetch.
_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)

PROBE_SECONDS: Final = 5.0
"""How long a call may take that finds out whether a failing operation is back."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Upstream(Sender):
    """The door to one legacy system. `deadline_seconds` bounds a call with its repetition, renewal and body."""

    def __init__(
        self,
        system: SourceSystem,
        http: Http,
        *,
        deadline_seconds: float,
        clock: Clock,
        places: Places,
        budget: RateBudget | None = None,
        closure: Closure | None = None,
        retry_delay: Callable[[], float] = lambda: random.uniform(0.05, 0.2),  # noqa: S311
    ) -> None:
        gate = Gate(system, clock, places=places, budget=budget, closure=closure)
        super().__init__(system, http, gate, seconds=deadline_seconds)
        self.clock = clock
        self.health = Health(system, clock, self._has_room)
        self._places = places
        self._retries = RetryBudget()
        self._retry_delay = retry_delay

    @contextmanager
    def one_deadline(self) -> Iterator[None]:
        """Within it all calls share one deadline: those of a batch that is split, asked again, or paged."""
        token = _DEADLINE.set(asyncio.get_running_loop().time() + self._seconds)
        try:
            yield
        finally:
            _DEADLINE.reset(token)

    async def ask(self, operation: str, attempt: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        """What `attempt` makes of an answer; reading it belongs inside, so that nonsense counts as the failure it is.

        A repeatable attempt (a read) is made once more where what it met is passing. Raises UpstreamTimeout at the
        deadline; logs and counts each failure.
        """
        ticket = self._gate.admit(operation)
        started = asyncio.get_running_loop().time()
        let_through = TICKET.set(ticket)
        try:
            with tracing.call_span(self.system, operation):
                found = await self._in_time(ticket, started, operation, attempt, repeatable)
        except UpstreamError as error:
            self._failed(operation, ticket, error, started)
            raise
        except asyncio.CancelledError:
            self._gate.proved_nothing(operation, ticket)
            raise
        except Exception:  # a code to which the operation gives a meaning is an answer like others
            self._answered(operation, ticket, started)
            raise
        finally:
            TICKET.reset(let_through)
        self._answered(operation, ticket, started)
        return found

    async def _in_time(
        self, ticket: Ticket, started: float, operation: str, attempt: Callable[[], Awaitable[T]], repeatable: bool
    ) -> T:
        deadline = started + (min(self._seconds, PROBE_SECONDS) if ticket.probe else self._seconds)
        if (shared := _DEADLINE.get()) is not None and shared < deadline:
            deadline = shared
        try:
            async with asyncio.timeout_at(deadline):
                self._retries.earn()
                try:
                    return await attempt()
                except UpstreamError as error:
                    own = error.operation == operation  # else it is the business of the call that met it
                    if not (repeatable and own and error.passing and self._retries.spend()):
                        raise
                await asyncio.sleep(self._retry_delay())
                return await attempt()
        except TimeoutError as error:
            detail = f"no whole answer within {deadline - started:.1f} s"
            raise UpstreamTimeout(self.system, operation, detail, unanswered=ticket.sent) from error

    def _has_room(self, operation: str) -> bool:
        return not is_in_background() and self._places.can_spare(operation)

    def _answered(self, operation: str, ticket: Ticket, started: float) -> None:
        self._gate.answered(operation, ticket)
        self.health.answered()
        self._ended(operation, "ok", started)

    def _failed(self, operation: str, ticket: Ticket, error: UpstreamError, started: float) -> None:
        own = error.operation == operation and not error.held_back
        if not own or not ticket.sent or (isinstance(error, UpstreamUnavailable) and error.ours):
            self._gate.proved_nothing(operation, ticket)
        else:
            self._gate.failed(operation, ticket)
        if own:
            self.health.failed(error)
            log_upstream_error(error)
        self._ended(operation, error.code, started)

    def _ended(self, operation: str, outcome: str, started: float) -> None:
        seconds = asyncio.get_running_loop().time() - started
        metrics.upstream_called(self.system.value, operation, outcome, seconds)


def log_outcomes(system: SourceSystem, operation: str, outcomes: Iterable[object]) -> None:
    """A line for each item that could not be read, and one for those said unknown; keys are nobody's business."""
    unknown = 0
    for outcome in outcomes:
        if isinstance(outcome, UpstreamError):
            log_upstream_error(outcome)
        unknown += outcome is None
    if unknown:
        logger.info("%s %s: %d items unknown or without value", system.value, operation, unknown)


def log_upstream_error(error: UpstreamError) -> None:
    """One line for operators; errors that only we can mend are louder."""
    ours = isinstance(error, UpstreamUnavailable) and error.ours
    logger.log(
        logging.ERROR if ours else logging.WARNING,
        "%s %s failed: %s (%s)%s",
        error.system.value,
        error.operation,
        error.detail,
        error.code,
        "; this is ours to mend" if ours else "",
    )

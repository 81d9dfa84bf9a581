"""The door to a legacy system: breaker, budget, places, deadline, bounded body; every problem becomes one error."""

import asyncio
import logging
import math
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, TypeVar

import aiohttp

from gateway import metrics, tracing
from gateway.clients.breaker import Breaker, BreakerState, Ticket
from gateway.clients.budgets import RateBudget, RetryBudget, Urgency
from gateway.clients.health import Health
from gateway.clients.places import Places
from gateway.clock import Clock
from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.models.closure import ClosedHours, Closure
from gateway.models.freshness import SourceSystem

# The loop's time at which the fetch under way must be over; None outside a fetch.
_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)

_BACKGROUND: ContextVar[bool] = ContextVar("background", default=False)
# What the call under way was let through with.
_TICKET: ContextVar[Ticket] = ContextVar("ticket")

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
PIECE_BYTES: Final = 64 * 1024
"""What is held of a body that is passed on; as much again is read ahead."""
SUSPECT_SECONDS: Final = 3.0
"""From then on a call that is out counts as a failure; of a well system's calls one in a hundred takes 4 s."""
PROBE_SECONDS: Final = 5.0
"""How long a call may take that finds out whether a failing operation is back."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; an `urgent` one may spend the last of the budget."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    query: Mapping[str, str] | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever its status."""

    status: int
    content_type: str
    body: bytes

    @property
    def summary(self) -> str:
        """What a log may say of it: never the body."""
        return f"HTTP {self.status}, {self.content_type or 'no type'}, {len(self.body)} bytes"


class Upstream:
    """The door to one legacy system: what is sent through it, how much at a time, and for how long.

    `deadline_seconds` bounds a call with its repetition, renewal and body. Nothing is sent while the system is closed
    by plan, beyond the budget, or while an operation's breaker is open.
    """

    def __init__(
        self,
        system: SourceSystem,
        http: aiohttp.ClientSession,
        *,
        deadline_seconds: float,
        clock: Clock,
        places: Places,
        budget: RateBudget | None = None,
        closure: Closure | None = None,
        retry_delay: Callable[[], float] = lambda: random.uniform(0.05, 0.2),  # noqa: S311
    ) -> None:
        self.system = system
        self.clock = clock
        self.health = Health(system, clock)
        self._http = http
        self._deadline_seconds = deadline_seconds
        self._places = places
        self._budget = budget
        self._closed = ClosedHours(closure)
        self._breakers: defaultdict[str, Breaker] = defaultdict(lambda: Breaker(clock))
        self._retries = RetryBudget()
        self._retry_delay = retry_delay

    @contextmanager
    def one_deadline(self) -> Iterator[None]:
        """Within it all calls share one deadline: those of a batch that is split, asked again, or paged."""
        token = _DEADLINE.set(asyncio.get_running_loop().time() + self._deadline_seconds)
        try:
            yield
        finally:
            _DEADLINE.reset(token)

    async def ask(self, operation: str, attempt: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        """What `attempt` makes of an answer; reading it belongs inside, so that nonsense counts as the failure it is.

        A repeatable attempt (a read) is made once more where what it met is passing. Raises UpstreamTimeout at the
        deadline; logs and counts each failure.
        """
        breaker = self._breakers[operation]
        ticket = self._admit(operation, breaker)
        started = asyncio.get_running_loop().time()
        let_through = _TICKET.set(ticket)
        try:
            with tracing.call_span(self.system, operation):
                found = await self._in_time(ticket, operation, lambda: self._attempts(operation, attempt, repeatable))
        except UpstreamError as error:
            self._failed(operation, breaker, ticket, error, started)
            raise
        except asyncio.CancelledError:
            breaker.proved_nothing(ticket)
            raise
        except Exception:  # a code to which the operation gives a meaning is an answer like others
            self._answered(operation, breaker, ticket, started)
            raise
        finally:
            _TICKET.reset(let_through)
        self._answered(operation, breaker, ticket, started)
        return found

    async def send(self, request: Request) -> Answer:
        """The whole answer."""
        try:
            async with self._places.take(request.operation, background=_BACKGROUND.get()):
                with self._suspecting(request.operation):
                    async with await self._request(request) as response:
                        body = await self._read(request.operation, response)
                        return Answer(response.status, response.headers.get("Content-Type", ""), body)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(request.operation, error) from error

    async def open(self, request: Request) -> aiohttp.ClientResponse:
        """The head of the answer, for what must not be held in memory; to be closed by the caller."""
        try:
            return await self._request(request)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(request.operation, error) from error

    async def pieces(self, operation: str, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body of an opened answer as it comes; the deadline holds for each next piece."""
        while True:
            try:
                async with asyncio.timeout(self._deadline_seconds):
                    piece = await response.content.read(PIECE_BYTES)
            except TimeoutError as error:
                raise UpstreamTimeout(self.system, operation, "the body stopped") from error
            except (aiohttp.ClientError, OSError) as error:
                raise self._translated(operation, error) from error
            if not piece:
                return
            yield piece

    async def whole(self, operation: str, response: aiohttp.ClientResponse) -> Answer:
        """The whole body of an opened answer."""
        try:
            body = await self._read(operation, response)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(operation, error) from error
        return Answer(response.status, response.headers.get("Content-Type", ""), body)

    def _admit(self, operation: str, breaker: Breaker) -> Ticket:
        """Lets a call through. Raises where nothing may be sent now."""
        self._refuse_while_closed(operation)
        if (ticket := breaker.admit()) is None:
            raise self._left_alone(operation)
        return ticket

    def _admit_again(self, operation: str) -> None:
        """What was let through and had to wait for its place may have to stay here after all."""
        self._refuse_while_closed(operation)
        if not self._breakers[operation].still_admits(_TICKET.get()):
            raise self._left_alone(operation)

    def _refuse_while_closed(self, operation: str) -> None:
        if self._closed.at(self.clock()):
            metrics.upstream_held_back(self.system.value, operation, "closed")
            raise UpstreamClosed(self.system, operation, "closed by plan", held_back=True)

    def _left_alone(self, operation: str) -> UpstreamUnavailable:
        metrics.upstream_held_back(self.system.value, operation, "breaker")
        return UpstreamUnavailable(self.system, operation, "left alone after failures", held_back=True)

    @contextmanager
    def _suspecting(self, operation: str) -> Iterator[None]:
        """A call that has been out for long counts as a failure before it is one: a hang is noticed in seconds."""
        ticket, breaker = _TICKET.get(), self._breakers[operation]

        def suspect() -> None:
            breaker.failed(ticket)
            ticket.suspected = True

        waiting = asyncio.get_running_loop().call_later(SUSPECT_SECONDS, suspect)
        try:
            yield
        finally:
            waiting.cancel()

    async def _in_time(self, ticket: Ticket, operation: str, attempts: Callable[[], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time()
        deadline = min(_DEADLINE.get() or math.inf, now + self._deadline_seconds)
        if ticket.probe:
            deadline = min(deadline, now + PROBE_SECONDS)
        try:
            async with asyncio.timeout_at(deadline):
                return await attempts()
        except TimeoutError as error:
            detail = f"no whole answer within {deadline - now:.1f} s"
            raise UpstreamTimeout(self.system, operation, detail, unanswered=ticket.sent) from error

    async def _attempts(self, operation: str, attempt: Callable[[], Awaitable[T]], repeatable: bool) -> T:
        self._retries.earn()
        try:
            return await attempt()
        except UpstreamError as error:
            own = error.operation == operation  # else it is the business of the call that met it
            if not (repeatable and own and error.passing and self._retries.spend()):
                raise
        await asyncio.sleep(self._retry_delay())
        return await attempt()

    def _answered(self, operation: str, breaker: Breaker, ticket: Ticket, started: float) -> None:
        breaker.answered(ticket)
        self.health.answered()
        self._ended(operation, breaker, "ok", started)

    def _failed(self, operation: str, breaker: Breaker, ticket: Ticket, error: UpstreamError, started: float) -> None:
        before, own = breaker.state, error.operation == operation and not error.held_back
        if not own or not ticket.sent or (isinstance(error, UpstreamUnavailable) and error.ours):
            breaker.proved_nothing(ticket)
        else:
            breaker.failed(ticket)
        if before is not BreakerState.OPEN and breaker.state is BreakerState.OPEN:
            logger.warning("%s %s is left alone for a while", self.system.value, operation)
        if own:
            self.health.failed(error)
            log_upstream_error(error)
        self._ended(operation, breaker, error.code, started)

    def _ended(self, operation: str, breaker: Breaker, outcome: str, started: float) -> None:
        seconds = asyncio.get_running_loop().time() - started
        metrics.upstream_called(self.system.value, operation, outcome, seconds)
        metrics.breaker_entered(self.system.value, operation, breaker.state.value)

    async def _request(self, request: Request) -> aiohttp.ClientResponse:
        self._admit_again(request.operation)
        self._spend(request)
        _TICKET.get().sent = True
        response = await self._http.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body,
            params=request.query,
            allow_redirects=False,
            read_bufsize=PIECE_BYTES,
        )
        tracing.note_call(request.method, request.url, response.status)
        if response.status == 429 and self._budget is not None:
            self._budget.refused()
        return response

    def _spend(self, request: Request) -> None:
        if self._budget is None:
            return
        urgency = Urgency.MUST if request.urgent else Urgency.BACKGROUND if _BACKGROUND.get() else Urgency.READ
        if not self._budget.spend(urgency):
            metrics.upstream_held_back(self.system.value, request.operation, "budget")
            raise UpstreamUnavailable(self.system, request.operation, "the budget of calls is spent", held_back=True)

    async def _read(self, operation: str, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise UpstreamMalformed(self.system, operation, f"more than {MAX_ANSWER_BYTES} bytes")
        return bytes(body)

    def _translated(self, operation: str, error: Exception) -> UpstreamError:
        if isinstance(error, aiohttp.ClientPayloadError):
            return UpstreamMalformed(self.system, operation, "answer cut short", unanswered=True, passing=True)
        if isinstance(error, aiohttp.ClientResponseError):
            return UpstreamMalformed(self.system, operation, "answer is not HTTP")
        if isinstance(error, aiohttp.ClientConnectorError):
            return UpstreamUnavailable(self.system, operation, "cannot connect", passing=True)
        return UpstreamUnavailable(self.system, operation, type(error).__name__, unanswered=True, passing=True)


@contextmanager
def in_background() -> Iterator[None]:
    """Calls within it stand back: they get half the places, and a part of the budget only."""
    token = _BACKGROUND.set(True)
    try:
        yield
    finally:
        _BACKGROUND.reset(token)


def open_http() -> aiohttp.ClientSession:
    """A session with keep-alive; no cookies, no redirects, no timeout of its own; `Places` bound its connections."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=True,
    )
    # aiohttp would repeat some requests of its own accord; how often a request is sent is decided in `ask` alone.
    session._retry_connection = False
    return session


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

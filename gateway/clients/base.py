"""The door to a legacy system: sends and reads within a deadline; every problem becomes one error."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple, TypeVar

import aiohttp

from gateway import metrics, tracing
from gateway.clients.breaker import Ticket
from gateway.clients.budgets import RateBudget, RetryBudget, Urgency
from gateway.clients.gate import Gate
from gateway.clients.health import Health
from gateway.clients.places import Places
from gateway.clock import Clock
from gateway.errors import UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.models.closure import Closure
from gateway.models.freshness import SourceSystem

# The loop's time at which the fetch under way must be over; None outside a fetch.
_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)

_BACKGROUND: ContextVar[bool] = ContextVar("background", default=False)
# What the call under way was let through with.
_TICKET: ContextVar[Ticket] = ContextVar("ticket")

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
PIECE_BYTES: Final = 64 * 1024
"""What is held of a body that is passed on; as much again is read ahead."""
PROBE_SECONDS: Final = 5.0
"""How long a call may take that finds out whether a failing operation is back."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Request(NamedTuple):
    """One HTTP request; an `urgent` one may spend the last of the budget."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    query: Mapping[str, str] | None = None
    urgent: bool = False


class Answer(NamedTuple):
    """A whole answer, whatever its status."""

    status: int
    content_type: str
    body: bytes

    @property
    def summary(self) -> str:
        """What a log may say of it: never the body."""
        return f"HTTP {self.status}, {self.content_type or 'no type'}, {len(self.body)} bytes"


class Upstream:
    """The door to one legacy system. `deadline_seconds` bounds a call with its repetition, renewal and body."""

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
        self.health = Health(system, clock, self._has_room)
        self._http = http
        self._deadline_seconds = deadline_seconds
        self._places = places
        self._gate = Gate(system, clock, places=places, budget=budget, closure=closure)
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
        ticket = self._gate.admit(operation)
        started = asyncio.get_running_loop().time()
        let_through = _TICKET.set(ticket)
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
            _TICKET.reset(let_through)
        self._answered(operation, ticket, started)
        return found

    async def send(self, request: Request) -> Answer:
        """The whole answer."""
        operation = request.operation
        suspicion = await self._gate.enter(operation, _TICKET.get(), _urgency(request))
        try:
            response = await self._request(request)
            return await self._read(operation, response)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(operation, error) from error
        finally:
            self._gate.leave(operation, suspicion)

    async def open(self, request: Request) -> aiohttp.ClientResponse:
        """The head of the answer, for what must not be held in memory; to be closed by the caller."""
        self._gate.let_out(request.operation, _TICKET.get(), _urgency(request))
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
            return await self._read(operation, response)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(operation, error) from error

    async def _in_time(
        self, ticket: Ticket, started: float, operation: str, attempt: Callable[[], Awaitable[T]], repeatable: bool
    ) -> T:
        deadline = started + (min(self._deadline_seconds, PROBE_SECONDS) if ticket.probe else self._deadline_seconds)
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
        return not _BACKGROUND.get() and self._places.can_spare(operation)

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

    async def _request(self, request: Request) -> aiohttp.ClientResponse:
        response = await self._http.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body,
            params=request.query,
            allow_redirects=False,
        )
        tracing.note_call(request.method, request.url, response.status)
        if response.status == 429:
            self._gate.too_many()
        return response

    async def _read(self, operation: str, response: aiohttp.ClientResponse) -> Answer:
        """The answer with its whole body; one that cannot be read to its end is closed."""
        content, pieces, size, is_whole = response.content, list[bytes](), 0, False
        try:
            while not is_whole:
                is_whole = content.is_eof()  # mostly at once: it came with its head
                pieces.append(content.read_nowait() if is_whole else await content.readany())
                size += len(pieces[-1])
                if size > MAX_ANSWER_BYTES:
                    raise UpstreamMalformed(self.system, operation, f"more than {MAX_ANSWER_BYTES} bytes")
        except BaseException:
            response.close()
            raise
        return Answer(response.status, response.headers.get("Content-Type", ""), b"".join(pieces))

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


def _urgency(request: Request) -> Urgency:
    if request.urgent:
        return Urgency.MUST
    return Urgency.BACKGROUND if _BACKGROUND.get() else Urgency.READ


def open_http() -> aiohttp.ClientSession:
    """A session with keep-alive; no cookies, no redirects, no timeout of its own; `Places` bound its connections."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        read_bufsize=PIECE_BYTES,
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

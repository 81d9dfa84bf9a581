"""What every call to a legacy system goes through: a deadline, a retry of reads, a bounded body, translated errors."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import aiohttp

from gateway.clients.health import Health
from gateway.clock import Clock
from gateway.errors import UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.models.freshness import SourceSystem

# The loop's time at which the fetch under way must be over; None outside a fetch.
_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)

MAX_ANSWER_BYTES = 8 * 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `repeatable` where sending it twice does no more than sending it once (reads)."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    query: Mapping[str, str] | None = None
    repeatable: bool = True


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
    """The door to one legacy system. `deadline_seconds` bounds a call with its retry, renewal and body."""

    def __init__(
        self, system: SourceSystem, http: aiohttp.ClientSession, *, deadline_seconds: float, clock: Clock
    ) -> None:
        self.system = system
        self.clock = clock
        self.health = Health(system, clock)
        self._http = http
        self._deadline_seconds = deadline_seconds

    @contextmanager
    def one_deadline(self) -> Iterator[None]:
        """Within it all calls share one deadline: those of a batch that is split, asked again, or paged."""
        token = _DEADLINE.set(asyncio.get_running_loop().time() + self._deadline_seconds)
        try:
            yield
        finally:
            _DEADLINE.reset(token)

    @asynccontextmanager
    async def call(self, operation: str) -> AsyncIterator[None]:
        """Bounds and watches one call: raises UpstreamTimeout at the deadline, logs and counts each failure.

        What comes of the answer belongs inside, so that an answer out of contract counts as the failure that it is.
        """
        shared = _DEADLINE.get()
        try:
            try:
                async with asyncio.timeout_at(shared or asyncio.get_running_loop().time() + self._deadline_seconds):
                    yield
            except TimeoutError as error:
                detail = f"no whole answer within {self._deadline_seconds:g} s"
                raise UpstreamTimeout(self.system, operation, detail, unanswered=True) from error
        except UpstreamError as error:
            self.health.failed(error)
            log_upstream_error(error)
            raise
        self.health.answered()

    async def send(self, request: Request) -> Answer:
        """The whole answer. A repeatable request is sent once more where the connection failed."""
        try:
            try:
                return await self._send_once(request)
            except (aiohttp.ClientError, OSError):
                if not request.repeatable:
                    raise
            return await self._send_once(request)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(request.operation, error) from error

    async def open(self, request: Request) -> aiohttp.ClientResponse:
        """The head of the answer, for what must not be held in memory; to be closed by the caller. Not retried."""
        try:
            return await self._request(request)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(request.operation, error) from error

    async def pieces(self, operation: str, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body of an opened answer as it comes; the deadline holds for each next piece."""
        body = response.content.iter_any()
        while True:
            try:
                async with asyncio.timeout(self._deadline_seconds):
                    piece = await anext(body, b"")
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

    async def _send_once(self, request: Request) -> Answer:
        async with await self._request(request) as response:
            body = await self._read(request.operation, response)
            return Answer(response.status, response.headers.get("Content-Type", ""), body)

    async def _request(self, request: Request) -> aiohttp.ClientResponse:
        return await self._http.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body,
            params=request.query,
            allow_redirects=False,
        )

    async def _read(self, operation: str, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise UpstreamMalformed(self.system, operation, f"more than {MAX_ANSWER_BYTES} bytes")
        return bytes(body)

    def _translated(self, operation: str, error: Exception) -> UpstreamError:
        if isinstance(error, aiohttp.ClientPayloadError):
            return UpstreamMalformed(self.system, operation, "answer cut short", unanswered=True)
        if isinstance(error, aiohttp.ClientResponseError):
            return UpstreamMalformed(self.system, operation, "answer is not HTTP")
        if isinstance(error, aiohttp.ClientConnectorError):
            return UpstreamUnavailable(self.system, operation, "cannot connect")
        return UpstreamUnavailable(self.system, operation, type(error).__name__, unanswered=True)


def open_http(*, connections: int) -> aiohttp.ClientSession:
    """A session with keep-alive and at most so many connections; no cookies, no redirects, no timeout of its own."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=True,
    )
    # aiohttp would repeat some requests of its own accord; how often a request is sent is decided in `send` alone.
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

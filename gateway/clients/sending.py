"""What sends: requests go out through their system's gate, and whatever breaks on the way becomes one error."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

import aiohttp

from gateway import tracing
from gateway.clients.breaker import Ticket
from gateway.clients.budgets import Urgency
from gateway.clients.gate import Gate
from gateway.clients.http.failures import CannotConnect, CutShort, HttpFailure, NotHttp, TooLong
from gateway.clients.http.pool import Pool
from gateway.errors import UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.models.freshness import SourceSystem

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
PIECE_BYTES: Final = 64 * 1024
"""What is held of a body that is passed on; as much again is read ahead."""

TICKET: ContextVar[Ticket] = ContextVar("ticket")
"""What the call under way was let through with."""

_BACKGROUND: ContextVar[bool] = ContextVar("background", default=False)


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


class Http(NamedTuple):
    """How a system is reached: for whole answers over connections of our own, by aiohttp for those that are opened."""

    pool: Pool
    session: aiohttp.ClientSession


@asynccontextmanager
async def open_http() -> AsyncIterator[Http]:
    """Keep-alive both ways; no cookies, no redirects, no timeout of their own; `Places` bound the connections."""
    pool = Pool(most_bytes=MAX_ANSWER_BYTES)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        read_bufsize=PIECE_BYTES,
        auto_decompress=True,
    ) as session:
        # aiohttp would repeat some of its own accord; how often a request is sent is decided in `Upstream.ask` alone.
        session._retry_connection = False
        try:
            yield Http(pool, session)
        finally:
            await pool.close()


class Sender:
    """Sends the requests of the call under way to one system; `seconds` is the longest wait for a piece of a body."""

    def __init__(self, system: SourceSystem, http: Http, gate: Gate, *, seconds: float) -> None:
        self.system = system
        self._http = http
        self._gate = gate
        self._seconds = seconds

    async def send(self, request: Request) -> Answer:
        """The whole answer."""
        operation = request.operation
        suspicion = await self._gate.enter(operation, TICKET.get(), _urgency(request))
        try:
            response = await self._http.pool.request(
                request.method, request.url, headers=request.headers, body=request.body, query=request.query
            )
            self._note(request, response.status)
            return Answer(response.status, response.header(b"content-type"), response.body())
        except HttpFailure as failure:
            raise self._translated(operation, failure) from failure
        finally:
            self._gate.leave(operation, suspicion)

    async def open(self, request: Request) -> aiohttp.ClientResponse:
        """The head of the answer, for what must not be held in memory; to be closed by the caller."""
        self._gate.let_out(request.operation, TICKET.get(), _urgency(request))
        try:
            return await self._request(request)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(request.operation, error) from error

    async def pieces(self, operation: str, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The body of an opened answer as it comes; the deadline holds for each next piece."""
        while True:
            try:
                async with asyncio.timeout(self._seconds):
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

    async def _request(self, request: Request) -> aiohttp.ClientResponse:
        response = await self._http.session.request(
            request.method,
            request.url,
            headers=request.headers,
            data=request.body,
            params=request.query,
            allow_redirects=False,
        )
        self._note(request, response.status)
        return response

    def _note(self, request: Request, status: int) -> None:
        tracing.note_call(request.method, request.url, status)
        if status == 429:
            self._gate.too_many()

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
        if isinstance(error, CutShort | aiohttp.ClientPayloadError):
            return UpstreamMalformed(self.system, operation, "answer cut short", unanswered=True, passing=True)
        if isinstance(error, TooLong):
            return UpstreamMalformed(self.system, operation, f"more than {MAX_ANSWER_BYTES} bytes")
        if isinstance(error, NotHttp | aiohttp.ClientResponseError):
            return UpstreamMalformed(self.system, operation, "answer is not HTTP")
        if isinstance(error, CannotConnect | aiohttp.ClientConnectorError):
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


def is_in_background() -> bool:
    """Whether the call under way stands back."""
    return _BACKGROUND.get()


def _urgency(request: Request) -> Urgency:
    if request.urgent:
        return Urgency.MUST
    return Urgency.BACKGROUND if _BACKGROUND.get() else Urgency.READ

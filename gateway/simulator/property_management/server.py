"""The door of property management: HTTP, the night, sessions, eight calls at a time, faults."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from random import Random
from typing import Final

from aiohttp import web

from gateway.simulator.counting import Records
from gateway.simulator.fault_answers import deliver, html_page, strike_before
from gateway.simulator.faults import Faults, Fired
from gateway.simulator.gate import Gate
from gateway.simulator.landlord import Landlord
from gateway.simulator.options import (
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_PATH,
    PROPERTY_USER,
    SimulatorOptions,
)
from gateway.simulator.property_management.answers import CONTENT_TYPE, Answer, write_answer, write_fault
from gateway.simulator.property_management.operations import LIMITS, REFERENCE_TAGS, Operations
from gateway.simulator.property_management.requests import Refused, Request, read_request
from gateway.simulator.property_management.sessions import VALIDITY_MINUTES, Session, Sessions
from gateway.simulator.property_management.values import element
from gateway.simulator.timing import Timing
from gateway.simulator.windows import property_closed

LARGEST_BODY: Final = 256 * 1024
CALLS_AT_ONCE: Final = 8
_LONGEST_SOURCE: Final = 16
_SESSION_OPERATIONS: Final = frozenset({"OuvrirSession", "FermerSession"})
_WSDL: Final = (files("gateway.simulator.property_management") / "gestion-locative.wsdl").read_text("utf-8")
_WSDL_ADDRESS: Final = "http://127.0.0.1:18071/ws/GestionLocative"


class PropertyServer:
    """Property management over HTTP."""

    def __init__(
        self,
        options: SimulatorOptions,
        landlord: Landlord,
        records: Records,
        faults: Faults,
        gate: Gate,
        timing: Timing,
    ) -> None:
        self._options = options
        self._records = records
        self._faults = faults
        self._gate = gate
        self._timing = timing
        self._rng = Random(f"{options.seed}/property")  # noqa: S311 -- disorder, nothing secret
        self._operations = Operations(landlord, self._rng)
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self._at_once = 0
        self.sessions = Sessions()
        self.nights = options.nights

    @property
    def _now(self) -> Callable[[], datetime]:
        return self._options.now

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one HTTP request."""
        if request.path != PROPERTY_PATH:
            return html_page(404, "Not Found")
        if request.method == "GET" and "wsdl" in {name.lower() for name in request.query}:
            wsdl = _WSDL.replace(_WSDL_ADDRESS, str(request.url.with_query(None)))
            return web.Response(text=wsdl, content_type="text/xml")
        if request.method != "POST":
            return html_page(405, "Method Not Allowed")
        body = await _read_body(request)
        if body is None:
            self._records.violation("body_too_large")
            return html_page(413, "Request Entity Too Large")
        if request.content_type != "text/xml":
            self._records.violation("wrong_media_type")
            return html_page(415, "Unsupported Media Type")
        try:
            read: Request | Refused = read_request(body, request.charset, request.headers.get("SOAPAction"))
        except Refused as refused:
            read = refused
        return await self._take_in(request, read)

    async def _take_in(self, request: web.BaseRequest, read: Request | Refused) -> web.StreamResponse:
        """Counts, holds and queues a call."""
        keys, parameters = _journal_of(read)
        self._at_once += 1
        if self._at_once > CALLS_AT_ONCE:
            self._records.violation("too_many_at_once")
        try:
            with self._records.call(read.operation, keys, parameters):
                if read.operation not in _SESSION_OPERATIONS:
                    await self._gate.pass_through(read.operation)
                return await self._queue(request, read, len(keys))
        finally:
            self._at_once -= 1

    async def _queue(self, request: web.BaseRequest, read: Request | Refused, items: int) -> web.StreamResponse:
        try:
            async with asyncio.timeout(self._options.waiting_seconds):
                await self._slots.acquire()
        except TimeoutError:
            return html_page(503, "Service Unavailable")
        try:
            await self._timing.property_delay(read.operation, items)
            return await self._answer(request, read)
        finally:
            self._slots.release()

    async def _answer(self, request: web.BaseRequest, read: Request | Refused) -> web.StreamResponse:
        if self.nights and property_closed(self._now()):
            self._records.violation("call_inside_night")
            return self._fault("GL-900")
        fired = self._faults.strike(read.operation)
        broken = await strike_before(request, fired, self._options.hanging_seconds)
        if broken is not None:
            return broken
        if isinstance(read, Refused):
            self._records.violation("refused_gl_910")
            self._records.violation(read.violation)
            return self._fault("GL-910")
        if "soap_fault" in fired:
            return self._fault(str(fired.detail("soap_fault", "code", "GL-901")))
        answer = self._reply(read, fired)
        written = web.Response(
            body=write_answer(read.operation, answer, self._rng), headers={"Content-Type": CONTENT_TYPE}
        )
        return await deliver(request, written, fired, self._options.hanging_seconds)

    def _reply(self, read: Request, fired: Fired) -> Answer:
        """The checks in the contract's order, then the data."""
        now = self._now()
        if read.company != PROPERTY_COMPANY or not 0 < len(read.source) <= _LONGEST_SOURCE:
            self._records.violation("wrong_header")
            return Answer(20)
        if "code" in fired:
            return Answer(int(fired.detail("code", "code", 99)))
        if read.operation == "OuvrirSession":
            return self._open_session(read, now)
        if "expired_session" in fired:
            self.sessions.close(read.token)
        session = self.sessions.use(read.token, now, nights=self.nights)
        if session is None:
            return Answer(30)
        if read.operation == "FermerSession":
            self.sessions.close(read.token)
            return Answer()
        return self._data(read, session, now, fired)

    def _open_session(self, read: Request, now: datetime) -> Answer:
        if (read.one("Identifiant"), read.one("MotDePasse")) != (PROPERTY_USER, PROPERTY_PASSWORD):
            return Answer(20)
        session = self.sessions.open(now, nights=self.nights)
        if session is None:
            self._records.violation("fifth_session")
            return Answer(31)
        duration = element("DureeValiditeMinutes", str(VALIDITY_MINUTES))
        return Answer(data=element("JetonSession", session.token) + duration)

    def _data(self, read: Request, session: Session, now: datetime, fired: Fired) -> Answer:
        limit = LIMITS.get(read.operation)
        if limit is not None:
            number = len(read.many(REFERENCE_TAGS[read.operation]))
            if number == 0:
                self._records.violation("empty_batch")
                return Answer(40)
            if number > limit:
                self._records.violation("batch_too_large")
                return Answer(42)
        return self._operations.answer(read, session, now, fired)

    def _fault(self, code: str) -> web.Response:
        return web.Response(status=500, body=write_fault(code, self._rng), headers={"Content-Type": CONTENT_TYPE})


async def _read_body(request: web.BaseRequest) -> bytes | None:
    """The body; None when it is larger than the proxy lets through."""
    if (request.content_length or 0) > LARGEST_BODY:
        return None
    chunks = bytearray()
    async for chunk in request.content.iter_any():
        chunks += chunk
        if len(chunks) > LARGEST_BODY:
            return None
    return bytes(chunks)


def _journal_of(read: Request | Refused) -> tuple[tuple[str, ...], dict[str, str]]:
    """What the journal keeps of a request: its keys and harmless parameters, no names, no secrets."""
    if isinstance(read, Refused) or read.operation in _SESSION_OPERATIONS:
        return (), {}
    keys = tuple(read.many(REFERENCE_TAGS.get(read.operation, "")))
    shown = ("CodeSecteur", "CodeAgence", "PeriodeDebut", "PeriodeFin", "DepuisLe")
    parameters = {name: read.values[name][0] for name in shown if name in read.values and name not in _keyed(read)}
    return keys, parameters


def _keyed(read: Request) -> tuple[str, ...]:
    return (REFERENCE_TAGS.get(read.operation, ""),)

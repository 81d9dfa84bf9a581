"""The door of billing: HTTP, call limits, closures, tokens, faults."""

from datetime import datetime
from random import Random
from typing import Final

from aiohttp import web

from gateway.simulator.billing.books import Books
from gateway.simulator.billing.documents import RETRY_SECONDS, Documents, serve
from gateway.simulator.billing.operations import Operations, Reply, ko
from gateway.simulator.billing.rates import Rates
from gateway.simulator.billing.requests import Call, find_route, read_call
from gateway.simulator.billing.tokens import LIFETIME_SECONDS, Tokens
from gateway.simulator.billing.values import dumps
from gateway.simulator.counting import Records
from gateway.simulator.fault_answers import deliver, html_page, strike_before
from gateway.simulator.faults import Faults, Fired
from gateway.simulator.gate import Gate
from gateway.simulator.landlord import Landlord
from gateway.simulator.options import BILLING_SECRET, BILLING_USER, SimulatorOptions
from gateway.simulator.timing import Timing
from gateway.simulator.windows import billing_closed, deposits_closed, local

VERSION: Final = "1.4.2"
_OPEN_DOORS: Final = frozenset({"creerJeton", "sante"})
_MAINTENANCE: Final = {"IsOnline": False, "MaintenancePageUrl": "", "ErrorMessage": "Quittancement en cours"}
_LARGEST_BODY: Final = 256 * 1024


class BillingServer:
    """Billing over HTTP."""

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
        rng = Random(f"{options.seed}/billing")  # noqa: S311 -- disorder, nothing secret
        self.books = Books()
        self.documents = Documents()
        self.tokens = Tokens()
        self._rates = Rates()
        self._operations = Operations(landlord, self.books, self.documents, rng)
        self.nights = options.nights
        self.rate_limits = options.rate_limits

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one HTTP request."""
        route = find_route(request.method, request.path)
        if route is None:
            return html_page(404, "Not Found")
        operation, key = route
        if not operation:
            return html_page(405, "Method Not Allowed")
        call = await self._read(request, operation, key)
        with self._records.call(operation, call.keys, _journal_parameters(call)):
            if operation == "sante":
                return _json((200, dumps(self._health())))
            allowed = self._rates.allows(self._options.now())
            if operation not in _OPEN_DOORS:
                await self._gate.pass_through(operation)
            await self._timing.billing_delay(len(call.keys))
            return await self._answer(request, call, allowed=allowed)

    async def _read(self, request: web.BaseRequest, operation: str, key: str | None) -> Call:
        body = b""
        if request.method == "POST":
            if (request.content_length or 0) > _LARGEST_BODY:
                return Call(operation, errors=[("corps", "corps trop grand")])
            body = await request.read()
            if request.content_type != "application/json":
                self._records.violation("wrong_media_type")
        return read_call(operation, key, request.query, body)

    async def _answer(self, request: web.BaseRequest, call: Call, *, allowed: bool) -> web.StreamResponse:
        if not allowed:
            self._records.violation("over_rate")
            if self.rate_limits:
                return _too_many()
        now = self._options.now()
        if self._is_closed(call.operation, now):
            self._records.violation("call_inside_night")
            return _json((503, dumps(_MAINTENANCE)))
        fired = self._faults.strike(call.operation)
        broken = await strike_before(request, fired, self._options.hanging_seconds)
        if broken is None:
            broken = self._refused_by_fault(request, fired)
        if broken is not None:
            return broken
        refused = self._refusal(request, call, now)
        if refused is not None:
            return _json(refused)
        if call.operation == "telechargerDocument":
            answer = await self._document(request, call.keys[0], now, fired)
        else:
            answer = _json(self._reply(call, now, fired))
        if fired.strikes("ko", after=True):
            answer = _ko(fired)
        if not isinstance(answer, web.Response):
            return answer
        return await deliver(request, answer, fired, self._options.hanging_seconds)

    def _is_closed(self, operation: str, now: datetime) -> bool:
        if not self.nights or operation in _OPEN_DOORS:
            return False
        return billing_closed(now) or (operation == "deposerEncaissement" and deposits_closed(now))

    def _refused_by_fault(self, request: web.BaseRequest, fired: Fired) -> web.Response | None:
        if "maintenance503" in fired:
            return _json((503, dumps(_MAINTENANCE)))
        if "too_many" in fired:
            return _too_many()
        if fired.strikes("ko", after=False):
            return _ko(fired)
        if "expired_token" in fired:
            self.tokens.revoke(_bearer(request) or "")
        return None

    def _refusal(self, request: web.BaseRequest, call: Call, now: datetime) -> Reply | None:
        """401 before 400."""
        if call.operation not in _OPEN_DOORS:
            token = _bearer(request)
            if token is None:
                return 401, dumps({"erreur": "JETON_ABSENT"})
            if not self.tokens.is_alive(token, now):
                return 401, dumps({"erreur": "JETON_EXPIRE"})
        if not call.errors:
            return None
        self._records.violation("bad_request")
        if call.violation is not None:
            self._records.violation(call.violation)
        errors = [{"champ": name, "message": message} for name, message in call.errors]
        return 400, dumps({"erreurs": errors})

    def _reply(self, call: Call, now: datetime, fired: Fired) -> Reply:
        if call.operation != "creerJeton":
            return self._operations.answer(call, now, fired)
        if (call.arguments["identifiant"], call.arguments["secret"]) != (BILLING_USER, BILLING_SECRET):
            return 401, dumps({"erreur": "IDENTIFIANTS_REFUSES"})
        token, revoked = self.tokens.issue(now)
        if revoked:
            self._records.violation("third_token")
        return 200, dumps({"jeton": token, "expireDans": LIFETIME_SECONDS})

    async def _document(
        self, request: web.BaseRequest, notice_id: str, now: datetime, fired: Fired
    ) -> web.StreamResponse:
        found = self._operations.find_notice(notice_id)
        if found is None:
            return _json(ko("FAC-404", "Avis inconnu"))
        _, notice = found
        if self.documents.is_pending(notice, now):
            pending = _json((202, dumps({"statut": "EN_COURS"})))
            pending.headers["Retry-After"] = str(RETRY_SECONDS)
            return pending
        if self.documents.state(notice, now) != "DISPONIBLE":
            return _json(ko("FAC-410", "Document absent"))
        share = float(fired.detail("truncated", "share", 0.5)) if "truncated" in fired else 1.0
        return await serve(request, notice, self.documents.of(notice), sent_share=share)

    def _health(self) -> dict[str, str]:
        return {"statut": "OK", "version": VERSION, "dateComptable": f"{local(self._options.now()):%Y-%m-%d}"}


def _json(reply: Reply) -> web.Response:
    status, text = reply
    return web.Response(status=status, body=text.encode(), content_type="application/json")


def _ko(fired: Fired) -> web.Response:
    return _json(ko(str(fired.detail("ko", "code", "FAC-500")), "Erreur"))


def _too_many() -> web.Response:
    return web.Response(status=429, text="Trop d'appels")


def _bearer(request: web.BaseRequest) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def _journal_parameters(call: Call) -> dict[str, str]:
    shown = ("du", "au", "page", "taille", "since", "account", "cents")
    return {name: str(call.arguments[name]) for name in shown if call.arguments.get(name) is not None}

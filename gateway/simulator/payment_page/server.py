"""The door of the payment page: the form, the payer's choice, the way back, and the back office's journal."""

import base64
import binascii
import re
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from gateway.simulator.options import PAYMENT_PASSWORD, PAYMENT_PATH
from gateway.simulator.payment_page import pages
from gateway.simulator.payment_page.answers import CARDS
from gateway.simulator.payment_page.forms import LARGEST_BODY, FormRefused, read_fields
from gateway.simulator.payment_page.journal import write_journal
from gateway.simulator.payment_page.payment_page import PaymentPage, Return
from gateway.simulator.payment_page.transactions import Outcome, Transaction

JOURNAL_PATH: Final = "/vads-merchant/transactions.csv"
_PAYER: Final = re.compile(re.escape(PAYMENT_PATH) + "exec/([0-9a-f]{24})")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


class PaymentServer:
    """The payment page over HTTP."""

    def __init__(self, page: PaymentPage) -> None:
        self._page = page

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one HTTP request."""
        asked = (request.method, request.path)
        if asked == ("POST", PAYMENT_PATH):
            return await self._form(request)
        if asked == ("GET", PAYMENT_PATH + "page.css"):
            return web.Response(text=pages.STYLE, content_type="text/css")
        if asked == ("GET", JOURNAL_PATH):
            return self._journal(request)
        payer = _PAYER.fullmatch(request.path)
        transaction = self._page.transactions.with_token(payer[1]) if payer else None
        if transaction is None or request.method not in {"GET", "POST"}:
            return _html(pages.missing(), status=404)
        if request.method == "POST":
            return await self._choice(request, transaction)
        return self._shown(transaction)

    async def _form(self, request: web.BaseRequest) -> web.Response:
        try:
            transaction = self._page.open(await _fields(request))
        except FormRefused as refused:
            return _html(pages.refusal(refused, self._page.shop), status=400)
        return _see_other(f"{PAYMENT_PATH}exec/{transaction.token}")

    async def _choice(self, request: web.BaseRequest, transaction: Transaction) -> web.Response:
        try:
            chosen = await _fields(request)
            outcome, brand = Outcome(chosen.get("outcome", "")), chosen.get("brand", "CB")
        except ValueError:
            return _html(pages.missing(), status=400)
        if brand not in CARDS:
            return _html(pages.missing(), status=400)
        await self._page.decide(transaction, outcome, brand)
        return _see_other(request.path)

    def _shown(self, transaction: Transaction) -> web.Response:
        self._page.end_sessions()
        if transaction.status is None:
            return _html(pages.payment(transaction, self._page.shop))
        back = self._page.way_back(transaction)
        return _html(pages.result(transaction, self._page.shop, back), back)

    def _journal(self, request: web.BaseRequest) -> web.Response:
        """``du`` and ``au`` are UTC days, today unless told."""
        if not _is_merchant(request, self._page.shop.site_id):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="vads-merchant"'})
        now = self._page.now()
        try:
            since, until = (date.fromisoformat(request.query.get(name, f"{now:%Y-%m-%d}")) for name in ("du", "au"))
        except ValueError:
            return web.Response(status=400, text="du, au : AAAA-MM-JJ")
        text = write_journal(self._page.transactions.all, self._page.shop, since, until, now)
        return web.Response(text=text, content_type="text/csv", headers=_HEADERS)


async def _fields(request: web.BaseRequest) -> dict[str, str]:
    if (request.content_length or 0) > LARGEST_BODY:
        raise FormRefused("99", "", "formulaire trop grand")
    if request.content_type != "application/x-www-form-urlencoded":
        raise FormRefused("99", "", "formulaire application/x-www-form-urlencoded attendu")
    return read_fields(await request.read())


def _is_merchant(request: web.BaseRequest, site_id: str) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        return kind == "Basic" and base64.b64decode(given, validate=True).decode() == f"{site_id}:{PAYMENT_PASSWORD}"
    except (binascii.Error, UnicodeDecodeError):
        return False


def _html(text: str, back: Return | None = None, *, status: int = 200) -> web.Response:
    """A page; its only form that leaves is the one back to the shop."""
    policy = _POLICY
    if back is not None and back.method == "POST":
        target = urlsplit(back.address)
        policy += f" {target.scheme}://{target.netloc}"
    headers = _HEADERS | {"Content-Security-Policy": policy}
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def _see_other(path: str) -> web.Response:
    return web.Response(status=303, headers=_HEADERS | {"Location": path})

"""Every operation of billing: one method each, batches split at the contract's limits."""

import logging
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from gateway.clients.base import Answer, Request, Upstream, log_outcomes, log_upstream_error
from gateway.clients.batches import fetch_in_batches
from gateway.clients.billing import parsing
from gateway.clients.billing.access import Access
from gateway.clients.billing.codes import PAYMENT_MODES
from gateway.clients.billing.refusals import (
    DOCUMENT_MISSING,
    REFERENCE_TAKEN,
    UNKNOWN,
    Ko,
    raise_for_ko,
    refusal_error,
    status_error,
)
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.balance import Balance
from gateway.models.dates import YearMonth
from gateway.models.due_notice import DocumentPending, DocumentStream, DueNotice
from gateway.models.freshness import SourceSystem
from gateway.models.ledger import LedgerPage
from gateway.models.payment import Deposit, DepositReceipt, DepositRefusal, DepositStatus
from gateway.sharing.kept_secrets import Keeper

MAX_ACCOUNTS = 100  # POST /comptes/recherche
MAX_NOTICE_ACCOUNTS = 25  # POST /avis-echeance/recherche
LEDGER_PAGE_SIZE = 50
_DOCUMENT_HEADERS = ("ETag", "Content-Length", "Content-Range", "Accept-Ranges")
_MODE_CODES = {mode: code for code, mode in PAYMENT_MODES.items()}

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Billing:
    """Batch methods give an outcome for every key: the model, None where billing does not know the key, or an error.

    Single methods raise UpstreamError. A refused token is renewed once within the call's deadline.
    """

    def __init__(self, upstream: Upstream, url: str, *, user: str, secret: str, keeper: Keeper | None = None) -> None:
        self.health = upstream.health
        self._upstream = upstream
        self._url = url
        self._access = Access(upstream, url, user=user, secret=secret, keeper=keeper)

    async def fetch_balance(self, account_number: str) -> Balance | None:
        """One rent account; None where unknown."""
        operation = "lireCompte"

        def parse(body: bytes) -> Balance:
            return parsing.parse_balance(operation, body, self._upstream.clock(), account_number)

        return await self._read(operation, f"/comptes/{quote(account_number, safe='')}", parse)

    async def fetch_balances(self, account_numbers: Sequence[str]) -> dict[str, Balance | UpstreamError | None]:
        """Rent accounts by number."""
        operation = "rechercherComptes"
        ask = partial(self._ask_balances, operation)
        with self._upstream.one_deadline():
            found = await fetch_in_batches(account_numbers, ask, limit=MAX_ACCOUNTS, silence_answers=False)
        silent = UpstreamMalformed(SourceSystem.BILLING, operation, "nothing said of a key, twice")
        if any(number not in found for number in account_numbers):
            log_upstream_error(silent)
        return {number: found.get(number, silent) for number in account_numbers}

    async def fetch_ledger_page(
        self, account_number: str, page: int, *, from_date: date | None = None, to_date: date | None = None
    ) -> LedgerPage | None:
        """A page of 50 entries, newest first, from page 0; None where the account is unknown. Pages drift."""
        operation = "listerMouvements"
        query = {"page": str(page), "taille": str(LEDGER_PAGE_SIZE)}
        if from_date is not None:
            query["du"] = from_date.isoformat()
        if to_date is not None:
            query["au"] = to_date.isoformat()

        def parse(body: bytes) -> LedgerPage:
            return parsing.parse_ledger_page(operation, body, self._upstream.clock(), account_number)

        return await self._read(operation, f"/comptes/{quote(account_number, safe='')}/mouvements", parse, query)

    async def fetch_due_notices(
        self, account_numbers: Sequence[str], since: YearMonth
    ) -> dict[str, tuple[DueNotice, ...] | UpstreamError | None]:
        """Notices with their lines by account, newest first, from that month on; an empty tuple where none are."""
        operation = "rechercherAvis"
        ask = partial(self._ask_notices, operation, since)
        with self._upstream.one_deadline():
            found = await fetch_in_batches(account_numbers, ask, limit=MAX_NOTICE_ACCOUNTS, silence_answers=True)
        return {number: found.get(number, ()) for number in account_numbers}

    async def fetch_due_notice(self, number: str) -> DueNotice | None:
        """One notice; None where unknown."""
        operation = "lireAvis"

        def parse(body: bytes) -> DueNotice:
            return parsing.parse_due_notice(operation, body, self._upstream.clock(), number)

        return await self._read(operation, f"/avis-echeance/{quote(number, safe='')}", parse)

    @asynccontextmanager
    async def open_document(
        self, number: str, headers: Mapping[str, str]
    ) -> AsyncIterator[DocumentStream | DocumentPending | None]:
        """A notice's PDF as a stream; None where there is none. `headers`: Range, If-Range, If-None-Match to pass on.

        The deadline holds for the head of the answer, and again for each next piece of the body.
        """
        operation = "telechargerDocument"
        path = f"/avis-echeance/{quote(number, safe='')}/document"
        request = Request(operation, "GET", self._url + path, headers)

        async def attempt() -> tuple[aiohttp.ClientResponse, DocumentStream | DocumentPending | None]:
            response = await self._access.send(request, self._upstream.open)
            try:
                return response, await self._document(operation, response)
            except BaseException:
                response.close()
                raise

        response, document = await self._upstream.ask(operation, attempt)
        try:
            yield document
        finally:
            response.close()

    async def post_deposit(self, deposit: Deposit) -> DepositReceipt | DepositRefusal:
        """Deposits a payment, once. After an UpstreamError it may have been taken: repeat the same, or ask."""
        operation = "deposerEncaissement"
        body = msgspec.json.encode(
            {
                "numeroCompte": deposit.account_number,
                "montant": msgspec.Raw(str(deposit.amount.amount).encode()),
                "mode": _MODE_CODES[deposit.mode],
                "referenceExterne": deposit.external_reference,
                "dateValeur": deposit.value_date,
            }
        )
        refusals = {UNKNOWN: DepositRefusal.UNKNOWN_ACCOUNT, REFERENCE_TAKEN: DepositRefusal.REFERENCE_TAKEN}
        request = Request(operation, "POST", f"{self._url}/encaissements", {}, body, urgent=True)

        async def attempt() -> DepositReceipt | DepositRefusal:
            try:
                answer = await self._ask(request, statuses={200, 202, 400})
            except Ko as ko:
                if (refusal := refusals.get(ko.code)) is None:
                    raise refusal_error(operation, ko.code) from None
                return refusal
            if answer.status == 400:  # a field that it does not take today it will not take tomorrow
                logger.error("billing refuses a deposit as malformed")
                return DepositRefusal.MALFORMED
            return parsing.parse_deposit_receipt(operation, answer.body)

        return await self._upstream.ask(operation, attempt, repeatable=False)

    async def fetch_deposit_status(self, external_reference: str) -> DepositStatus | None:
        """How far a deposit has come; None where billing never received it."""
        operation = "suivreEncaissement"

        def parse(body: bytes) -> DepositStatus | None:
            return parsing.parse_deposit_status(operation, body, external_reference)

        return await self._read(operation, "/encaissements", parse, {"referenceExterne": external_reference})

    async def fetch_health(self) -> bool:
        """Whether anything answers at the address; billing's own word on its health is worth nothing."""
        operation = "sante"
        request = Request(operation, "GET", f"{self._url}/sante", {})
        answer = await self._upstream.ask(operation, lambda: self._upstream.send(request))
        return answer.status == 200

    async def _ask_balances(self, operation: str, numbers: Sequence[str]) -> dict[str, Balance | UpstreamError | None]:
        question = {"numerosCompte": list(numbers)}
        return await self._search(operation, "/comptes/recherche", question, parsing.parse_balances)

    async def _ask_notices(
        self, operation: str, since: YearMonth, numbers: Sequence[str]
    ) -> dict[str, tuple[DueNotice, ...] | UpstreamError | None]:
        question = {"numerosCompte": list(numbers), "depuisPeriode": since.year * 100 + since.month}
        return await self._search(operation, "/avis-echeance/recherche", question, parsing.parse_due_notices)

    async def _search(
        self,
        operation: str,
        path: str,
        question: object,
        parse: Callable[[str, bytes, datetime], dict[str, T | UpstreamError | None]],
    ) -> dict[str, T | UpstreamError | None]:
        request = Request(operation, "POST", self._url + path, {}, msgspec.json.encode(question))

        async def attempt() -> dict[str, T | UpstreamError | None]:
            try:
                return parse(operation, (await self._ask(request)).body, self._upstream.clock())
            except Ko as ko:
                raise refusal_error(operation, ko.code) from None

        found = await self._upstream.ask(operation, attempt)
        log_outcomes(SourceSystem.BILLING, operation, found.values())
        return found

    async def _read(
        self, operation: str, path: str, parse: Callable[[bytes], T], query: Mapping[str, str] | None = None
    ) -> T | None:
        request = Request(operation, "GET", self._url + path, {}, query=query)

        async def attempt() -> T | None:
            try:
                return parse((await self._ask(request)).body)
            except Ko as ko:
                if ko.code == UNKNOWN:
                    return None
                raise refusal_error(operation, ko.code) from None

        return await self._upstream.ask(operation, attempt)

    async def _ask(self, request: Request, statuses: Container[int] = (200,)) -> Answer:
        """An answer of one of these statuses that is no KO. Raises Ko and UpstreamError."""
        answer = await self._access.send(request, self._upstream.send)
        if answer.status not in statuses:
            raise status_error(request.operation, answer)
        raise_for_ko(request.operation, answer.body)
        return answer

    async def _document(
        self, operation: str, response: aiohttp.ClientResponse
    ) -> DocumentStream | DocumentPending | None:
        is_pdf = response.content_type == "application/pdf"
        if response.status in {304, 416} or (response.status in {200, 206} and is_pdf):
            headers = {name: response.headers[name] for name in _DOCUMENT_HEADERS if name in response.headers}
            return DocumentStream(response.status, headers, self._upstream.pieces(operation, response))
        answer = await self._upstream.whole(operation, response)
        if response.status == 202:
            return DocumentPending(_seconds(response.headers.get("Retry-After", "")))
        if response.status != 200:
            raise status_error(operation, answer)
        try:
            raise_for_ko(operation, answer.body)
        except Ko as ko:
            if ko.code in {UNKNOWN, DOCUMENT_MISSING}:
                return None
            raise refusal_error(operation, ko.code) from None
        raise UpstreamMalformed(SourceSystem.BILLING, operation, "neither a PDF nor a KO")


def _seconds(retry_after: str) -> int:
    return max(1, min(int(retry_after), 60)) if retry_after.isascii() and retry_after.isdigit() else 2

"""`GET /documents/…`: a notice's PDF, piece by piece from billing to who holds its address; nothing of it is kept."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.callers import SESSION_COOKIE
from gateway.context import Services, tenant_of
from gateway.cors import cors_headers
from gateway.document_answer import DocumentAnswer, conditions_of
from gateway.errors import Unauthenticated, UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamTimeout
from gateway.loaders import Loaders
from gateway.locale import translate
from gateway.models.due_notice import DocumentPending, DueNotice
from gateway.models.money import Locale
from gateway.models.principal import Principal
from gateway.negotiation import JSON, caller_locale
from gateway.presenting import describe, internal_error, log_unexpected
from gateway.refusal import Answer, Refusal
from gateway.soon import come

AT_ONCE: Final = 64
"""Documents under way in a process; each holds some hundred kilobytes."""
AT_ONCE_EACH: Final = 4
"""Of these, for one account: who reads slowly must not keep the others out."""


def document_route() -> Route:
    """The route; the application's state holds the `documents` endpoint once it has started."""
    return Route("/documents/{_:path}", _Started())


class DocumentEndpoint:
    """The address of documents. It needs neither cookie nor bearer: the address is what its session was given."""

    def __init__(self, services: Services, build_loaders: Callable[[], Loaders]) -> None:
        self._services = services
        self._build_loaders = build_loaders
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application. A client that goes away ends the call to billing."""
        answering = asyncio.ensure_future(self._serve(scope, receive, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.wait([answering, leaving])

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        async with AsyncExitStack() as stack:
            response = await self._respond(request, stack)
            await response(scope, receive, send)

    async def _respond(self, request: Request, stack: AsyncExitStack) -> Response:
        """What goes back; what it is read from stays open as long as the stack."""
        locale = caller_locale(request.headers.get("accept-language"))
        try:
            response = await self._open(request, locale, stack)
        except Refusal as refusal:
            response = refusal.answer().response(JSON)
        except UpstreamError as error:
            response = _failure(error, locale).answer().response(JSON)
        except Exception as error:  # the last line of defence: masked to the caller, loud in the log
            request_id = uuid.uuid4().hex
            log_unexpected(error, f"document {request_id}")
            response = Answer(500, {"errors": [internal_error(locale, request_id)]}).response(JSON)
        for name, value in cors_headers(request, self._services.settings.cors_origins):
            response.headers.append(name, value)
        return response

    async def _open(self, request: Request, locale: Locale, stack: AsyncExitStack) -> Response:
        if request.method not in {"GET", "HEAD"}:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "Ask with GET.", Allow="GET, HEAD")
        found = await self._find(request)
        if found is None:
            raise _nothing_there(locale)
        principal, notice = found
        stack.enter_context(self._place(principal.account_id, locale))
        documents = self._services.documents
        document = await stack.enter_async_context(documents.open(notice.number, conditions_of(request)))
        if document is None:
            raise _nothing_there(locale)
        if isinstance(document, DocumentPending):
            headers = [("Retry-After", str(document.retry_after_seconds))]
            return Answer(202, {"ready": False}, headers).response(JSON)
        return DocumentAnswer(document, notice.file_name)

    async def _find(self, request: Request) -> tuple[Principal, DueNotice] | None:
        """Whose session the address was made for, and the notice among those of that tenant."""
        # To the last character; a path parameter comes without a line feed at its end.
        address = request.scope["path"].partition("/documents/")[2]
        wanted = await self._services.documents.find(address)
        if wanted is None or await self._is_anothers(request, wanted.principal):
            return None
        tenant = tenant_of(wanted.principal)
        notices = await come(self._build_loaders().due_notices.load(tenant.account_number)) or ()
        notice = next((notice for notice in notices if notice.number == wanted.number), None)
        return None if notice is None else (wanted.principal, notice)

    async def _is_anothers(self, request: Request, principal: Principal) -> bool:
        """Whether somebody else is signed in where the address is opened. A session that is over says nothing."""
        accounts = self._services.accounts
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        shown = [
            (accounts.principal_for_cookie, request.cookies.get(SESSION_COOKIE)),
            (accounts.principal_for_bearer, token.strip() if scheme.lower() == "bearer" else None),
        ]
        for find_principal, credential in shown:
            try:
                if credential and (await find_principal(credential)).account_id != principal.account_id:
                    return True
            except Unauthenticated:
                continue
        return False

    @contextmanager
    def _place(self, account_id: str, locale: Locale) -> Iterator[None]:
        """One of the places for documents under way. Raises Refusal where there is none: nobody waits for one."""
        if self._under_way.total() >= AT_ONCE or self._under_way[account_id] >= AT_ONCE_EACH:
            raise Refusal(503, "OVERLOADED", translate(locale, "OVERLOADED"), Retry_After="5")
        self._under_way[account_id] += 1
        try:
            yield
        finally:
            self._under_way[account_id] -= 1
            self._under_way += Counter()  # forgets whoever has none


class _Started:
    """An object, so that every method reaches the endpoint."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.documents(scope, receive, send)


async def _left(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _nothing_there(locale: Locale) -> Refusal:
    """One answer, whatever is wrong with the address."""
    return Refusal(404, "NOT_FOUND", translate(locale, "document_not_found"))


def _failure(error: UpstreamError, locale: Locale) -> Refusal:
    message, about = describe(error, locale), {"upstream": error.system.value}
    if isinstance(error, UpstreamTimeout | UpstreamMalformed):
        return Refusal(504 if isinstance(error, UpstreamTimeout) else 502, error.code, message, extensions=about)
    retry = "600" if isinstance(error, UpstreamClosed) else "5"
    return Refusal(503, error.code, message, extensions=about, Retry_After=retry)

"""GraphQL over HTTP: negotiate, limit, find out who is asking, run the operation, answer."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import graphql
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.accounts.app_versions import find_outdated
from gateway.callers import (
    SESSION_COOKIE,
    Asked,
    comes_by_trusted_proxy,
    device_cookie,
    is_from_own_site,
    read_caller,
    session_cookie,
)
from gateway.context import Context, NewCookies, Services
from gateway.cors import cors_headers, is_preflight, preflight_answer
from gateway.documents import Documents, Prepared
from gateway.errors import Overloaded, Unauthenticated
from gateway.hanging_up import while_there
from gateway.loaders import Loaders
from gateway.locale import translate
from gateway.models.account import Caller
from gateway.models.money import Locale
from gateway.models.principal import Principal
from gateway.negotiation import GRAPHQL_RESPONSE, answer_type, wants_anew, wants_html
from gateway.presenting import internal_error, log_overloaded, log_unexpected, present_errors
from gateway.reading import GraphQLRequest, read_address, read_body
from gateway.refusal import Answer, Refusal
from gateway.sight import Served, known_request_id


@dataclass(slots=True)
class Endpoint:
    """`POST /graphql`, and GET where it is switched on; `page` answers a browser that asks with GET."""

    schema: graphql.GraphQLSchema
    services: Services
    build_loaders: Callable[[Principal | None], Loaders]
    new_request_id: Callable[[], str]
    page: Callable[[Request], Awaitable[Response]] | None = None
    timer: Callable[[], float] = time.perf_counter
    under_way: int = field(default=0, init=False)
    documents: Documents = field(init=False)

    def __post_init__(self) -> None:
        self.documents = Documents(self.schema, self.services.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application; it raises nothing of its own accord."""
        request, origins = Asked(scope, receive), self.services.settings.cors_origins
        accept = request.headers.get("accept")
        if origins and request.method == "OPTIONS" and is_preflight(Request(scope)):
            await preflight_answer(Request(scope), origins)(scope, receive, send)
        elif self.page is not None and request.method == "GET" and wants_html(accept):
            await (await self.page(Request(scope, receive)))(scope, receive, send)
        else:
            media_type = answer_type(accept)
            answer = await self._answer_seen(request, media_type)
            if origins:
                answer.headers += cors_headers(Request(scope), origins)
            await answer.send(send, media_type or GRAPHQL_RESPONSE)

    async def _answer_seen(self, request: Asked, media_type: str | None) -> Answer:
        known = comes_by_trusted_proxy(request, self.services.settings.trusted_networks)
        headers = request.headers if known else {}
        began, request_id = self.timer(), known_request_id(headers) or self.new_request_id()
        with Served(request_id, request.method, request.scope["scheme"], "/graphql", headers) as served:
            try:
                answer = await self._guarded(request, media_type, served)
            except ClientDisconnect:
                answer = Answer(499, {})
            served.status, served.codes, served.seconds = answer.status, answer.codes, self.timer() - began
        answer.headers.append(("X-Request-Id", request_id))
        return answer

    async def _guarded(self, request: Asked, media_type: str | None, served: Served) -> Answer:
        """The answer, whatever happens; with application/json older clients get 200 for all well-formed GraphQL."""
        caller = read_caller(request, self.services.settings.trusted_networks)
        try:
            if media_type is None:
                raise Refusal(406, "NOT_ACCEPTABLE", "This address answers with JSON.")
            answer, about_document = await self._answer(request, caller, served), True
        except Refusal as refusal:
            answer, about_document = refusal.answer(), refusal.about_document
        except Overloaded as error:
            log_overloaded(error)
            overloaded = Refusal(503, error.code, translate(caller.locale, error.code), Retry_After="1")
            answer, about_document = overloaded.answer(), False
        except ClientDisconnect:
            raise
        except Exception as error:  # the last line of defence: masked to the caller, loud in the log
            log_unexpected(error, f"request {served.request_id}")
            answer, about_document = Answer(500, {"errors": [internal_error(caller.locale, served.request_id)]}), False
        if about_document and media_type != GRAPHQL_RESPONSE:
            answer.status = 200
        return answer

    async def _answer(self, request: Asked, caller: Caller, served: Served) -> Answer:
        settings, headers = self.services.settings, request.headers
        name, version = headers.get("apollographql-client-name"), headers.get("apollographql-client-version")
        if (newer := find_outdated(settings, name, version)) is not None:
            message = translate(caller.locale, "CLIENT_OUTDATED")
            raise Refusal(426, "CLIENT_OUTDATED", message, extensions={"storeUrl": newer.store_url})
        # Who sends slowly is not under way: others must not be shed for it.
        question = await read_body(request, settings) if request.method == "POST" else self._read_address(request)
        self.under_way += 1
        try:
            if self.under_way > settings.max_requests_at_once:
                raise Refusal(503, "OVERLOADED", translate(caller.locale, "OVERLOADED"), Retry_After="1")
            return await self._answer_question(request, question, caller, served)
        finally:
            self.under_way -= 1

    async def _answer_question(
        self, request: Asked, question: GraphQLRequest, caller: Caller, served: Served
    ) -> Answer:
        settings = self.services.settings
        from_own_site = is_from_own_site(request, settings.public_origin, settings.cors_origins)
        principal = await self._principal(request, caller.locale, from_own_site, changing="mutation" in question.query)
        prepared = self.documents.prepare(question.query, question.operationName)
        kind = prepared.operation.kind
        served.run(prepared.operation.name, kind.value)
        if request.method != "POST" and kind is not graphql.OperationType.QUERY:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "Only queries are answered to GET; use POST.", Allow="POST")
        loaders = self.build_loaders(principal if wants_anew(request.headers.get("cache-control")) else None)
        context = Context(principal, loaders, self.services, caller, from_own_site)
        with served.running():
            return await self._run(request, prepared, question, context, served.request_id)

    async def _run(
        self, request: Asked, prepared: Prepared, question: GraphQLRequest, context: Context, request_id: str
    ) -> Answer:
        run = self.documents.start(prepared, context, question.variables or {})
        finishing = self.documents.finish(prepared, run)
        if prepared.operation.kind is graphql.OperationType.QUERY:
            result = await while_there(request.exchange, finishing)
        else:
            result = await finishing  # a change is never left half done
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            max_errors = self.services.settings.max_errors
            body["errors"] = present_errors(result.errors, context.locale, request_id, max_errors)
        forbidden = result.data is None and _all_forbidden(body["errors"])
        return Answer(403 if forbidden else 200, body, _cookie_headers(context.cookies))

    def _read_address(self, request: Asked) -> GraphQLRequest:
        if request.method == "GET" and self.services.settings.get_queries:
            return read_address(request)
        allowed = "GET, POST" if self.services.settings.get_queries else "POST"
        raise Refusal(405, "METHOD_NOT_ALLOWED", "Ask with POST.", Allow=allowed)

    async def _principal(
        self, request: Asked, locale: Locale, from_own_site: bool, *, changing: bool
    ) -> Principal | None:
        authorization, cookie = request.headers.get("authorization"), request.cookie(SESSION_COOKIE)
        if authorization is not None and cookie is not None:
            raise Refusal(400, "BAD_REQUEST", "Send a session cookie or a bearer token, not both.")
        if authorization is not None:
            return await self._bearer(authorization, locale, changing)
        if cookie is None:
            return None
        if not from_own_site:
            raise Refusal(403, "FORBIDDEN", translate(locale, "csrf"))
        try:
            return await self.services.accounts.principal_for_cookie(cookie, changing=changing)
        except Unauthenticated:
            message = translate(locale, "session_expired")
            raise Refusal(401, "UNAUTHENTICATED", message, Set_Cookie=session_cookie(None)) from None

    async def _bearer(self, authorization: str, locale: Locale, changing: bool) -> Principal:
        scheme, _, token = authorization.partition(" ")
        try:
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated
            return await self.services.accounts.principal_for_bearer(token.strip(), changing=changing)
        except Unauthenticated:
            challenge = 'Bearer error="invalid_token"'
            message = translate(locale, "session_expired")
            raise Refusal(401, "UNAUTHENTICATED", message, WWW_Authenticate=challenge) from None


def _all_forbidden(errors: list[dict[str, Any]]) -> bool:
    return all(error["extensions"]["code"] == "FORBIDDEN" for error in errors)


def _cookie_headers(cookies: NewCookies) -> list[tuple[str, str]]:
    headers = []
    if cookies.session is not None or cookies.session_ended:
        headers.append(("Set-Cookie", session_cookie(cookies.session)))
    if cookies.device is not None:
        headers.append(("Set-Cookie", device_cookie(cookies.device)))
    return headers

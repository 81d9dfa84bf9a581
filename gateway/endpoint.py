"""GraphQL over HTTP: negotiate, limit, find out who is asking, run the operation, answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import graphql
import msgspec
from graphql.execution import Executor
from graphql.validation.rules import overlapping_fields_can_be_merged
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.accounts.app_versions import find_outdated
from gateway.callers import (
    SESSION_COOKIE,
    device_cookie,
    is_from_own_site,
    read_caller,
    session_cookie,
)
from gateway.context import Context, NewCookies, Services
from gateway.errors import Unauthenticated
from gateway.loaders import Loaders
from gateway.locale import translate
from gateway.models.account import Caller
from gateway.models.money import Locale
from gateway.models.principal import Principal
from gateway.negotiation import GRAPHQL_RESPONSE, answer_type, is_json, wants_html
from gateway.presenting import internal_error, log_unexpected, present_errors, present_refusals
from gateway.schema.alone import StandsAlone

MAX_TOKENS = 4_000
# Of graphql-core's own default a small document can burn half a second.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000
RULES = (*graphql.specified_rules, StandsAlone)


class GraphQLRequest(msgspec.Struct):
    """The body of a request."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


class Refusal(Exception):
    """The request is answered without running anything."""

    def __init__(
        self, status: int, code: str, message: str = "", *, extensions: dict[str, Any] | None = None, **headers: str
    ) -> None:
        super().__init__(code)
        self.status = status
        self.errors: list[dict[str, Any]] = [{"message": message, "extensions": {"code": code} | (extensions or {})}]
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]

    @property
    def about_document(self) -> bool:
        """Whether the HTTP request was fine and the GraphQL in it was not."""
        return self.status == 422 or self.errors[0]["extensions"]["code"] in {"GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT"}

    @classmethod
    def of(cls, status: int, code: str, errors: list[graphql.GraphQLError]) -> "Refusal":
        """A refusal with the errors that graphql-core found."""
        refusal = cls(status, code)
        refusal.errors = present_refusals(errors, code)
        return refusal


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`POST /graphql`; `page` answers a browser that asks with GET."""

    schema: graphql.GraphQLSchema
    services: Services
    build_loaders: Callable[[], Loaders]
    new_request_id: Callable[[], str]
    page: Callable[[Request], Awaitable[Response]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answers one HTTP request; never raises."""
        request_id = self.new_request_id()
        caller = read_caller(request, self.services.settings.trusted_networks)
        media_type = answer_type(request.headers.get("accept"))
        try:
            if request.method != "POST":
                return await self._other_method(request)
            if media_type is None:
                raise Refusal(406, "NOT_ACCEPTABLE", "This address answers with JSON.")
            answer = await self._answer(request, caller, request_id)
            if media_type != GRAPHQL_RESPONSE:
                answer.status = 200
        except Refusal as refusal:
            answer = Answer(refusal.status, {"errors": refusal.errors}, refusal.headers)
            if media_type != GRAPHQL_RESPONSE and refusal.about_document:
                answer.status = 200  # what older clients expect of every well-formed GraphQL answer
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:  # the last line of defence: masked to the caller, loud in the log
            log_unexpected(error, f"request {request_id}")
            answer = Answer(500, {"errors": [internal_error(caller.locale, request_id)]})
        answer.headers.append(("X-Request-Id", request_id))
        return answer.response(media_type or GRAPHQL_RESPONSE)

    async def _answer(self, request: Request, caller: Caller, request_id: str) -> "Answer":
        name, version = (request.headers.get(f"apollographql-client-{what}") for what in ("name", "version"))
        if (newer := find_outdated(self.services.settings, name, version)) is not None:
            message = translate(caller.locale, "CLIENT_OUTDATED")
            raise Refusal(426, "CLIENT_OUTDATED", message, extensions={"storeUrl": newer.store_url})
        question = await self._read(request)
        from_own_site = is_from_own_site(request, self.services.settings.public_origin)
        principal = await self._principal(request, caller.locale, from_own_site, changing="mutation" in question.query)
        context = Context(principal, self.build_loaders(), self.services, caller, from_own_site)
        executor = Executor.build(
            self.schema,
            self._document(question),
            context_value=context,
            raw_variable_values=question.variables or {},
            operation_name=question.operationName,
            max_coercion_errors=5,
        )
        if isinstance(executor, list):
            raise Refusal.of(400, "BAD_USER_INPUT", executor)
        running = executor.execute_operation()
        result = cast("graphql.ExecutionResult", await running if isinstance(running, Awaitable) else running)
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = present_errors(result.errors, caller.locale, request_id)
        forbidden = result.data is None and _all_forbidden(body["errors"])
        return Answer(403 if forbidden else 200, body, _cookie_headers(context.cookies))

    async def _read(self, request: Request) -> GraphQLRequest:
        if not is_json(request.headers.get("content-type", "")):
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request as application/json, in UTF-8.")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > (longest := self.services.settings.max_body_bytes):
                message = f"The request is longer than {longest} bytes."
                raise Refusal(413, "PAYLOAD_TOO_LARGE", message, Connection="close")
        try:
            return msgspec.json.decode(bytes(body), type=GraphQLRequest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            message = 'The body must be a JSON object with a "query", and "variables" that are an object.'
            raise Refusal(400, "BAD_REQUEST", message) from None

    async def _principal(
        self, request: Request, locale: Locale, from_own_site: bool, *, changing: bool
    ) -> Principal | None:
        authorization, cookie = request.headers.get("authorization"), request.cookies.get(SESSION_COOKIE)
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

    def _document(self, question: GraphQLRequest) -> graphql.DocumentNode:
        try:
            document = graphql.parse(question.query, max_tokens=MAX_TOKENS)
        except graphql.GraphQLError as error:
            raise Refusal.of(400, "GRAPHQL_PARSE_FAILED", [error]) from None
        except RecursionError:
            raise Refusal(400, "GRAPHQL_PARSE_FAILED", "The document is nested too deeply.") from None
        if errors := graphql.validate(self.schema, document, RULES, max_errors=20):
            raise Refusal.of(422, "GRAPHQL_VALIDATION_FAILED", errors)
        operation = graphql.get_operation_ast(document, question.operationName)
        if operation is None:
            raise Refusal(422, "OPERATION_NOT_FOUND", "Name one of the document's operations in operationName.")
        return document

    async def _other_method(self, request: Request) -> Response:
        if self.page is not None and request.method == "GET" and wants_html(request.headers.get("accept")):
            return await self.page(request)
        raise Refusal(405, "METHOD_NOT_ALLOWED", "Ask with POST.", Allow="POST")


@dataclass(slots=True)
class Answer:
    """What goes back: status, JSON, headers."""

    status: int
    body: dict[str, Any]
    headers: list[tuple[str, str]] = field(default_factory=list)

    def response(self, media_type: str) -> Response:
        """As Starlette sends it."""
        response = Response(msgspec.json.encode(self.body), self.status, media_type=f"{media_type}; charset=utf-8")
        response.headers["Cache-Control"] = "no-store"
        for name, value in self.headers:
            response.headers.append(name, value)
        return response


def _all_forbidden(errors: list[dict[str, Any]]) -> bool:
    return all(error["extensions"]["code"] == "FORBIDDEN" for error in errors)


def _cookie_headers(cookies: NewCookies) -> list[tuple[str, str]]:
    headers = []
    if cookies.session is not None or cookies.session_ended:
        headers.append(("Set-Cookie", session_cookie(cookies.session)))
    if cookies.device is not None:
        headers.append(("Set-Cookie", device_cookie(cookies.device)))
    return headers

"""GraphQL over HTTP: negotiate, limit, find out who is asking, run the operation, answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import graphql
import msgspec
from graphql.execution import Executor
from graphql.validation.rules import overlapping_fields_can_be_merged
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.context import Context, Services
from gateway.errors import Unauthenticated
from gateway.loaders import Loaders
from gateway.models.money import Locale
from gateway.models.principal import Principal
from gateway.negotiation import GRAPHQL_RESPONSE, answer_type, caller_locale, is_json, wants_html
from gateway.presenting import internal_error, log_unexpected, present_errors, present_refusals

MAX_TOKENS = 4_000
# Of graphql-core's own default a small document can burn half a second.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000


class GraphQLRequest(msgspec.Struct):
    """The body of a request."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


class Refusal(Exception):
    """The request is answered without running anything."""

    def __init__(self, status: int, code: str, message: str = "", **headers: str) -> None:
        super().__init__(code)
        self.status = status
        self.errors: list[dict[str, Any]] = [{"message": message, "extensions": {"code": code}}]
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

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
    """`POST /graphql`. `authenticate` gives the principal of a bearer token or raises Unauthenticated."""

    schema: graphql.GraphQLSchema
    services: Services
    build_loaders: Callable[[], Loaders]
    authenticate: Callable[[str], Awaitable[Principal]]
    new_request_id: Callable[[], str]
    max_body_bytes: int
    page: Callable[[Request], Awaitable[Response]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answers one HTTP request; never raises."""
        request_id = self.new_request_id()
        media_type = answer_type(request.headers.get("accept"))
        locale = caller_locale(request.headers.get("accept-language"))
        try:
            if request.method != "POST":
                return await self._other_method(request)
            if media_type is None:
                raise Refusal(406, "NOT_ACCEPTABLE", "This address answers with JSON.")
            status, body, headers = 200, await self._answer(request, locale, request_id), {}
        except Refusal as refusal:
            status, body, headers = refusal.status, {"errors": refusal.errors}, refusal.headers
            if media_type != GRAPHQL_RESPONSE and refusal.about_document:
                status = 200  # what older clients expect of every well-formed GraphQL answer
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:  # the last line of defence: masked to the caller, loud in the log
            log_unexpected(error, f"request {request_id}")
            status, body, headers = 500, {"errors": [internal_error(locale, request_id)]}, {}
        return _respond(status, body, media_type or GRAPHQL_RESPONSE, headers | {"X-Request-Id": request_id})

    async def _answer(self, request: Request, locale: Locale, request_id: str) -> dict[str, Any]:
        question = await self._read(request)
        principal = await self._principal(request)
        document = self._document(question)
        context = Context(principal, self.build_loaders(), self.services, locale)
        executor = Executor.build(
            self.schema,
            document,
            context_value=context,
            raw_variable_values=question.variables or {},
            operation_name=question.operationName,
            max_coercion_errors=5,
        )
        if isinstance(executor, list):
            raise Refusal.of(400, "BAD_USER_INPUT", executor)
        running = executor.execute_operation()
        result = cast("graphql.ExecutionResult", await running if isinstance(running, Awaitable) else running)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = present_errors(result.errors, locale, request_id)
        return answer

    async def _read(self, request: Request) -> GraphQLRequest:
        if not is_json(request.headers.get("content-type", "")):
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request as application/json, in UTF-8.")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.max_body_bytes:
                message = f"The request is longer than {self.max_body_bytes} bytes."
                raise Refusal(413, "PAYLOAD_TOO_LARGE", message, Connection="close")
        try:
            return msgspec.json.decode(bytes(body), type=GraphQLRequest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            message = 'The body must be a JSON object with a "query", and "variables" that are an object.'
            raise Refusal(400, "BAD_REQUEST", message) from None

    async def _principal(self, request: Request) -> Principal | None:
        authorization = request.headers.get("authorization")
        if authorization is None:
            return None
        scheme, _, token = authorization.partition(" ")
        try:
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated
            return await self.authenticate(token.strip())
        except Unauthenticated:
            challenge = 'Bearer error="invalid_token"'
            message = "The access token is not valid, or no longer."
            raise Refusal(401, "UNAUTHENTICATED", message, WWW_Authenticate=challenge) from None

    def _document(self, question: GraphQLRequest) -> graphql.DocumentNode:
        try:
            document = graphql.parse(question.query, max_tokens=MAX_TOKENS)
        except graphql.GraphQLError as error:
            raise Refusal.of(400, "GRAPHQL_PARSE_FAILED", [error]) from None
        except RecursionError:
            raise Refusal(400, "GRAPHQL_PARSE_FAILED", "The document is nested too deeply.") from None
        if errors := graphql.validate(self.schema, document, max_errors=20):
            raise Refusal.of(422, "GRAPHQL_VALIDATION_FAILED", errors)
        operation = graphql.get_operation_ast(document, question.operationName)
        if operation is None:
            raise Refusal(422, "OPERATION_NOT_FOUND", "Name one of the document's operations in operationName.")
        return document

    async def _other_method(self, request: Request) -> Response:
        if self.page is not None and request.method == "GET" and wants_html(request.headers.get("accept")):
            return await self.page(request)
        raise Refusal(405, "METHOD_NOT_ALLOWED", "Ask with POST.", Allow="POST")


def _respond(status: int, body: dict[str, Any], media_type: str, headers: dict[str, str]) -> Response:
    headers |= {"Content-Type": f"{media_type}; charset=utf-8", "Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers)

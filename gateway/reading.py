"""Reads a GraphQL request from HTTP: bounded in length and time, and nothing but what it has to be."""

import asyncio
import json
from typing import Any

import msgspec
from starlette.requests import Request

from gateway.negotiation import is_json
from gateway.refusal import Refusal
from gateway.settings import Settings


class GraphQLRequest(msgspec.Struct):
    """The body of a request, or the parameters of its address."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


async def read_body(request: Request, settings: Settings) -> GraphQLRequest:
    """The request in the body of a POST. Raises Refusal."""
    if not is_json(request.headers.get("content-type", "")):
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request as application/json, in UTF-8.")
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send the body as it is, without Content-Encoding.")
    try:
        async with asyncio.timeout(settings.slow_client_seconds):
            body = await _bytes(request, settings.max_body_bytes)
    except TimeoutError:
        raise Refusal(408, "REQUEST_TIMEOUT", "The body took too long to arrive.", Connection="close") from None
    question: GraphQLRequest = _decode(body, GraphQLRequest)
    return question


def read_address(request: Request) -> GraphQLRequest:
    """The request in the address of a GET. Raises Refusal."""
    parameters = request.query_params
    if any(len(parameters.getlist(name)) > 1 for name in GraphQLRequest.__struct_fields__):
        raise _unreadable()
    if (query := parameters.get("query")) is None:
        raise Refusal(400, "BAD_REQUEST", "The address must have a parameter `query`.")
    variables, extensions = (
        _decode(text.encode("utf-8", "surrogatepass"), dict[str, Any] | None) if text else None  # type: ignore[arg-type]
        for text in map(parameters.get, ("variables", "extensions"))
    )
    return GraphQLRequest(query, variables, parameters.get("operationName") or None, extensions)


async def _bytes(request: Request, longest: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    body = bytearray()
    if not declared.isdecimal() or len(declared) > 18 or int(declared) > longest:
        raise _too_long(longest)
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise _too_long(longest)
    return bytes(body)


def _decode(body: bytes, type_: type[Any]) -> Any:
    try:
        decoded = msgspec.json.decode(body, type=type_)
        # Of two values under one name msgspec takes the last, others the first: what was checked may not be what runs.
        _ONCE.decode(body.decode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _unreadable() from None
    return decoded


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError
    return values


_ONCE = json.JSONDecoder(object_pairs_hook=_once)


def _unreadable() -> Refusal:
    message = (
        'The request must be a JSON object with a "query", and "variables" that are an object, with no name twice.'
    )
    return Refusal(400, "BAD_REQUEST", message)


def _too_long(longest: int) -> Refusal:
    return Refusal(413, "PAYLOAD_TOO_LARGE", f"The request is longer than {longest} bytes.", Connection="close")

"""Reads a GraphQL request from HTTP: bounded in length and time, and nothing but what it has to be."""

import asyncio
import json
import re
from typing import Any, Final

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect

from gateway.callers import Asked
from gateway.negotiation import is_json
from gateway.refusal import Refusal
from gateway.settings import Settings

MOST_NESTED: Final = 100
"""Arrays and objects in each other; no input of the schema comes near."""

# Texts, and brackets outside of them.
_MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


class GraphQLRequest(msgspec.Struct):
    """The body of a request, or the parameters of its address."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None
    extensions: dict[str, Any] | None = None


async def read_body(request: Asked, settings: Settings) -> GraphQLRequest:
    """The request in the body of a POST. Raises Refusal."""
    headers, longest = request.headers, settings.max_body_bytes
    if not is_json(headers.get("content-type", "")):
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send the request as application/json, in UTF-8.")
    if "content-encoding" in headers and headers["content-encoding"].strip().lower() not in {"", "identity"}:
        raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send the body as it is, without Content-Encoding.")
    declared = headers.get("content-length", "0")
    if not declared.isdecimal() or len(declared) > 18 or int(declared) > longest:
        raise _too_long(longest)
    body = request.exchange.whole_body() if request.exchange is not None else None
    if body is None:
        body = await _arriving(request, longest, settings.slow_client_seconds)
    elif len(body) > longest:
        raise _too_long(longest)
    question: GraphQLRequest = _decode(body, GraphQLRequest)
    return question


def read_address(request: Asked) -> GraphQLRequest:
    """The request in the address of a GET. Raises Refusal."""
    parameters = QueryParams(request.scope["query_string"])
    if any(len(parameters.getlist(name)) > 1 for name in GraphQLRequest.__struct_fields__):
        raise _unreadable()
    if (query := parameters.get("query")) is None:
        raise Refusal(400, "BAD_REQUEST", "The address must have a parameter `query`.")
    variables, extensions = (
        _decode(text.encode("utf-8", "surrogatepass"), dict[str, Any] | None) if text else None  # type: ignore[arg-type]
        for text in map(parameters.get, ("variables", "extensions"))
    )
    return GraphQLRequest(query, variables, parameters.get("operationName") or None, extensions)


async def _arriving(request: Asked, longest: int, seconds: float) -> bytes:
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(seconds):
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > longest:
                    raise _too_long(longest)
    except TimeoutError:
        raise Refusal(408, "REQUEST_TIMEOUT", "The body took too long to arrive.", Connection="close") from None
    return bytes(body)


def _decode(body: bytes, type_: type[Any]) -> Any:
    if body.count(b"[") + body.count(b"{") > MOST_NESTED and _depth(body) > MOST_NESTED:
        raise _unreadable()
    try:
        decoded = msgspec.json.decode(body, type=type_)
        # Of two values under one name msgspec takes the last, others the first: what was checked may not be what runs.
        _ONCE.decode(body.decode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _unreadable() from None
    return decoded


def _depth(body: bytes) -> int:
    """How deep arrays and objects lie in each other. How much Python itself bears differs by its version."""
    deepest = depth = 0
    for mark in _MARKS.findall(body):
        if mark in b"[{":
            deepest = max(deepest, depth := depth + 1)
        elif mark in b"]}":
            depth -= 1
    return deepest


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

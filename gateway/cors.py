"""Calls from pages of other origins (CORS): those of the allow-list, with cookies; nobody else is told anything."""

from starlette.requests import Request
from starlette.responses import Response

_METHODS = "GET, POST"
_REQUEST_HEADERS = (
    "accept, accept-language, authorization, content-type, graphql-preflight, apollo-require-preflight, "
    "apollographql-client-name, apollographql-client-version"
)
_SECONDS = "600"


def is_preflight(request: Request) -> bool:
    """Whether a browser asks if it may send a request."""
    return request.method == "OPTIONS" and "access-control-request-method" in request.headers


def preflight_answer(request: Request, origins: frozenset[str]) -> Response:
    """The answer to a preflight; an origin that is not allowed finds nothing in it."""
    response = Response(status_code=204)
    for name, value in cors_headers(request, origins):
        response.headers[name] = value
    if "access-control-allow-origin" in response.headers:
        response.headers["Access-Control-Allow-Methods"] = _METHODS
        response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
        response.headers["Access-Control-Max-Age"] = _SECONDS
    return response


def cors_headers(request: Request, origins: frozenset[str]) -> list[tuple[str, str]]:
    """What an answer says to a page's browser; `Vary` always where the answer differs by origin."""
    if not origins:
        return []
    headers = [("Vary", "Origin")]
    origin = request.headers.get("origin", "")
    if origin.lower() in origins:
        headers += [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Expose-Headers", "X-Request-Id, Retry-After"),
        ]
    return headers

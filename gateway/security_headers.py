"""Headers that every answer carries, whatever answers: no sniffing, no referrer, no frames, nothing to run."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
_HSTS = "max-age=63072000; includeSubDomains"


class SecurityHeaders:
    """The application with these headers where it does not set its own; HSTS where the public address is https."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        headers = _HEADERS | ({"Strict-Transport-Security": _HSTS} if https else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """The ASGI application."""

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] += [each for each in self._headers if each[0] not in own]
            return send(message)

        return self._app(scope, receive, send_with_headers)

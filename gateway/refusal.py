"""What goes back over HTTP: an answer, or a request's refusal before anything ran."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from graphql import GraphQLError
from starlette.responses import Response
from starlette.types import Send

from gateway.presenting import present_refusals


@dataclass(slots=True)
class Answer:
    """Status, JSON, headers."""

    status: int
    body: dict[str, Any]
    headers: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, send: Send, media_type: str) -> None:
        """Sends it, without Starlette's way round."""
        headers, body = self._encoded(media_type)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def response(self, media_type: str) -> Response:
        """As Starlette sends it."""
        headers, body = self._encoded(media_type)
        response = Response(body, self.status)
        response.raw_headers = headers
        return response

    def _encoded(self, media_type: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        body = msgspec.json.encode(self.body)
        headers = [
            (b"content-length", b"%d" % len(body)),
            (b"content-type", f"{media_type}; charset=utf-8".encode()),
            (b"cache-control", b"no-store"),
            *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers),
        ]
        return headers, body

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of its errors."""
        errors = self.body.get("errors")
        return tuple(error["extensions"]["code"] for error in errors) if errors else ()


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

    def answer(self) -> Answer:
        """As it goes back."""
        return Answer(self.status, {"errors": self.errors}, list(self.headers))

    @classmethod
    def of(cls, status: int, code: str, errors: Iterable[GraphQLError], max_errors: int) -> "Refusal":
        """A refusal with the errors that graphql-core or the limits found; their own codes come first."""
        refusal = cls(status, code)
        refusal.errors = present_refusals(errors, code, max_errors)
        return refusal

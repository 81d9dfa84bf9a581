"""A document as billing sends it: conditions passed on, headers chosen, the body piece by piece."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.clients.base import log_upstream_error
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.due_notice import DocumentStream
from gateway.models.freshness import SourceSystem

_ALL: Final = ("ETag", "Content-Length", "Content-Range", "Accept-Ranges")
_ONE_RANGE: Final = re.compile(r"bytes=(\d{1,15}-\d{0,15}|-\d{1,15})", re.ASCII)
_STRONG_TAG: Final = re.compile(r'"[!#-~]{1,200}"')
_TAGS: Final = re.compile(r'\*|(W/)?"[!#-~]{1,200}"(\s*,\s*(W/)?"[!#-~]{1,200}"){0,9}')
_SENT: Final = {200: _ALL, 206: _ALL, 304: ("ETag",), 416: ("Content-Range", "Accept-Ranges")}
"""What is passed on of billing's headers, by status."""


def conditions_of(request: Request) -> dict[str, str]:
    """The conditions that billing is to decide; what is no such thing, or many ranges at once, counts as not said."""
    headers = {}
    tags, condition, asked = (request.headers.get(name) for name in ("if-none-match", "if-range", "range"))
    if tags is not None and _TAGS.fullmatch(tags):
        headers["If-None-Match"] = tags
    if request.method == "GET" and asked is not None and _ONE_RANGE.fullmatch(asked):
        if condition is None:
            headers["Range"] = asked
        elif _STRONG_TAG.fullmatch(condition):
            headers |= {"Range": asked, "If-Range": condition}
    return headers


class DocumentAnswer(Response):
    """Billing's answer under the gateway's headers; a body that breaks off ends the connection."""

    def __init__(self, document: DocumentStream, file_name: str) -> None:
        sent = {name: document.headers[name] for name in _SENT[document.status] if name in document.headers}
        super().__init__(status_code=document.status, headers={"Cache-Control": "private, no-store", **sent})
        self._chunks, self._missing = document.chunks, 0
        if document.status in {200, 206}:
            self.headers["Content-Type"] = "application/pdf"
            self.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
            self._missing = _length(document)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._missing and scope["method"] == "GET":
            try:
                await self._send_body(send)
            except UpstreamError as error:
                log_upstream_error(error)
                return  # without an end: the server closes the connection, and nobody takes a part for the whole
        await send({"type": "http.response.body"})

    async def _send_body(self, send: Send) -> None:
        async for piece in self._chunks:
            self._missing -= len(piece)
            if self._missing < 0:
                break
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._missing:
            raise _malformed("the body is not as long as announced")


def _length(document: DocumentStream) -> int:
    length = document.headers.get("Content-Length", "")
    if not (length.isascii() and length.isdigit()):
        raise _malformed("a document without its length")
    return int(length)


def _malformed(detail: str) -> UpstreamMalformed:
    return UpstreamMalformed(SourceSystem.BILLING, "telechargerDocument", detail)

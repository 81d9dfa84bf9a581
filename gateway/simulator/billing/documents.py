"""Serves the PDF of a notice: states, ETag, conditional requests, one range at a time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from gateway.simulator.billing.pdf import Document, notice_document
from gateway.simulator.landlord.accounts import Notice

EDITION_SECONDS: Final = 5
"""How long a document EN_COURS takes once somebody has asked for it."""
RETRY_SECONDS: Final = 2
_WHOLE_IN_MEMORY: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent of a document: from start to stop (not included)."""

    status: int
    start: int
    stop: int


class Documents:
    """The state and size of every document."""

    def __init__(self) -> None:
        self._ready_at: dict[str, datetime] = {}
        self.sizes: dict[str, int] = {}

    def state(self, notice: Notice, now: datetime) -> str:
        """The notice's ``document`` field as of now."""
        ready_at = self._ready_at.get(notice.id) if notice.document == "EN_COURS" else None
        return "DISPONIBLE" if ready_at is not None and now >= ready_at else notice.document

    def is_pending(self, notice: Notice, now: datetime) -> bool:
        """Whether the document is still being made; asking sets it going."""
        if self.state(notice, now) != "EN_COURS":
            return False
        self._ready_at.setdefault(notice.id, now + timedelta(seconds=EDITION_SECONDS))
        return True

    def of(self, notice: Notice) -> Document:
        """The document, padded to the size set for it."""
        return notice_document(notice, self.sizes.get(notice.id, self.sizes.get("*", 0)))


async def serve(
    request: web.BaseRequest, notice: Notice, document: Document, *, sent_share: float = 1.0
) -> web.StreamResponse:
    """Answers 200, 206, 304 or 416; large documents are streamed, and cut off when less than all is to be sent."""
    headers = {"ETag": document.etag, "Accept-Ranges": "bytes"}
    if _is_known(request.headers.get("If-None-Match"), document.etag):
        return web.Response(status=304, headers=headers)
    part = asked_part(request.headers, document)
    if part.status == 416:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{document.size}"})
    headers["Content-Type"] = "application/pdf"
    headers["Content-Disposition"] = f'attachment; filename="{notice.id}.pdf"'
    if part.status == 206:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{document.size}"
    if part.stop - part.start <= _WHOLE_IN_MEMORY:
        body = b"".join(document.chunks(part.start, part.stop))
        return web.Response(status=part.status, body=body, headers=headers)
    response = web.StreamResponse(status=part.status, headers=headers)
    response.content_length = part.stop - part.start
    await response.prepare(request)
    for chunk in document.chunks(part.start, part.start + int((part.stop - part.start) * sent_share)):
        await response.write(chunk)
    if sent_share < 1 and request.transport is not None:
        response.force_close()
        request.transport.close()
    return response


def asked_part(headers: Mapping[str, str], document: Document) -> Part:
    """The range asked for; the whole document when it is malformed, multiple or conditional on another ETag."""
    whole = Part(200, 0, document.size)
    match = _RANGE.fullmatch(headers.get("Range", "").strip())
    condition = headers.get("If-Range")
    if match is None or match[1] == match[2] == "" or (condition is not None and condition != document.etag):
        return whole
    if not match[1]:
        length = min(int(match[2]), document.size)
        return Part(206, document.size - length, document.size) if length else Part(416, 0, 0)
    first = int(match[1])
    last = int(match[2]) if match[2] else document.size - 1
    if match[2] and last < first:
        return whole
    if first >= document.size:
        return Part(416, 0, 0)
    return Part(206, first, min(last + 1, document.size))


def _is_known(condition: str | None, etag: str) -> bool:
    if condition is None:
        return False
    return condition.strip() == "*" or etag in {known.strip().removeprefix("W/") for known in condition.split(",")}

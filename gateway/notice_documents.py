"""Documents of due notices: their short-lived addresses, and who may use them (docs/decisions/0031-documents.md)."""

import base64
import struct
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cachetools import LRUCache

from gateway.accounts import Accounts
from gateway.accounts.sessions import LIFETIMES, principal_of
from gateway.clients.billing import Billing
from gateway.models.due_notice import Document, DocumentPending, DocumentState, DocumentStream, DueNotice
from gateway.models.principal import Principal
from gateway.moments import milliseconds
from gateway.sealing import NotSealedHere
from gateway.store import sessions

LIFETIME: Final = timedelta(minutes=5)
"""How long an address can be used, where its session does not end before."""

_PURPOSE: Final = "documents"
_LONGEST: Final = 300
_HEAD: Final = struct.Struct(">16sQ")  # the session's id, the moment of expiry in milliseconds; then the number
_SIZES_KEPT: Final = 10_000
_DIGITS: Final = 9  # what a GraphQL Int can hold
_NOT_PACKED: Final = {"Accept-Encoding": "identity"}  # lengths and ranges are the PDF's own


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a good address leads to: a notice's number, and the session that it was made for."""

    number: str
    principal: Principal


class NoticeDocuments:
    """The documents of all notices. An address holds nothing that can be read, and is the only key that it needs."""

    def __init__(self, accounts: Accounts, billing: Billing) -> None:
        self._tools = accounts.tools
        self._billing = billing
        self._sizes: LRUCache[str, int] = LRUCache(_SIZES_KEPT)

    def document_of(self, principal: Principal, notice: DueNotice) -> Document | None:
        """The notice's document with a new address for this session; None where billing has none."""
        if notice.document is DocumentState.MISSING:
            return None
        expires_at = self._tools.clock() + LIFETIME
        head = _HEAD.pack(bytes.fromhex(principal.session_id), milliseconds(expires_at))
        sealed = self._tools.secrets.seal_bytes(_PURPOSE, "", head + notice.number.encode())
        return Document(notice, f"{self._tools.settings.public_url}/documents/{_encoded(sealed)}", expires_at)

    async def find(self, address: str) -> Wanted | None:
        """What the last part of an address leads to; None where it is none of ours, too old, or its session is over."""
        opened = self._opened(address)
        if opened is None:
            return None
        session_id, number = opened
        # The database decides at each use: whoever signs out on another node is signed out here.
        async with self._tools.store.read() as tx:
            found = await sessions.fetch_with_account(tx, LIFETIMES, self._tools.now(), session_id=session_id)
        if found is None:
            return None
        principal = principal_of(self._tools, *found)
        return None if principal.renewal_only else Wanted(number, principal)

    def open(
        self, number: str, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[DocumentStream | DocumentPending | None]:
        """The PDF as billing sends it; see `Billing.open_document`."""
        return self._billing.open_document(number, {**headers, **_NOT_PACKED})

    async def byte_size(self, number: str) -> int | None:
        """The size of a document that is ready, which never changes; None where billing does not say. Asks billing."""
        if (known := self._sizes.get(number)) is not None:
            return known
        async with self.open(number, {"Range": "bytes=0-0"}) as document:
            if not isinstance(document, DocumentStream):
                return None
            size = document.headers.get("Content-Range", "").rpartition("/")[2]
            size = size if document.status == 206 else document.headers.get("Content-Length", "")
        if not (size.isascii() and size.isdigit() and len(size) <= _DIGITS):
            return None
        self._sizes[number] = int(size)
        return int(size)

    def _opened(self, address: str) -> tuple[str, str] | None:
        """Session and number of an address that has not expired."""
        if len(address) > _LONGEST or not address.isascii():
            return None
        try:
            sealed = base64.urlsafe_b64decode(address + "=" * (-len(address) % 4))
            # Base64 can write the same bytes in several ways; only ours is an address.
            if _encoded(sealed) != address:
                return None
            plain = self._tools.secrets.open_bytes(_PURPOSE, "", sealed)
        except (ValueError, NotSealedHere):
            return None
        session_id, expires_at = _HEAD.unpack_from(plain)
        if self._tools.now() >= expires_at:
            return None
        return session_id.hex(), plain[_HEAD.size :].decode()


def _encoded(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

"""Requests as they arrive: bytes go into the parser, and what it tells becomes one exchange after the other."""

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import httptools
from starlette.types import Scope

from gateway.http.exchange import EXTENSION, Exchange

if TYPE_CHECKING:
    from gateway.http.connection import Connection

MAX_HEADER_BYTES: Final = 32_768
"""Longest address and headers of one request, and longest stretch that tells nothing: of a chunk's extension, say."""

_VERSIONS: Final = ("1.1", "1.0")


class NotTaken(Exception):
    """Raised inside the parser, which gives up then."""


class Arrival:
    """What llhttp tells of a connection's bytes, as strict as it comes: no leniency is switched on.

    `newest` is the last request whose head has come; while one is `arriving`, its head or body is not at its end.
    """

    def __init__(self, connection: "Connection", scope: Scope, app_state: dict[str, Any]) -> None:
        """`scope` holds what all requests of the connection have in common."""
        self.newest: Exchange | None = None
        self.arriving = False
        self._connection, self._scope, self._app_state = connection, scope, app_state
        self._parser: Any = httptools.HttpRequestParser(self)
        self._in_head, self._expects = False, False
        self._url, self._headers = b"", list[tuple[bytes, bytes]]()
        self._header_bytes = self._silent_bytes = 0

    def feed(self, data: bytes) -> None:
        """More bytes. Raises HttpParserError."""
        self._silent_bytes += len(data)
        while data:
            try:
                self._parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade() + data[upgrade.args[0] :]
        if self.arriving and self._silent_bytes > MAX_HEADER_BYTES:
            raise httptools.HttpParserError

    def end(self) -> None:
        """There is nothing more to come; the parser and this refer to each other."""
        del self._parser
        self.newest = None

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.arriving = self._in_head = True
        self._url, self._headers, self._expects = b"", [], False
        self._header_bytes = 0
        self._connection.head_begins()

    def on_url(self, url: bytes) -> None:
        """Some of the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind the body; trailers are nobody's business."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise NotTaken
        if self._in_head:
            name = name.lower()
            self._headers.append((name, value))
            if name == b"expect":
                self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """The request may be answered, when its turn comes."""
        version, length = self._parser.get_http_version(), self._header_bytes + len(self._url)
        if self._parser.should_upgrade():
            return  # it is read again
        if length > MAX_HEADER_BYTES or version not in _VERSIONS or self._connection.is_full:
            raise NotTaken
        self._in_head, self._silent_bytes = False, 0
        url, method = httptools.parse_url(self._url), self._parser.get_method().decode("ascii")
        path = url.path.decode("ascii")
        exchange = self.newest = Exchange(
            self._connection,
            keep_alive=version == "1.1" and self._parser.should_keep_alive(),
            is_head=method == "HEAD",
            knows_chunks=version != "1.0",
            awaits_continue=self._expects and version != "1.0",
        )
        scope = {
            **self._scope,
            "http_version": version,
            "method": method,
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path,
            "query_string": url.query or b"",
            "headers": self._headers,
            "state": self._app_state.copy(),
            "extensions": {EXTENSION: exchange},
        }
        self._connection.asked(exchange, scope)

    def on_body(self, piece: bytes) -> None:
        """Some of the body."""
        self._silent_bytes = 0
        assert self.newest is not None
        if self.newest.take(piece):
            self._connection.pause_reading()

    def on_message_complete(self) -> None:
        """The end of the request."""
        if self._parser.should_upgrade():
            return
        self.arriving, self._silent_bytes = False, 0
        assert self.newest is not None
        self.newest.complete()
        self._connection.request_ends()

    def _without_upgrade(self) -> bytes:
        """The head of a request once more: an upgrade is an offer, and the request behind it one like others.

        llhttp takes it for accepted, and what follows, a body too, for another protocol. Raises HttpParserError for
        CONNECT, which is no offer.
        """
        version, method = self._parser.get_http_version(), self._parser.get_method()
        if method == b"CONNECT":
            raise httptools.HttpParserError
        self._parser = httptools.HttpRequestParser(self)
        lines = [b"%b: %b\r\n" % header for header in self._headers if header[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self._url, version.encode(), b"".join(lines))

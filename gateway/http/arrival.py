"""Requests as they arrive: bytes go into the parser, and what it tells becomes one exchange after the other."""

import re
from http import HTTPMethod
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import httptools
from starlette.types import Scope

from gateway.http.exchange import EXTENSION, Exchange

if TYPE_CHECKING:
    from gateway.http.connection import Connection

MAX_HEAD_BYTES: Final = 32_768
"""Longest head of one request, its trailers included, as if one blank stood before the value of each header."""
MAX_HEADERS: Final = 100
"""Headers of one request."""
MAX_SILENT_BYTES: Final = 65_536
"""Longest stretch that tells nothing: of a chunk's extension, say, or of a head that does not end."""

_NOTED: Final = frozenset({b"host", b"transfer-encoding", b"expect"})
_LINE_BYTES: Final = len("  HTTP/1.1\r\n\r\n")
_VERSIONS: Final = ("1.1", "1.0")
_METHODS: Final = {each.encode(): each.value for each in HTTPMethod if each is not HTTPMethod.CONNECT}
# RFC 3986 3.2.2 and 3.2.3; no address of http is without a host (RFC 9110 4.2.1).
_HOST: Final = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?")


class NotTaken(Exception):
    """Why a request is refused, as a status of HTTP; the parser gives up then."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


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
        self._in_head = False
        self._url, self._headers = b"", list[tuple[bytes, bytes]]()
        self._noted: dict[bytes, bytes] = {}  # headers that matter here; of several lines one, as RFC 9110 5.3 has it
        self._host: bytes | None = None  # the last one, which was all right
        self._head_bytes = self._silent_bytes = 0

    def feed(self, data: bytes) -> None:
        """More bytes. Raises NotTaken."""
        self._silent_bytes = self._silent_bytes + len(data) if self.arriving else len(data)
        while data:
            try:
                self._parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = self._without_upgrade() + data[upgrade.args[0] :]
            except httptools.HttpParserError as error:
                reason = error.__context__  # what was raised in here, if it was
                raise reason if isinstance(reason, NotTaken) else NotTaken(400) from error
        if self.arriving and self._silent_bytes > MAX_SILENT_BYTES:
            raise self._too_long()

    def end(self) -> None:
        """There is nothing more to come; the parser and this refer to each other."""
        del self._parser
        self.newest = None

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self.arriving = self._in_head = True
        self._url, self._headers, self._noted = b"", [], {}
        self._head_bytes = 0
        self._connection.head_begins()

    def on_url(self, url: bytes) -> None:
        """Some of the address."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind the body; trailers are nobody's business."""
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > MAX_HEAD_BYTES:
            raise self._too_long()
        if self._in_head:
            name, value = name.lower(), value.strip()
            self._headers.append((name, value))
            if name in _NOTED:
                self._noted[name] = b"%b, %b" % (self._noted[name], value) if name in self._noted else value

    def on_headers_complete(self) -> None:
        """The request may be answered, when its turn comes."""
        parser, noted = self._parser, self._noted
        version, method = parser.get_http_version(), parser.get_method()
        self._check_head(version, method)
        if parser.should_upgrade():
            return  # it is read again
        self._in_head, self._silent_bytes = False, 0
        url = httptools.parse_url(self._url)
        raw_path = url.path or b"/"  # an absolute address may be without one
        path = raw_path.decode("ascii")
        exchange = Exchange(
            self._connection,
            keep_alive=version == "1.1" and parser.should_keep_alive(),
            is_head=method == b"HEAD",
            knows_chunks=version != "1.0",
            awaits_continue=version != "1.0" and b"expect" in noted and noted[b"expect"].lower() == b"100-continue",
        )
        scope = {
            **self._scope,
            "http_version": version,
            "method": _METHODS[method],
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": url.query or b"",
            "headers": self._headers,
            "state": self._app_state.copy(),
            "extensions": {EXTENSION: exchange},
        }
        self._connection.asked(exchange, scope)
        self.newest = exchange

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

        llhttp takes it for accepted, and what follows, a body too, for another protocol.
        """
        version, method = self._parser.get_http_version(), self._parser.get_method()
        self._parser = httptools.HttpRequestParser(self)
        lines = [b"%b: %b\r\n" % header for header in self._headers if header[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (method, self._url, version.encode(), b"".join(lines))

    def _check_head(self, version: str, method: bytes) -> None:
        """Raises NotTaken where what follows is not to be looked at."""
        length = _LINE_BYTES + len(method) + len(self._url) + self._head_bytes
        if length > MAX_HEAD_BYTES or len(self._headers) > MAX_HEADERS:
            raise self._too_long()
        if version not in _VERSIONS:
            raise NotTaken(400)
        if method not in _METHODS:
            raise NotTaken(501)
        if (host := self._noted.get(b"host")) is None or host != self._host:
            _check_host(host, version)
            self._host = host
        if b"transfer-encoding" in self._noted:
            _check_coding(self._noted[b"transfer-encoding"], version)

    def _too_long(self) -> NotTaken:
        if not self._in_head:
            return NotTaken(400)
        return NotTaken(414 if len(self._url) > MAX_HEAD_BYTES // 2 else 431)


def _check_host(host: bytes | None, version: str) -> None:
    """Raises NotTaken where it is missing, but for HTTP/1.0, malformed, or there are two (RFC 9112 3.2)."""
    if not (version == "1.0" if host is None else _HOST.fullmatch(host)):
        raise NotTaken(400)


def _check_coding(codings: bytes, version: str) -> None:
    """Raises NotTaken unless the body comes in chunks and is nothing else besides (RFC 9112 6.1, 7)."""
    *others, last = [each.strip(b" \t") for each in codings.lower().split(b",")]
    if version == "1.0" or last != b"chunked" or b"chunked" in others or b"" in others:
        raise NotTaken(400)
    if others:
        raise NotTaken(501)

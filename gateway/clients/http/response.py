"""An answer as it arrives: its head by llhttp; its body by length, by chunks, or up to the end of the connection."""

import re
from typing import Final

import httptools

from gateway.clients.http.decoding import unpacked
from gateway.clients.http.failures import ConnectionLost, CutShort, NotHttp, TooLong

MAX_HEAD_BYTES: Final = 65_536
"""Longest head, those of interim answers included; and longest stretch of chunks' extensions and trailers."""
_MANY_PIECES: Final = 64

_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_WITHOUT_BODY: Final = frozenset({204, 304})
_BLANK: Final = b" \t"


class Response:
    """One answer: fed until it is `whole`. Then `keep_alive` says whether the connection may serve another request."""

    def __init__(self, *, bodiless: bool, most_bytes: int) -> None:
        """`bodiless` as the answer to HEAD; `most_bytes` of a body are taken, before and after unpacking."""
        self.status = 0
        self.whole = self.keep_alive = False
        self._bodiless, self._most_bytes = bodiless, most_bytes
        self._parser, self._told = _open_parser()
        self._in_head, self._head_bytes = True, 0
        self._tail = b""  # of the head so far: its end may lie across two pieces
        self._by_chunks = False
        self._missing: int | None = None  # of the body; None where only the end of the connection ends it

    def feed(self, data: bytes) -> bool:
        """Takes what came; whether the answer is whole by now. Raises NotHttp, CutShort and TooLong."""
        if self._in_head:
            data = self._read_head(data)
        if data:
            self._read_body(data)
        return self.whole

    def end(self, *, in_order: bool) -> None:
        """Nothing more will come; whether the other side ended it as it should. Raises where that is too early."""
        if self._in_head:
            raise ConnectionLost
        if self._by_chunks or self._missing is not None or not in_order:
            raise CutShort
        self.whole = True

    def header(self, name: bytes) -> str:
        """The header of that name, in lower case; empty where there is none."""
        return self._told.headers.get(name, b"").strip(_BLANK).decode("latin-1")

    def body(self) -> bytes:
        """The body, unpacked. Raises CutShort and TooLong."""
        pieces = self._told.pieces
        body = pieces[0] if len(pieces) == 1 else b"".join([*pieces, self._told.rest])
        coding = self._told.headers.get(b"content-encoding")
        return body if coding is None else unpacked(body, coding.strip(_BLANK).lower(), self._most_bytes)

    def _read_head(self, data: bytes) -> bytes:
        """What follows the head; nothing while that is not at its end."""
        while self._in_head:
            joined = self._tail + data
            found = _END_OF_HEAD.search(joined)
            end = found.end() - len(self._tail) if found else len(data)
            self._head_bytes += end
            head = data[:end]
            if self._head_bytes > MAX_HEAD_BYTES or b"\0" in head:
                raise NotHttp
            self._parse(head)
            if found is None:
                self._tail = joined[-2:]
                return b""
            if self._told.parser is not None:  # blank lines, no head
                raise NotHttp
            data, self._tail = data[end:], b""
            if self._told.status < 200:  # interim: the answer is yet to come
                self._parser, self._told = _open_parser()
            else:
                self._begin_body()
        return data

    def _begin_body(self) -> None:
        self._in_head = False
        self.status, self.keep_alive = self._told.status, self._told.keep_alive
        headers = self._told.headers
        if self._bodiless or self.status in _WITHOUT_BODY:
            self._missing = 0
        elif (coding := headers.get(b"transfer-encoding")) is not None:
            coding = coding.strip(_BLANK).lower()
            self._by_chunks = coding == b"chunked"
            if not self._by_chunks and coding != b"identity":
                raise NotHttp
        elif (length := headers.get(b"content-length")) is not None:
            self._missing = int(length)  # llhttp has seen to it that these are digits
            if self._missing > self._most_bytes:
                raise TooLong
        self.whole = self._missing == 0

    def _read_body(self, data: bytes) -> None:
        told = self._told
        if self._by_chunks:
            self._read_chunks(data)
        elif self._missing is None:
            told.on_body(data)
        else:
            if len(data) > self._missing:
                data = data[: self._missing]
                self.keep_alive = False  # nobody asked for what follows
            told.on_body(data)
            self._missing -= len(data)
            self.whole = self._missing == 0
        if told.size > self._most_bytes:
            raise TooLong

    def _read_chunks(self, data: bytes) -> None:
        """The last byte goes to llhttp by itself: whatever follows an answer that ended before it is surplus."""
        told = self._told
        told.silent_bytes += len(data)
        try:
            self._parse(data[:-1])
            if told.is_whole:
                self.keep_alive = False
            else:
                self._parse(data[-1:])
        except NotHttp:
            if not told.is_whole:
                raise
            self.keep_alive = False
        self.whole = told.is_whole
        if told.silent_bytes > MAX_HEAD_BYTES:
            raise NotHttp

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise NotHttp from error


class _Told:
    """What llhttp tells. It knows the parser up to the end of the head only: both go without a collector."""

    def __init__(self) -> None:
        self.status, self.keep_alive = 0, False
        self.headers: dict[bytes, bytes] = {}
        self.pieces: list[bytes] = []
        self.rest = bytearray()  # what comes behind many pieces: each takes some forty bytes beside its own
        self.size = self.silent_bytes = 0
        self.is_whole = False
        self.parser: httptools.HttpResponseParser | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.parser is not None:  # else a trailer, which is nobody's business
            name = name.lower().rstrip(_BLANK)  # llhttp overlooks blanks before the colon
            before = self.headers.get(name)
            self.headers[name] = value if before is None else before + b", " + value

    def on_headers_complete(self) -> None:
        if self.parser is not None:
            self.status, self.keep_alive = self.parser.get_status_code(), self.parser.should_keep_alive()
            self.parser = None

    def on_body(self, piece: bytes) -> None:
        if not self.is_whole:
            if len(self.pieces) < _MANY_PIECES:
                self.pieces.append(piece)
            else:
                self.rest += piece
            self.size += len(piece)
            self.silent_bytes = 0

    def on_message_complete(self) -> None:
        self.is_whole = True


def _open_parser() -> tuple[httptools.HttpResponseParser, _Told]:
    """As lenient as browsers are with servers that are sloppy about line ends and blanks, and no more than that."""
    told = _Told()
    parser = told.parser = httptools.HttpResponseParser(told)
    parser.set_dangerous_leniencies(
        lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
    )
    return parser, told

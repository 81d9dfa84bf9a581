"""Bodies that came packed: gzip and deflate, unpacked no further than is taken."""

import zlib
from typing import Final

from gateway.clients.http.failures import CutShort, NotHttp, TooLong

MAX_MEMBERS: Final = 16
"""Packed parts of one body, one behind the other; each costs a copy of what follows it."""

_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def unpacked(body: bytes, coding: bytes, most_bytes: int) -> bytes:
    """The body without its content coding, as it is where that is none of ours. Raises CutShort, TooLong, NotHttp."""
    if not body or coding not in {b"gzip", b"deflate"}:
        return body
    # Some servers take "deflate" at its word and leave the zlib header out.
    kind = _GZIP if coding == b"gzip" else _ZLIB if body[0] & 0xF == 8 else _RAW
    pieces, room = list[bytes](), most_bytes
    for _ in range(MAX_MEMBERS):
        unpacker = zlib.decompressobj(kind)
        try:
            pieces.append(unpacker.decompress(body, room + 1))
        except zlib.error as error:
            raise CutShort from error
        room -= len(pieces[-1])
        if room < 0:
            raise TooLong
        if not unpacker.eof:
            raise CutShort
        body = unpacker.unused_data
        if not body:
            return b"".join(pieces)
    raise NotHttp

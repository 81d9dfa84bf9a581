"""An answer's first lines on the wire, as HTTP/1.1 writes them."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

_PHRASES: Final = {each.value: each.phrase for each in HTTPStatus}
STATUS_LINES: Final = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, _PHRASES.get(status, "").encode()) for status in range(100, 1_000)
}
"""The first line of all, by status."""

_CONTROLS: Final = bytes({*range(32), 127} - set(b"\t"))


def header_lines(headers: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, int | None, bool]:
    """The lines of headers, names in lower case; the body's length as they tell it; whether the connection ends.

    Raises ValueError where a header would be more than its line.
    """
    lines = b"".join([b"%b: %b\r\n" % header for header in headers])
    if len(lines) - len(lines.translate(None, _CONTROLS)) != 2 * len(headers):  # but for the lines' own ends
        raise ValueError("a header of the answer holds a control character")
    named = dict(headers)
    length = named.get(b"content-length")
    closing = b"close" in named.get(b"connection", b"").lower()
    return lines, None if length is None else int(length), closing

"""A request as it is written to the wire, and where it goes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from yarl import URL

from gateway.clients.http.failures import CannotConnect


class Origin(NamedTuple):
    """Whom a connection leads to; requests share connections within one origin only."""

    host: str
    port: int
    tls: bool


class Target(NamedTuple):
    """Where a request goes: to whom, what is asked for (path and query, percent-encoded), and its Host header."""

    origin: Origin
    resource: str
    host: str


@lru_cache(maxsize=256)
def locate(url: str, query: tuple[tuple[str, str], ...] = ()) -> Target:
    """The target of an http or https address, `query` added to its own. CannotConnect where it leads nowhere."""
    try:
        address = URL(url).extend_query(query)
    except ValueError as error:
        raise CannotConnect from error
    host, port, shown = address.raw_host, address.port, address.host_port_subcomponent
    if address.scheme not in {"http", "https"} or not (host and port and shown):
        raise CannotConnect
    return Target(Origin(host, port, address.scheme == "https"), address.raw_path_qs, shown)


def write_request(method: str, target: Target, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """The bytes of a request. `headers` go beside Host, Accept, Accept-Encoding, User-Agent and Content-Length.

    ValueError where a line break or a zero would let one header be read as two.
    """
    lines = [
        f"{method} {target.resource} HTTP/1.1\r\nHost: {target.host}\r\nAccept: */*\r\n"
        "Accept-Encoding: gzip, deflate\r\nUser-Agent: tenant-gateway\r\n",
        *[f"{name}: {value}\r\n" for name, value in headers.items()],
    ]
    if body is not None or method == "POST":
        lines.append(f"Content-Length: {len(body or b'')}\r\n")
    lines.append("\r\n")
    head = "".join(lines)
    breaks = len(lines) + 4  # the first of the lines is five
    if head.count("\r") != breaks or head.count("\n") != breaks or "\0" in head:
        raise ValueError("a line break or a zero within a header")
    return head.encode() + (body or b"")

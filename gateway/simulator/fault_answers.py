"""Faults below the contract: answers that hang, break off, or are not what they should be."""

import asyncio
import socket
import struct
from itertools import chain, repeat
from typing import Final

from aiohttp import web

from gateway.simulator.faults import Fired

_PAGES: Final = {
    "html500": (500, "Internal Server Error"),
    "html502": (502, "Bad Gateway"),
    "html503": (503, "Service Unavailable"),
}
_GARBAGE: Final = bytes(range(256)) * 4


def html_page(status: int, title: str) -> web.Response:
    """A page as a proxy writes it."""
    body = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"
    return web.Response(status=status, text=body, content_type="text/html")


async def strike_before(request: web.BaseRequest, fired: Fired, hanging_seconds: float) -> web.Response | None:
    """The answer of a fault that comes before the system does anything; None when the call goes on."""
    if "slow" in fired:
        await asyncio.sleep(float(fired.detail("slow", "seconds", 1.0)))
    broken = await _break(request, fired, hanging_seconds, after=False)
    if broken is not None:
        return broken
    page = _struck_page(fired, after=False)
    if page is not None:
        return page
    if "garbage" in fired:
        return web.Response(body=_GARBAGE, content_type="application/octet-stream")
    return web.Response() if "empty" in fired else None


async def deliver(
    request: web.BaseRequest, response: web.Response, fired: Fired, hanging_seconds: float
) -> web.StreamResponse:
    """The answer, whole unless a fault cuts it or keeps it from coming."""
    broken = await _break(request, fired, hanging_seconds, after=True) or _struck_page(fired, after=True)
    if broken is not None:
        return broken
    body = response.body
    if "drip" in fired and isinstance(body, bytes):
        return await _drip(request, response, body, float(fired.detail("drip", "seconds", 0.1)))
    if "truncated" not in fired or not isinstance(body, bytes):
        return response
    kept = body[: int(len(body) * float(fired.detail("truncated", "share", 0.5)))]
    how = fired.detail("truncated", "how", "length")
    if how == "content":
        return web.Response(status=response.status, body=kept, headers=_content_type(response))
    return await _cut(request, response, kept, None if how == "chunked" else len(body))


def reset_connection(request: web.BaseRequest) -> None:
    """Ends the connection with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _break(request: web.BaseRequest, fired: Fired, hanging_seconds: float, *, after: bool) -> web.Response | None:
    """Hangs or resets, before or after the work is done as the fault's detail ``after`` says."""
    if fired.strikes("hang", after=after):
        await asyncio.sleep(float(fired.detail("hang", "seconds", hanging_seconds)))
        reset_connection(request)
        return web.Response()
    if fired.strikes("reset", after=after):
        reset_connection(request)
        return web.Response()
    return None


def _struck_page(fired: Fired, *, after: bool) -> web.Response | None:
    return next((html_page(*page) for kind, page in _PAGES.items() if fired.strikes(kind, after=after)), None)


async def _cut(request: web.BaseRequest, response: web.Response, kept: bytes, length: int | None) -> web.StreamResponse:
    """Sends less than announced, then closes the connection."""
    cut = web.StreamResponse(status=response.status, headers=_content_type(response))
    cut.force_close()
    if length is None:
        cut.enable_chunked_encoding()
    else:
        cut.content_length = length
    await cut.prepare(request)
    await cut.write(kept)
    if request.transport is not None:
        request.transport.close()
    return cut


async def _drip(request: web.BaseRequest, response: web.Response, body: bytes, seconds: float) -> web.StreamResponse:
    """Sends the body byte by byte, then blanks, which spoil neither XML nor JSON, until the client goes."""
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    dripping = web.StreamResponse(status=response.status, headers=headers)
    dripping.enable_chunked_encoding()
    await dripping.prepare(request)
    for byte in chain(body, repeat(ord(" "))):
        await dripping.write(bytes((byte,)))
        await asyncio.sleep(seconds)
    return dripping


def _content_type(response: web.Response) -> dict[str, str]:
    return {"Content-Type": response.headers.get("Content-Type", "application/octet-stream")}

"""Who calls, as far as HTTP tells: address, language, browser or app, own site or another."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request

from gateway.models.account import Caller
from gateway.negotiation import caller_locale

SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"

Network = IPv4Network | IPv6Network


class QuickHeaders(Headers):
    """Headers that are decoded once; Starlette's look through all of them for each name. Names in lower case."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._first = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(raw)}

    def __getitem__(self, key: str) -> str:
        return self._first[key]

    def __contains__(self, key: object) -> bool:
        return key in self._first

    def get(self, key: str, default: Any = None) -> Any:
        """The first header of that name."""
        return self._first.get(key, default)


def read_caller(request: Request, trusted_proxies: tuple[Network, ...]) -> Caller:
    """The caller. What a proxy says of the address is believed of trusted proxies alone."""
    return Caller(
        address=_address(request, trusted_proxies),
        user_agent=request.headers.get("user-agent"),
        locale=caller_locale(request.headers.get("accept-language")),
        device_cookie=request.cookies.get(DEVICE_COOKIE),
    )


def comes_by_trusted_proxy(request: Request, trusted_proxies: tuple[Network, ...]) -> bool:
    """Whether a trusted proxy stands at the other end of the connection: its request id and trace are believed."""
    return bool(trusted_proxies) and request.client is not None and _is_in(request.client.host, trusted_proxies)


def is_from_own_site(request: Request, own_origin: str, allowed_origins: frozenset[str]) -> bool:
    """Whether the request carries a header that other sites' pages cannot send, and no sign of coming from one.

    The allowed origins are as good as one's own: a browser lets their pages send that header.
    """
    if "graphql-preflight" not in request.headers and "apollo-require-preflight" not in request.headers:
        return False
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() in allowed_origins:
        return True
    return origin in {None, own_origin} and request.headers.get("sec-fetch-site") in {None, "same-origin", "none"}


def session_cookie(value: str | None) -> str:
    """The Set-Cookie header that gives a browser its session, or takes it away."""
    return _cookie(SESSION_COOKIE, value, 12 * 3600)


def device_cookie(value: str) -> str:
    """The Set-Cookie header by which a device is known again."""
    return _cookie(DEVICE_COOKIE, value, 365 * 86_400)


def _cookie(name: str, value: str | None, seconds: int) -> str:
    lifetime = seconds if value is not None else 0
    return f"{name}={value or ''}; Max-Age={lifetime}; Path=/; Secure; HttpOnly; SameSite=Lax"


def _address(request: Request, trusted_proxies: tuple[Network, ...]) -> str | None:
    address = request.client.host if request.client else None
    if not trusted_proxies or "x-forwarded-for" not in request.headers:
        return address
    hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in map(_without_port, reversed(hops)):
        if not _is_in(address, trusted_proxies) or not _is_address(hop):
            break
        address = hop
    return address


def _without_port(hop: str) -> str:
    """`192.0.2.1:443` and `[2001:db8::1]:443`, as some proxies write them, are addresses too."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


@lru_cache(1_000)
def _is_in(address: str | None, networks: tuple[Network, ...]) -> bool:
    return address is not None and _is_address(address) and any(ip_address(address) in each for each in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

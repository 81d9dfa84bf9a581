"""Who calls, as far as HTTP tells: address, language, browser or app, own site or another."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import cookie_parser
from starlette.types import Receive, Scope

from gateway.http.exchange import EXTENSION, Exchange
from gateway.models.account import Caller
from gateway.negotiation import caller_locale

SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"

Network = IPv4Network | IPv6Network


class Asked:
    """A request, as much of it as its head tells; Starlette's own looks each thing up as often as it is asked.

    `headers` hold the first of each name, in lower case.
    """

    __slots__ = ("exchange", "headers", "method", "peer", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}
        client = scope.get("client")
        self.peer: str | None = client[0] if client else None
        self.exchange: Exchange | None = scope.get("extensions", {}).get(EXTENSION)

    def all_of(self, name: str) -> list[str]:
        """All headers of that name."""
        raw = name.encode("latin-1")
        return [value.decode("latin-1") for each, value in self.scope["headers"] if each == raw]

    def cookie(self, name: str) -> str | None:
        """A cookie's value; of several the last."""
        if "cookie" not in self.headers:
            return None
        return cookie_parser(";".join(self.all_of("cookie"))).get(name)


def read_caller(request: Asked, trusted_proxies: tuple[Network, ...]) -> Caller:
    """The caller. What a proxy says of the address is believed of trusted proxies alone."""
    headers = request.headers
    return Caller(
        address=_address(request, trusted_proxies),
        user_agent=headers.get("user-agent"),
        locale=caller_locale(headers.get("accept-language")),
        device_cookie=request.cookie(DEVICE_COOKIE),
    )


def comes_by_trusted_proxy(request: Asked, trusted_proxies: tuple[Network, ...]) -> bool:
    """Whether a trusted proxy stands at the other end of the connection: its request id and trace are believed."""
    return bool(trusted_proxies) and _is_in(request.peer, trusted_proxies)


def is_from_own_site(request: Asked, own_origin: str, allowed_origins: frozenset[str]) -> bool:
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


def _address(request: Asked, trusted_proxies: tuple[Network, ...]) -> str | None:
    address = request.peer
    if not trusted_proxies or "x-forwarded-for" not in request.headers:
        return address
    hops = ",".join(request.all_of("x-forwarded-for")).split(",")
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

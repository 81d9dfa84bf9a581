"""Connections to legacy systems, kept between requests: a request takes one that is free, or opens one."""

import asyncio
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextvars import Context
from functools import cached_property
from typing import Final

from aiohappyeyeballs import AddrInfoType, start_connection

from gateway.clients.http.connection import Connection
from gateway.clients.http.failures import CannotConnect, ConnectionLost
from gateway.clients.http.request import Origin, locate, write_request
from gateway.clients.http.response import Response

IDLE_SECONDS: Final = 30.0
"""How long a connection is kept that nobody uses."""
_NEXT_ADDRESS_SECONDS: Final = 0.25
"""How long an address of a host is waited for before the next is tried beside it (RFC 8305)."""


class Pool:
    """As many connections as there are requests at a time: who asks sees to it that these are not too many."""

    def __init__(self, *, most_bytes: int) -> None:
        """`most_bytes` of an answer's body are taken."""
        self._most_bytes = most_bytes
        self._open: set[Connection] = set()
        self._free: defaultdict[Origin, deque[Connection]] = defaultdict(deque)  # the one longest free comes first
        self._expiry: asyncio.TimerHandle | None = None
        self._closed = False
        self._emptied = asyncio.Event()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """The whole answer; redirects are answers. Raises HttpFailure; never sends a request twice."""
        target = locate(url, tuple(query.items()) if query else ())
        written = write_request(method, target, headers, body)
        connection = self._take(target.origin) or await self._connect(target.origin)
        answer = connection.ask(written, Response(bodiless=method == "HEAD", most_bytes=self._most_bytes))
        try:
            return await answer
        finally:
            connection.give_up(answer)

    async def close(self) -> None:
        """Ends all connections, and with them the requests under way."""
        self._closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        for connection in list(self._open):
            connection.abort(ConnectionLost())
        if self._open:
            await self._emptied.wait()

    # What a connection calls.

    def keep(self, connection: Connection) -> None:
        """It is free again."""
        loop = asyncio.get_running_loop()
        connection.free_since = loop.time()
        self._free[connection.origin].append(connection)
        if self._expiry is None:
            self._expiry = loop.call_later(IDLE_SECONDS, self._expire, context=Context())

    def lost(self, connection: Connection) -> None:
        """It is over."""
        self._open.discard(connection)
        free = self._free[connection.origin]
        if connection in free:
            free.remove(connection)
        if self._closed and not self._open:
            self._emptied.set()

    def _take(self, origin: Origin) -> Connection | None:
        if self._closed:
            raise CannotConnect
        free = self._free[origin]
        while free:
            connection = free.pop()
            if connection.is_usable():
                return connection
            connection.abort(ConnectionLost())
        return None

    async def _connect(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            found = await _addresses(origin)
            sock = await start_connection(found, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS)
            _, connection = await loop.create_connection(
                lambda: Connection(self, origin),
                sock=sock,
                ssl=self._tls if origin.tls else None,
                server_hostname=origin.host.rstrip(".") if origin.tls else None,
            )
        except (OSError, UnicodeError) as error:
            raise CannotConnect from error
        if not connection.is_over:
            # Not earlier: where the caller leaves in between, uvloop ends the connection without telling it.
            self._open.add(connection)
        if self._closed:
            connection.abort(ConnectionLost())
        try:
            await connection.settle()
        except asyncio.CancelledError:
            connection.abort(ConnectionLost())
            raise
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        self._expiry = None
        for free in self._free.values():
            while free and free[0].free_since <= loop.time() - IDLE_SECONDS:
                free.popleft().close()
        if rest := [free[0].free_since for free in self._free.values() if free]:
            self._expiry = loop.call_at(min(rest) + IDLE_SECONDS, self._expire)


async def _addresses(origin: Origin) -> Sequence[AddrInfoType]:
    try:  # an address needs no resolver, and no thread
        return socket.getaddrinfo(*origin[:2], type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(*origin[:2], type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)

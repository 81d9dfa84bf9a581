"""How every command listens: sockets taken first, so that a port in use is one line; stopped by Ctrl-C at once."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Final

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.commands import CommandError
from gateway.http.connection import protocol_for

LINGER_SECONDS: Final = 2.0
"""A process that leaves closes idle connections only then: a request may be on its way on each of them."""


def listen(host: str, port: int, *, beside_others: bool = False) -> socket.socket:
    """A socket that listens there, where wanted beside others of this user; CommandError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if beside_others:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise CommandError(port_problem(host, port, error)) from None
    sock.set_inheritable(True)
    return sock


def port_problem(host: str, port: int, error: OSError) -> str:
    """Why nothing can listen there, in one line."""
    return f"cannot listen on {host}:{port}: {error.strerror or error}; choose another port"


def address_of(host: str, sock: socket.socket) -> str:
    """The address to open in a browser."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{sock.getsockname()[1]}"


class Server(uvicorn.Server):
    """uvicorn's server over the gateway's own connections; `announce` is called once requests are taken.

    SIGINT ends it at once. At SIGTERM it leaves gently: it accepts nothing more, `/readyz` says 503, every answer ends
    its connection, and idle connections have a moment to be used once more. In both cases requests under way have
    `grace_seconds` to finish. Clients slower than `slow_client_seconds` are left.
    """

    def __init__(
        self, app: ASGIApp, announce: Callable[[], object], *, grace_seconds: int, slow_client_seconds: float = 10.0
    ) -> None:
        super().__init__(
            uvicorn.Config(
                self._told_when_leaving(app),
                http=protocol_for(slow_client_seconds),
                ws="none",
                interface="asgi3",
                access_log=False,
                log_config=None,  # its lines go the way of all others (logs.py)
                log_level="warning",
                server_header=False,
                # Longer than proxies keep idle connections (nginx: 60 s), so that they are the ones who close them.
                timeout_keep_alive=75,
                # Whose word on the caller's address is believed is decided in callers.py alone.
                proxy_headers=False,
                timeout_graceful_shutdown=grace_seconds,
            )
        )
        self._announce = announce
        self._leaving = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, then the announcement."""
        await super().startup(sockets=sockets)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Leaves at the first SIGTERM; whatever comes after it is for those in a hurry."""
        if sig == signal.SIGTERM and not self.should_exit:
            self.leave()
        else:
            self._leaving = False
            super().handle_exit(sig, frame)

    def leave(self) -> None:
        """Begins to leave gently."""
        self._leaving = self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; whoever leaves gently stops accepting first, and lets connections end by themselves."""
        if self._leaving:
            for server in self.servers:
                server.close()
            until = asyncio.get_running_loop().time() + LINGER_SECONDS
            # uvicorn tells nobody when a connection ends.
            while self._leaving and self.server_state.connections and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await super().shutdown(sockets=sockets)

    def _told_when_leaving(self, app: ASGIApp) -> ASGIApp:
        def told(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            if scope["type"] != "http" or not self._leaving:
                return app(scope, receive, send)
            if scope["path"] == "/readyz":
                return PlainTextResponse("leaving\n", 503)(scope, receive, _ending(send))
            return app(scope, receive, _ending(send))

        return told


def _ending(send: Send) -> Send:
    """Sends answers after which the connection is closed."""

    def ending(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Connection"] = "close"
        return send(message)

    return ending


async def stopped() -> None:
    """Returns at SIGINT or SIGTERM."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    await event.wait()

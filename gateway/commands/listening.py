"""How every command listens: sockets taken first, so that a port in use is one line; stopped by Ctrl-C at once."""

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from gateway.commands import CommandError


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; CommandError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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
    """uvicorn on uvloop and httptools where they are installed; `announce` is called once requests are taken.

    At the end requests under way have `grace_seconds` to finish.
    """

    def __init__(self, app: ASGIApp, announce: Callable[[], None], *, grace_seconds: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                access_log=False,
                log_level="warning",
                server_header=False,
                # Whose word on the caller's address is believed is decided in callers.py alone.
                proxy_headers=False,
                timeout_graceful_shutdown=grace_seconds,
            )
        )
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, then the announcement."""
        await super().startup(sockets=sockets)
        if self.started:
            self._announce()


async def stopped() -> None:
    """Returns at SIGINT or SIGTERM."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    await event.wait()

"""One of several processes that serve, started by `workers.py` with two sockets: where to listen, and its parent."""

import asyncio
import socket
import sys
from contextlib import suppress

from gateway.commands.serve import build_server
from gateway.logs import configure_logs
from gateway.settings import SettingsError, load_settings


def main() -> int:
    """Serves until SIGTERM, or until the parent is gone; a byte tells the parent that requests are taken."""
    listening, parent = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    parent.setblocking(False)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"tenant-gateway: {error}".replace("\n", "\ntenant-gateway: "), file=sys.stderr)
        return 2
    configure_logs(readable=settings.development)

    def announce() -> None:
        with suppress(OSError):  # the parent is gone already, and `leave` is about to be called
            parent.send(b".")

    server = build_server(settings, announce)

    async def serve() -> None:
        # Nothing is ever sent by the parent: readable means gone.
        asyncio.get_running_loop().add_reader(parent, server.leave)
        await server.serve(sockets=[listening])

    with (
        suppress(KeyboardInterrupt),  # uvicorn raises it once more when all is over
        asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner,
    ):
        runner.run(serve())
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())

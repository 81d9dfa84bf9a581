"""A gateway in a process of its own, on a shared clock: `python -m tests.payments.fault_node CLOCK PORT SETTINGS`."""

import asyncio
import json
import sys
from pathlib import Path

from gateway.app import create_app
from gateway.clients.mail import PrintedMails
from gateway.commands.listening import Server, listen
from gateway.payments import service
from gateway.settings import given_settings

from .shared_clock import SharedClock

service.POLLED_EVERY_SECONDS = 0.1  # type: ignore[misc] # the shared clock runs fast


async def main(clock_file: str, port: str, values: str) -> None:
    app = create_app(
        given_settings(**json.loads(values)),
        clock=SharedClock(Path(clock_file)),
        mail_server=PrintedMails(write=lambda _: None),
    )
    sock = listen("127.0.0.1", int(port))
    await Server(app, lambda: print("serves", flush=True), grace_seconds=1).serve(sockets=[sock])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""A sender that is killed after a mail went out and before it is marked: `… ADDRESS PORT MILLISECONDS KILL_AT`."""

import asyncio
import os
import signal
import sys
from datetime import timedelta

from gateway.accounts import open_accounts
from gateway.accounts.sender import send_once
from gateway.clients.mail import SmtpServer
from gateway.models.mail import Mail

from .conftest import Clock, settings_for


class Killed(SmtpServer):
    """Dies right after the n-th mail."""

    left = int(sys.argv[4])

    async def send(self, mail: Mail) -> None:
        await super().send(mail)
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    clock = Clock()
    clock.time += timedelta(milliseconds=int(sys.argv[3]))
    async with open_accounts(settings_for(sys.argv[1]), clock) as accounts:
        await send_once(
            accounts.tools,
            Killed(f"smtp://127.0.0.1:{sys.argv[2]}"),
            accounts.tools.duty("sender"),
        )


if __name__ == "__main__":
    asyncio.run(main())

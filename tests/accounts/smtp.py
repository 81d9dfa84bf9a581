"""A small SMTP server that can refuse, be slow, and die."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class SmtpBox:
    """What arrived, by Message-ID; `mood` is how the server behaves."""

    port: int = 0
    mood: str = "well"
    refused_recipient: str = ""
    ids: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mood == "slow":
            await asyncio.sleep(30)
        if self.mood == "dead":
            return
        writer.write(b"554 not now\r\n" if self.mood == "refusing" else b"220 box\r\n")
        while line := (await reader.readline()).decode().strip():
            command = line[:4].upper()
            if command == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            if command == "RCPT" and self.refused_recipient and self.refused_recipient in line:
                writer.write(b"550 nobody here\r\n")
            elif command == "DATA":
                writer.write(b"354 go on\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.bodies.append(body)
                self.ids += [row.split(" ", 1)[1] for row in body.splitlines() if row.lower().startswith("message-id:")]
                self.arrived.set()
                writer.write(b"250 taken\r\n")
            else:
                writer.write(b"250 ok\r\n")


@asynccontextmanager
async def running_box() -> AsyncIterator[SmtpBox]:
    """A server on a free port."""
    box = SmtpBox()
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    async with server:
        yield box

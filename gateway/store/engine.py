"""Transactions on the gateway's own database, SQLite or PostgreSQL."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.errors import Overloaded
from gateway.store.gathering import Gathering
from gateway.store.reader import Reader

K = TypeVar("K")
V = TypeVar("V")

Transaction = AsyncConnection
"""An open transaction; the functions beside run their statements in it."""

BUSY_SECONDS: Final = 10
_WRITING: Final = "gateway_writing"


class Store:
    """Opens transactions. Nothing is connected before the first one."""

    def __init__(self, database_url: str) -> None:
        self.engine = create_engine(database_url)
        self._writing_engine = self.engine.execution_options(**{_WRITING: True})
        # SQLite has one writer. Those of this process queue here instead of polling each other's lock.
        self._writer = asyncio.Lock() if self.engine.dialect.name == "sqlite" else None
        self._reader = Reader(self.engine)
        self._gatherings: list[Gathering[Any, Any]] = []

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A transaction that only reads. Raises Overloaded where the database is away."""
        with _translated():
            async with self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """A transaction, committed at the end and rolled back where anything is raised. Raises Overloaded as above.

        Where the database goes away in the very moment of committing, nobody can know whether it did.
        """
        async with AsyncExitStack() as stack:
            stack.enter_context(_translated())
            if self._writer:
                await stack.enter_async_context(self._writer)
            yield await stack.enter_async_context(self._writing_engine.begin())

    def by_key(
        self, rows: Select[Any], key: ColumnElement[str]
    ) -> Callable[[Collection[str]], Awaitable[Sequence[Sequence[Any]]]]:
        """What fetches those of the rows with one of the given keys, cheaply. Raises Overloaded as above."""
        statement = self._reader.statement(rows, key)

        async def fetch(keys: Collection[str]) -> Sequence[Sequence[Any]]:
            with _translated():
                return await self._reader.fetch(statement, keys)

        return fetch

    def gathering(
        self, send: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], *, pause_seconds: float | None = None
    ) -> Gathering[K, V]:
        """A gathering that is done when this store has been closed."""
        gathering = Gathering(send, pause_seconds=pause_seconds)
        self._gatherings.append(gathering)
        return gathering

    async def close(self) -> None:
        """Closes the connections, after what is under way."""
        for gathering in self._gatherings:
            await gathering.close()
        await self._reader.close()
        await self.engine.dispose()


def create_engine(database_url: str) -> AsyncEngine:
    """An engine for `sqlite:///file` or `postgresql://…`. Its errors never show what a statement was given."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    # `sslmode` and friends are libpq's way of writing; asyncpg reads `ssl`.
    mode = url.query.get("sslmode", "prefer")
    root = url.query.get("sslrootcert")
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg").difference_update_query(("sslmode", "sslrootcert")),
        hide_parameters=True,
        pool_size=10,
        max_overflow=10,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args={
            "timeout": 5,
            "command_timeout": 8,
            "ssl": _verifying(str(mode), str(root) if root else None),
            "server_settings": {"application_name": "tenant-gateway", "lock_timeout": "5000"},
        },
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, OSError) as error:
        raise Overloaded(type(error).__name__) from error
    except DBAPIError as error:  # a connection that breaks under a statement
        if not error.connection_invalidated:
            raise
        raise Overloaded(type(error).__name__) from error


def _sqlite_engine(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        file = Path(url.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)  # nobody else on the machine has any business in it; SQLite's own files follow suit
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"), hide_parameters=True, connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", f"busy_timeout={BUSY_SECONDS * 1000}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads before it writes must hold the lock from its start: SQLite cannot wait for it later.
        writing = connection.get_execution_options().get(_WRITING)
        cursor = connection.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
        cursor.close()

    return engine


def _verifying(mode: str, root: str | None) -> str | ssl.SSLContext:
    if mode not in {"verify-ca", "verify-full"}:
        return mode
    context = ssl.create_default_context(cafile=root)
    context.check_hostname = mode == "verify-full"
    return context

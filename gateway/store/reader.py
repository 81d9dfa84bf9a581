"""Statements that find rows by keys, many at a time, run by the driver itself on connections kept at hand.

SQLAlchemy's way to a row (a connection out of the pool and back, a transaction, a greenlet for each step) costs several
times what the row does. It still writes the statements, opens the connections, and does everything else.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Dialect, Select, Text, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.errors import Overloaded


class _Kept(NamedTuple):
    connection: AsyncConnection
    driver: Any


class Reader:
    """Each statement is a transaction of its own, so it sees all that was committed before it ran.

    As many connections are kept as statements were under way at once.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._on_sqlite = engine.dialect.name == "sqlite"
        self._kept: list[_Kept] = []

    def statement(self, rows: Select[Any], key: ColumnElement[str]) -> str:
        """The SQL for those of the rows with one of the keys that `fetch` will be given."""
        return str(rows.where(_is_among(key, self._engine.dialect)).compile(dialect=self._engine.dialect))

    async def fetch(self, statement: str, keys: Collection[str]) -> Sequence[Sequence[Any]]:
        """The rows. Raises Overloaded, and what SQLAlchemy does where a connection cannot be opened."""
        if self._kept:
            try:
                return await self._run(self._kept.pop(), statement, keys)
            except Overloaded as error:
                if isinstance(error.__cause__, TimeoutError):
                    raise
                # It may have been lost while nobody used it: the server was started anew, say.
        connection = await self._engine.connect()
        driver = (await connection.get_raw_connection()).driver_connection
        return await self._run(_Kept(connection, driver), statement, keys)

    async def close(self) -> None:
        """Gives the connections back."""
        while self._kept:
            await self._kept.pop().connection.close()

    async def _run(self, kept: _Kept, statement: str, keys: Collection[str]) -> Sequence[Sequence[Any]]:
        try:
            if self._on_sqlite:
                rows = await kept.driver.execute_fetchall(statement, (msgspec.json.encode(keys).decode(),))
            else:
                rows = await kept.driver.fetch(statement, list(keys))
        except BaseException as error:
            await _give_up(kept.connection)
            if isinstance(error, Exception):
                raise Overloaded(type(error).__name__) from error
            raise
        self._kept.append(kept)
        return rows  # type: ignore[no-any-return]


def _is_among(key: ColumnElement[str], dialect: Dialect) -> ColumnElement[bool]:
    # One parameter and one text, however many keys.
    keys: Any = bindparam("keys")
    if dialect.name == "sqlite":
        return key.in_(select(func.json_each(keys).table_valued("value").c.value))
    return key == any_(cast(keys, ARRAY(Text)))


async def _give_up(connection: AsyncConnection) -> None:
    with suppress(Exception):
        await connection.invalidate()
    with suppress(Exception):
        await connection.close()

"""Brings a database to the newest form, and tells whether it is there."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from gateway.store.engine import Store

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 7_463_512  # any number, the same for all nodes


def migrate_database(database_url: str) -> None:
    """Runs the missing migrations, all or none; several nodes may start at once. Not for a running event loop."""
    asyncio.run(upgrade(database_url))


async def upgrade(database_url: str) -> None:
    """Runs the missing migrations, all or none."""
    store = Store(database_url)
    try:
        async with store.write() as tx:
            await tx.run_sync(_upgrade)
    finally:
        await store.close()


async def is_migrated(store: Store) -> bool:
    """Whether the database has the form that this version of the gateway needs, or one that a newer version made of it.

    Migrations stay compatible with the version before, so that nodes are replaced one after another.
    """
    scripts = ScriptDirectory.from_config(_config())
    async with store.read() as tx:
        current = await tx.run_sync(_current)
    newer = current is not None and current not in {each.revision for each in scripts.walk_revisions()}
    return newer or current == scripts.get_current_head()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config

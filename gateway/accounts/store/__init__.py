"""The gateway's own database, SQLite or PostgreSQL: tables, statements, migrations. Only here is SQLAlchemy used."""

from gateway.accounts.store.engine import Store, Transaction
from gateway.accounts.store.migrating import is_migrated, migrate_database, upgrade

__all__ = ["Store", "Transaction", "is_migrated", "migrate_database", "upgrade"]

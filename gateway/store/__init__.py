"""The gateway's own database, SQLite or PostgreSQL: tables, statements, migrations. Only here is SQLAlchemy used."""

from gateway.store.engine import Store, Transaction
from gateway.store.migrating import is_migrated, migrate_database, upgrade

__all__ = ["Store", "Transaction", "is_migrated", "migrate_database", "upgrade"]

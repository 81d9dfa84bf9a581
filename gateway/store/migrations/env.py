"""Runs migrations on the connection that `migrating` hands over, inside its transaction."""

from alembic import context

from gateway.store import machinery, payment_tables, sharing
from gateway.store.tables import METADATA

assert machinery and payment_tables and sharing  # their tables belong to the same metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()

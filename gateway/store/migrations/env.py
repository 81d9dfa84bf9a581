"""Runs migrations on the connection that `migrating` hands over, inside its transaction."""

from alembic import context

from gateway.store import machinery
from gateway.store.tables import METADATA

assert machinery  # its tables belong to the same metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()

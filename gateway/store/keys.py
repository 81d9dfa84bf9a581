"""Statements about signing keys."""

from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import Transaction
from gateway.store.machinery import SIGNING_KEYS
from gateway.store.rows import SigningKeyRow, every


async def fetch_trusted(tx: Transaction, retired_after: int) -> list[SigningKeyRow]:
    """The key that signs, and those that were retired after that moment."""
    key = SIGNING_KEYS.c
    statement = select(SIGNING_KEYS).where(or_(key.active == 1, key.retired_at > retired_after))
    return every(SigningKeyRow, await tx.execute(statement.order_by(key.created_at.desc())))


async def add_active(tx: Transaction, row: SigningKeyRow) -> None:
    """The key that signs from now on, unless there is one."""
    insert: Any = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    values = {column.name: getattr(row, column.name) for column in SIGNING_KEYS.c}
    await tx.execute(insert(SIGNING_KEYS).values(values).on_conflict_do_nothing(index_elements=["active"]))


async def retire_active(tx: Transaction, now: int) -> None:
    """The key that signs does so no longer; its tokens stay good."""
    await tx.execute(update(SIGNING_KEYS).where(SIGNING_KEYS.c.active == 1).values(active=None, retired_at=now))

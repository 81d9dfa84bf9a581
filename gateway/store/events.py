"""Statements about the security log."""

import uuid

from sqlalchemy import insert as insert_into

from gateway.store.engine import Transaction
from gateway.store.tables import EVENTS


async def add(
    tx: Transaction,
    kind: str,
    now: int,
    *,
    label_key: str | None = None,
    account_id: str | None = None,
    session_id: str | None = None,
    address: str | None = None,
) -> None:
    """Notes what happened."""
    await tx.execute(
        insert_into(EVENTS).values(
            id=uuid.uuid4().hex,
            at=now,
            kind=kind,
            label_key=label_key,
            account_id=account_id,
            session_id=session_id,
            address=address,
        )
    )

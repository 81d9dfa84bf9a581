"""Statements about requests for assistance."""

from sqlalchemy import insert as insert_into
from sqlalchemy import select, update

from gateway.store.engine import Transaction
from gateway.store.rows import AssistanceRow, every, one
from gateway.store.tables import ASSISTANCE


async def insert(tx: Transaction, row: AssistanceRow) -> None:
    """A new request."""
    values = {column.name: getattr(row, column.name) for column in ASSISTANCE.c}
    await tx.execute(insert_into(ASSISTANCE).values(values))


async def fetch_in_state(tx: Transaction, state: str) -> list[AssistanceRow]:
    """Requests in a state, the oldest first."""
    statement = select(ASSISTANCE).where(ASSISTANCE.c.state == state)
    return every(AssistanceRow, await tx.execute(statement.order_by(ASSISTANCE.c.created_at, ASSISTANCE.c.reference)))


async def fetch(tx: Transaction, reference: str) -> AssistanceRow | None:
    """The request of that reference."""
    return one(AssistanceRow, await tx.execute(select(ASSISTANCE).where(ASSISTANCE.c.reference == reference)))


async def find_accepted(tx: Transaction, label_keys: tuple[str, ...], since: int) -> AssistanceRow | None:
    """The label's newest accepted request whose contents are still there."""
    statement = select(ASSISTANCE).where(
        ASSISTANCE.c.label_key.in_(label_keys),
        ASSISTANCE.c.state == "ACCEPTED",
        ASSISTANCE.c.closed_at > since,
        ASSISTANCE.c.sealed.is_not(None),
    )
    return one(AssistanceRow, await tx.execute(statement.order_by(ASSISTANCE.c.closed_at.desc()).limit(1)))


async def close(tx: Transaction, reference: str, state: str, now: int, closed_by: str) -> bool:
    """Moves an open request to its end state; false where it is closed already."""
    statement = (
        update(ASSISTANCE)
        .where(ASSISTANCE.c.reference == reference, ASSISTANCE.c.state == "OPEN")
        .values(state=state, closed_at=now, closed_by=closed_by)
    )
    return (await tx.execute(statement)).rowcount == 1

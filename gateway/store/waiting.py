"""What waits in the database: how many rows of each queue, and since when the oldest does."""

from typing import NamedTuple

from sqlalchemy import func, select

from gateway.store.engine import Transaction
from gateway.store.machinery import OUTBOX, WORK


class Waiting(NamedTuple):
    """So many rows, the oldest of them written at that moment; None where there are none."""

    rows: int
    since: int | None


async def find_waiting(tx: Transaction) -> dict[str, Waiting]:
    """What waits in the outbox and in the list of work."""
    queues = {
        "outbox": (OUTBOX, OUTBOX.c.sent_at.is_(None) & OUTBOX.c.abandoned_at.is_(None)),
        "work": (WORK, WORK.c.closed_at.is_(None)),
    }
    found = {}
    for name, (table, is_open) in queues.items():
        statement = select(func.count(), func.min(table.c.created_at)).select_from(table).where(is_open)
        rows, since = (await tx.execute(statement)).one()
        found[name] = Waiting(rows, since)
    return found

"""Statements about work to do, mails to send, and which node does it."""

from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import Transaction
from gateway.store.machinery import DUTIES, OUTBOX, WORK
from gateway.store.rows import OutboxRow, WorkRow, one


async def take_duty(tx: Transaction, name: str, holder: str, now: int, until: int) -> bool:
    """Takes or keeps a duty until then; false while another node has it."""
    insert: Any = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement = (
        insert(DUTIES)
        .values(name=name, holder=holder, until=until)
        .on_conflict_do_update(
            index_elements=[DUTIES.c.name],
            set_={"holder": holder, "until": until},
            where=or_(DUTIES.c.until <= now, DUTIES.c.holder == holder),
        )
        .returning(DUTIES.c.holder)
    )
    return (await tx.execute(statement)).first() is not None


async def leave_duty(tx: Transaction, name: str, holder: str) -> None:
    """Lets another node have a duty at once."""
    await tx.execute(update(DUTIES).where(DUTIES.c.name == name, DUTIES.c.holder == holder).values(until=0))


async def add_work(tx: Transaction, row: WorkRow) -> None:
    """Something to do."""
    await tx.execute(insert_into(WORK).values({column.name: getattr(row, column.name) for column in WORK.c}))


async def find_due_work(tx: Transaction, now: int) -> WorkRow | None:
    """The open work whose time came first; what has to ask property management comes after all else.

    It may hang for as long as that system does, and a forgotten password should not wait for it.
    """
    statement = select(WORK).where(WORK.c.closed_at.is_(None), WORK.c.available_at <= now)
    return one(
        WorkRow,
        await tx.execute(statement.order_by(WORK.c.kind == "CREATE_ACCOUNT", WORK.c.available_at, WORK.c.id).limit(1)),
    )


async def close_work(tx: Transaction, work_id: str, now: int, outcome: str) -> bool:
    """Closes work and erases its contents; false where it is closed already."""
    statement = (
        update(WORK)
        .where(WORK.c.id == work_id, WORK.c.closed_at.is_(None))
        .values(closed_at=now, outcome=outcome, sealed=None)
    )
    return (await tx.execute(statement)).rowcount == 1


async def postpone_work(tx: Transaction, work_id: str, until: int) -> None:
    """Leaves work for later."""
    statement = update(WORK).where(WORK.c.id == work_id)
    await tx.execute(statement.values(available_at=until, attempts=WORK.c.attempts + 1))


async def add_mail(tx: Transaction, row: OutboxRow) -> None:
    """A mail to send."""
    await tx.execute(insert_into(OUTBOX).values({column.name: getattr(row, column.name) for column in OUTBOX.c}))


async def find_due_mail(tx: Transaction, now: int) -> OutboxRow | None:
    """The unsent mail whose time came first."""
    statement = select(OUTBOX).where(
        OUTBOX.c.sent_at.is_(None), OUTBOX.c.abandoned_at.is_(None), OUTBOX.c.available_at <= now
    )
    return one(OutboxRow, await tx.execute(statement.order_by(OUTBOX.c.available_at, OUTBOX.c.id).limit(1)))


async def mark_sent(tx: Transaction, mail_id: str, now: int) -> None:
    """Notes that a mail is with the mail server."""
    await tx.execute(update(OUTBOX).where(OUTBOX.c.id == mail_id).values(sent_at=now))


async def postpone_mail(tx: Transaction, mail_id: str, until: int) -> None:
    """Leaves a mail for later."""
    statement = update(OUTBOX).where(OUTBOX.c.id == mail_id)
    await tx.execute(statement.values(available_at=until, attempts=OUTBOX.c.attempts + 1))


async def abandon_mail(tx: Transaction, mail_id: str, now: int) -> None:
    """Gives a mail up and erases its contents."""
    await tx.execute(update(OUTBOX).where(OUTBOX.c.id == mail_id).values(abandoned_at=now, sealed=None))


async def was_mailed(tx: Transaction, label_keys: tuple[str, ...], template: str, since: int) -> bool:
    """Whether such a mail was written for the label since then."""
    statement = select(OUTBOX.c.id).where(
        OUTBOX.c.label_key.in_(label_keys), OUTBOX.c.template == template, OUTBOX.c.created_at > since
    )
    return (await tx.execute(statement.limit(1))).first() is not None


async def count_waiting_mails(tx: Transaction) -> int:
    """How many mails are still to be sent."""
    statement = select(func.count()).where(OUTBOX.c.sent_at.is_(None), OUTBOX.c.abandoned_at.is_(None))
    return int((await tx.execute(statement)).scalar_one())

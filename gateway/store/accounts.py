"""Statements about accounts."""

from typing import Any

from sqlalchemy import Select, or_, select, update
from sqlalchemy import insert as insert_into

from gateway.store.engine import Transaction
from gateway.store.rows import AccountRow, every, one
from gateway.store.tables import ACCOUNTS, SESSIONS


async def find(tx: Transaction, label_keys: tuple[str, ...], *, lock: bool = False) -> AccountRow | None:
    """The open account of a label, whose key may stem from any of the secrets; `lock` as below."""
    statement = select(ACCOUNTS).where(ACCOUNTS.c.label_key.in_(label_keys), ACCOUNTS.c.closed_at.is_(None))
    return one(AccountRow, await tx.execute(_locked(statement) if lock else statement))


async def ever_existed(tx: Transaction, label_keys: tuple[str, ...]) -> bool:
    """Whether the label has, or had, an account."""
    statement = select(ACCOUNTS.c.id).where(ACCOUNTS.c.label_key.in_(label_keys)).limit(1)
    return (await tx.execute(statement)).first() is not None


async def fetch(tx: Transaction, account_id: str, *, lock: bool = False) -> AccountRow | None:
    """The account of that id, open or closed.

    Whatever changes an account and its links or sessions locks the account first, so that no two wait for each other.
    """
    statement = select(ACCOUNTS).where(ACCOUNTS.c.id == account_id)
    return one(AccountRow, await tx.execute(_locked(statement) if lock else statement))


async def fetch_due_for_recheck(tx: Transaction, now: int, limit: int) -> list[AccountRow]:
    """Open accounts whose lease is to be looked at again."""
    statement = (
        select(ACCOUNTS)
        .where(ACCOUNTS.c.closed_at.is_(None), ACCOUNTS.c.recheck_at <= now)
        .order_by(ACCOUNTS.c.recheck_at)
        .limit(limit)
    )
    return every(AccountRow, await tx.execute(statement))


async def fetch_seen(tx: Transaction, since: int, after_id: str, limit: int) -> list[AccountRow]:
    """Open accounts that were signed in to, or used, since that moment, in the order of their ids."""
    used = select(SESSIONS.c.id).where(SESSIONS.c.account_id == ACCOUNTS.c.id, SESSIONS.c.last_used_at >= since)
    statement = (
        select(ACCOUNTS)
        .where(
            ACCOUNTS.c.closed_at.is_(None),
            ACCOUNTS.c.id > after_id,
            or_(ACCOUNTS.c.last_sign_in_at >= since, used.exists()),
        )
        .order_by(ACCOUNTS.c.id)
        .limit(limit)
    )
    return every(AccountRow, await tx.execute(statement))


async def insert(tx: Transaction, row: AccountRow) -> None:
    """A new account."""
    await tx.execute(insert_into(ACCOUNTS).values({column.name: getattr(row, column.name) for column in ACCOUNTS.c}))


async def change(tx: Transaction, account_id: str, **values: Any) -> None:
    """Sets columns of an account."""
    await tx.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(values))


async def forget_devices(tx: Transaction, account_id: str) -> None:
    """Makes every device cookie of an account worthless."""
    await tx.execute(
        update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(device_epoch=ACCOUNTS.c.device_epoch + 1)
    )


async def change_password(tx: Transaction, account_id: str, old_hash: str, new_hash: str, now: int) -> bool:
    """Sets the password, unless it has been changed since `old_hash` was read."""
    statement = (
        update(ACCOUNTS)
        .where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.password_hash == old_hash, ACCOUNTS.c.closed_at.is_(None))
        .values(password_hash=new_hash, password_changed_at=now, device_epoch=ACCOUNTS.c.device_epoch + 1)
    )
    return (await tx.execute(statement)).rowcount == 1


async def note_sign_in(tx: Transaction, account_id: str, verified_hash: str, new_hash: str | None, now: int) -> bool:
    """Notes a sign-in, and that the lease is to be looked at again; false where the password is another by now."""
    statement = (
        update(ACCOUNTS)
        .where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.password_hash == verified_hash, ACCOUNTS.c.closed_at.is_(None))
        .values(last_sign_in_at=now, recheck_at=now, password_hash=new_hash or verified_hash)
    )
    return (await tx.execute(statement)).rowcount == 1


async def postpone_rechecks(tx: Transaction, now: int, until: int) -> None:
    """Leaves every recheck that is due for later."""
    due = update(ACCOUNTS).where(ACCOUNTS.c.closed_at.is_(None), ACCOUNTS.c.recheck_at <= now)
    await tx.execute(due.values(recheck_at=until))


def _locked(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return statement.with_for_update(key_share=True)  # SQLite, whose writers come one by one, needs none

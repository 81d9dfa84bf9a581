"""Statements about sessions."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy import insert as insert_into

from gateway.store.engine import Transaction
from gateway.store.rows import AccountRow, SessionRow, every, one
from gateway.store.tables import ACCOUNTS, SESSIONS


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How many milliseconds a session lasts unused, and in total."""

    web_idle: int
    web_total: int
    app_idle: int
    app_total: int


async def insert(tx: Transaction, row: SessionRow) -> None:
    """A new session."""
    await tx.execute(insert_into(SESSIONS).values({column.name: getattr(row, column.name) for column in SESSIONS.c}))


async def fetch(tx: Transaction, session_id: str) -> SessionRow | None:
    """The session of that id, open or ended."""
    return one(SessionRow, await tx.execute(select(SESSIONS).where(SESSIONS.c.id == session_id)))


async def fetch_with_account(
    tx: Transaction, lifetimes: Lifetimes, now: int, *, session_id: str | None = None, cookie_hash: str | None = None
) -> tuple[SessionRow, AccountRow] | None:
    """The open session of that id or cookie, and its open account."""
    wanted = SESSIONS.c.id == session_id if cookie_hash is None else SESSIONS.c.cookie_hash == cookie_hash
    statement = (
        select(*SESSIONS.c, *ACCOUNTS.c)
        .join_from(SESSIONS, ACCOUNTS, SESSIONS.c.account_id == ACCOUNTS.c.id)
        .where(wanted, _open(lifetimes, now), ACCOUNTS.c.closed_at.is_(None))
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        return None
    return SessionRow(*row[: len(SESSIONS.c)]), AccountRow(*row[len(SESSIONS.c) :])


async def fetch_open(tx: Transaction, account_id: str, lifetimes: Lifetimes, now: int) -> list[SessionRow]:
    """An account's open sessions, the last used first."""
    statement = select(SESSIONS).where(SESSIONS.c.account_id == account_id, _open(lifetimes, now))
    return every(SessionRow, await tx.execute(statement.order_by(SESSIONS.c.last_used_at.desc(), SESSIONS.c.id)))


async def touch(tx: Transaction, session_id: str, now: int) -> None:
    """Notes that a session is in use."""
    await tx.execute(update(SESSIONS).where(SESSIONS.c.id == session_id).values(last_used_at=now))


async def rotate(tx: Transaction, session_id: str, counter: int, lifetimes: Lifetimes, now: int) -> SessionRow | None:
    """Counts an app's session up, for one caller only; None where the counter is another or the session is over."""
    statement = (
        update(SESSIONS)
        .where(
            SESSIONS.c.id == session_id,
            SESSIONS.c.client == "APP",
            SESSIONS.c.counter == counter,
            _open(lifetimes, now),
        )
        .values(counter=counter + 1, rotated_at=now, last_used_at=now)
        .returning(*SESSIONS.c)
    )
    return one(SessionRow, await tx.execute(statement))


async def restrict(tx: Transaction, session_id: str, *, renewal_only: bool) -> None:
    """Says whether a session may do no more than renew the password."""
    await tx.execute(update(SESSIONS).where(SESSIONS.c.id == session_id).values(renewal_only=int(renewal_only)))


async def end(tx: Transaction, account_id: str, now: int, *, only: str | None = None, but: str | None = None) -> int:
    """Ends an account's sessions: all, `only` one, or all `but` one. How many ended."""
    statement = update(SESSIONS).where(SESSIONS.c.account_id == account_id, SESSIONS.c.ended_at.is_(None))
    if only is not None:
        statement = statement.where(SESSIONS.c.id == only)
    if but is not None:
        statement = statement.where(SESSIONS.c.id != but)
    return (await tx.execute(statement.values(ended_at=now))).rowcount


def _open(lifetimes: Lifetimes, now: int) -> ColumnElement[bool]:
    session = SESSIONS.c
    web = and_(session.last_used_at > now - lifetimes.web_idle, session.created_at > now - lifetimes.web_total)
    app = and_(session.last_used_at > now - lifetimes.app_idle, session.created_at > now - lifetimes.app_total)
    return and_(session.ended_at.is_(None), or_(and_(session.client == "WEB", web), and_(session.client == "APP", app)))

"""Statements about sessions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Column, ColumnElement, and_, or_, select, update
from sqlalchemy import insert as insert_into

from gateway.store.engine import Store, Transaction
from gateway.store.gathering import Gathering
from gateway.store.rows import AccountRow, SessionRow, every, one
from gateway.store.tables import ACCOUNTS, SESSIONS

Found: TypeAlias = tuple[SessionRow, AccountRow]
"""A session and its account."""

_OPEN_ACCOUNTS: Final = (
    select(*SESSIONS.c, *ACCOUNTS.c)
    .join_from(SESSIONS, ACCOUNTS, SESSIONS.c.account_id == ACCOUNTS.c.id)
    .where(ACCOUNTS.c.closed_at.is_(None))
)


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


async def fetch_with_account(tx: Transaction, lifetimes: Lifetimes, now: int, session_id: str) -> Found | None:
    """The open session of that id, and its open account."""
    statement = _OPEN_ACCOUNTS.where(SESSIONS.c.id == session_id, _open(lifetimes, now))
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else _found(row)


def find_by_id(store: Store) -> Gathering[str, Found]:
    """Finds sessions that nobody has ended, with their open accounts, by id, for many askers at once.

    Whether a session has lasted too long is for the asker to see.
    """
    return _find_by(store, SESSIONS.c.id)


def find_by_cookie(store: Store) -> Gathering[str, Found]:
    """The same by the cookie's digest."""
    return _find_by(store, SESSIONS.c.cookie_hash)


async def fetch_open(tx: Transaction, account_id: str, lifetimes: Lifetimes, now: int) -> list[SessionRow]:
    """An account's open sessions, the last used first."""
    statement = select(SESSIONS).where(SESSIONS.c.account_id == account_id, _open(lifetimes, now))
    return every(SessionRow, await tx.execute(statement.order_by(SESSIONS.c.last_used_at.desc(), SESSIONS.c.id)))


async def touch(tx: Transaction, session_ids: Collection[str], now: int) -> None:
    """Notes that sessions are in use, but for those that others are changing just now: nobody waits for that."""
    session = SESSIONS.c
    stale = select(session.id).where(session.id.in_(session_ids), session.last_used_at < now)
    statement = update(SESSIONS).where(session.id.in_(stale.with_for_update(skip_locked=True)))
    await tx.execute(statement.values(last_used_at=now))


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


def _find_by(store: Store, key: Column[str]) -> Gathering[str, Found]:
    fetch = store.by_key(_OPEN_ACCOUNTS.where(SESSIONS.c.ended_at.is_(None)), key)
    place = SESSIONS.c.keys().index(key.name)

    async def find(keys: Collection[str]) -> dict[str, Found]:
        return {row[place]: _found(row) for row in await fetch(keys)}

    return store.gathering(find)


def _found(row: Sequence[Any]) -> Found:
    return SessionRow(*row[: len(SESSIONS.c)]), AccountRow(*row[len(SESSIONS.c) :])

"""Statements about mailed links: the newest counts, once, for a while."""

from sqlalchemy import ColumnElement, select, update
from sqlalchemy import insert as insert_into

from gateway.store.engine import Transaction
from gateway.store.rows import LinkRow, one
from gateway.store.tables import LINKS


async def issue(tx: Transaction, row: LinkRow, label_keys: tuple[str, ...]) -> None:
    """A new link, which ends the label's earlier ones of its kind."""
    earlier = (
        update(LINKS)
        .where(LINKS.c.label_key.in_(label_keys), LINKS.c.kind == row.kind, LINKS.c.superseded_at.is_(None))
        .values(superseded_at=row.created_at)
    )
    await tx.execute(earlier)
    await tx.execute(insert_into(LINKS).values({column.name: getattr(row, column.name) for column in LINKS.c}))


async def find_newest(tx: Transaction, label_keys: tuple[str, ...], kind: str, since: int, now: int) -> LinkRow | None:
    """The label's newest link of a kind that was sent after that moment and can be used."""
    statement = select(LINKS).where(
        LINKS.c.label_key.in_(label_keys), LINKS.c.kind == kind, LINKS.c.created_at > since, *_usable(now)
    )
    return one(LinkRow, await tx.execute(statement.order_by(LINKS.c.created_at.desc()).limit(1)))


async def find(tx: Transaction, token_hash: str, now: int) -> LinkRow | None:
    """The link of a token, where it can be used."""
    return one(LinkRow, await tx.execute(select(LINKS).where(LINKS.c.token_hash == token_hash, *_usable(now))))


async def try_once(tx: Transaction, token_hash: str, now: int, tries: int) -> LinkRow | None:
    """Spends one of the link's tries; None where it cannot be used or has none left."""
    statement = (
        update(LINKS)
        .where(LINKS.c.token_hash == token_hash, LINKS.c.tries < tries, *_usable(now))
        .values(tries=LINKS.c.tries + 1)
        .returning(*LINKS.c)
    )
    return one(LinkRow, await tx.execute(statement))


async def use(tx: Transaction, link_id: str, now: int) -> bool:
    """Uses the link up; true for one caller only."""
    statement = update(LINKS).where(LINKS.c.id == link_id, *_usable(now)).values(used_at=now)
    return (await tx.execute(statement)).rowcount == 1


async def withdraw(tx: Transaction, label_keys: tuple[str, ...], now: int) -> None:
    """Ends every link of a label."""
    await tx.execute(
        update(LINKS)
        .where(LINKS.c.label_key.in_(label_keys), LINKS.c.superseded_at.is_(None))
        .values(superseded_at=now)
    )


def _usable(now: int) -> tuple[ColumnElement[bool], ...]:
    return LINKS.c.used_at.is_(None), LINKS.c.superseded_at.is_(None), LINKS.c.expires_at > now

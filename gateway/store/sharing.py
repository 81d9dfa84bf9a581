"""What nodes and workers share: one session or token a legacy system, who lives, what was spent today."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.columns import NOTHING, count, moment, text
from gateway.store.engine import Transaction
from gateway.store.rows import one
from gateway.store.tables import METADATA

_KEPT: Final = "replaced when the system refuses it; a row of credentials no longer used is worth nothing"
_NODE: Final = "the node's end, or some seconds after its last beat"
_DAY: Final = "the second midnight after that day"

KEPT_SECRETS: Final = Table(
    "kept_secrets",
    METADATA,
    text("name", primary_key=True, holds=f"{NOTHING}; keyed digest of system, address and credentials", until=_KEPT),
    text("sealed", nullable=True, holds=f"{NOTHING}; the landlord's session or token, sealed", until=_KEPT),
    moment("use_until", nullable=True, until=_KEPT),
    text("obtained_by", nullable=True, holds=f"{NOTHING}; the process that is obtaining another", until=_KEPT),
    moment("obtained_since", nullable=True, until=_KEPT),
    # When others were asked for whose answer was lost, in milliseconds, separated by blanks: they may be alive.
    text("lost", holds=NOTHING, until=_KEPT),
)

NODES: Final = Table(
    "nodes",
    METADATA,
    text("id", primary_key=True, holds=f"{NOTHING}; the process", until=_NODE),
    # Counted up at each beat, so that nobody has to compare two machines' clocks.
    count("beat", until=_NODE),
)

SPENDING: Final = Table(
    "spending",
    METADATA,
    text("name", primary_key=True, holds=f"{NOTHING}; the legacy system", until=_DAY),
    text("day", primary_key=True, holds=f"{NOTHING}; the civil day in Paris, YYYY-MM-DD", until=_DAY),
    count("calls", until=_DAY),
)


@dataclass(frozen=True, slots=True)
class KeptSecretRow:
    """A legacy session or token that all processes use, and who is obtaining another."""

    name: str
    sealed: str | None
    use_until: int | None
    obtained_by: str | None
    obtained_since: int | None
    lost: str


async def fetch_secret(tx: Transaction, name: str) -> KeptSecretRow | None:
    """What is kept under that name."""
    return one(KeptSecretRow, await tx.execute(select(KEPT_SECRETS).where(KEPT_SECRETS.c.name == name)))


async def lock_secret(tx: Transaction, name: str) -> KeptSecretRow:
    """The same, made where it is missing; nobody else changes it before the end of the transaction."""
    values = {"name": name, "lost": ""}
    await tx.execute(_insert(tx, KEPT_SECRETS).values(values).on_conflict_do_nothing(index_elements=["name"]))
    statement = select(KEPT_SECRETS).where(KEPT_SECRETS.c.name == name).with_for_update()
    row = one(KeptSecretRow, await tx.execute(statement))
    assert row is not None
    return row


async def save_secret(tx: Transaction, row: KeptSecretRow) -> None:
    """Puts the row in the place of the one that was locked."""
    values = {column.name: getattr(row, column.name) for column in KEPT_SECRETS.c}
    await tx.execute(update(KEPT_SECRETS).where(KEPT_SECRETS.c.name == row.name).values(values))


async def beat(tx: Transaction, node: str) -> dict[str, int]:
    """Notes that a node lives; the beats of all nodes, this one's too."""
    insert = _insert(tx, NODES).values(id=node, beat=1)
    await tx.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"beat": NODES.c.beat + 1}))
    return {row.id: row.beat for row in await tx.execute(select(NODES.c.id, NODES.c.beat))}


async def remove_node(tx: Transaction, node: str, beat: int | None = None) -> None:
    """Strikes a node off; with `beat`, only where that is still its last."""
    statement = delete(NODES).where(NODES.c.id == node)
    await tx.execute(statement if beat is None else statement.where(NODES.c.beat == beat))


async def spend(tx: Transaction, name: str, day: str, calls: int) -> int:
    """Adds to the calls of that day; all nodes' calls of it."""
    insert = _insert(tx, SPENDING).values(name=name, day=day, calls=calls)
    statement = insert.on_conflict_do_update(
        index_elements=["name", "day"], set_={"calls": SPENDING.c.calls + calls}
    ).returning(SPENDING.c.calls)
    return int((await tx.execute(statement)).scalar_one())


async def forget_spending(tx: Transaction, before_day: str) -> None:
    """Removes the days before that one."""
    await tx.execute(delete(SPENDING).where(SPENDING.c.day < before_day))


def _insert(tx: Transaction, table: Table) -> Any:
    return postgresql.insert(table) if tx.dialect.name == "postgresql" else sqlite.insert(table)

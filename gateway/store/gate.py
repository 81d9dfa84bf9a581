"""The gate's statements: one try is granted, or not, by a single conditional write."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from gateway.store.engine import Transaction
from gateway.store.rows import GateRow, one
from gateway.store.tables import GATE

DIGITS: Final = 13
"""Milliseconds since 1970 have so many digits until the year 2286, so that they compare as text too."""

_CLEARED: Final = {
    "password_tries": 0,
    "creation_tries": 0,
    "failures_in_row": 0,
    "held_until": 0,
    "blocked_until": 0,
    "private_hold_at": 0,
    "recent_tries": "",
    "generation": GATE.c.generation + 1,
}


@dataclass(frozen=True, slots=True)
class GateRules:
    """How many tries, and for how many milliseconds what lasts."""

    password_tries: int
    creation_tries: int
    hold_ms: int
    block_ms: int
    lapse_ms: int
    window_tries: int
    window_ms: int
    failures_in_row: int
    failures_lapse_ms: int


async def reserve_password(tx: Transaction, rules: GateRules, key: str, label_key: str, now: int) -> GateRow | None:
    """Spends one password try; None, and nothing changed, where none is granted."""
    gate = GATE.c
    tries = _since_restart(gate.password_tries, rules, now) + 1
    window_start = digits(now - rules.window_ms)
    oldest = func.substr(gate.recent_tries, (rules.window_tries - 1) * DIGITS + 1, DIGITS)
    failures_lapsed = func.substr(gate.recent_tries, 1, DIGITS) <= digits(now - rules.failures_lapse_ms)
    first = {"password_tries": 1, "failures_in_row": 1, "recent_tries": digits(now)}
    statement = _insert(tx, _first_row(key, label_key, now) | first).on_conflict_do_update(
        index_elements=[gate.key],
        set_={
            "generation": _generation(rules, now),
            "password_tries": tries,
            "creation_tries": _since_restart(gate.creation_tries, rules, now),
            "failures_in_row": case((failures_lapsed, 0), else_=gate.failures_in_row) + 1,
            "held_until": case((tries >= rules.password_tries, now + rules.hold_ms), else_=0),
            "blocked_until": 0,
            "last_try_at": now,
            "recent_tries": func.substr(literal(digits(now)).concat(gate.recent_tries), 1, rules.window_tries * DIGITS),
        },
        where=and_(
            gate.blocked_until <= now,
            gate.held_until <= now,
            oldest <= window_start,
            gate.failures_in_row < rules.failures_in_row,
        ),
    )
    return one(GateRow, await tx.execute(statement.returning(*GATE.c)))


async def reserve_creation(tx: Transaction, rules: GateRules, key: str, now: int) -> GateRow | None:
    """Spends one creation try, the last of which begins the block; None, and nothing changed, while blocked."""
    gate = GATE.c
    tries = _since_restart(gate.creation_tries, rules, now) + 1
    blocks = tries >= rules.creation_tries
    statement = _insert(tx, _first_row(key, key, now) | {"creation_tries": 1}).on_conflict_do_update(
        index_elements=[gate.key],
        set_={
            # A block is a cycle of its own: a slow success from before must not lift it.
            "generation": _generation(rules, now) + case((blocks, 1), else_=0),
            "password_tries": _since_restart(gate.password_tries, rules, now),
            "creation_tries": tries,
            "held_until": case((gate.held_until > now, gate.held_until), else_=0),
            "blocked_until": case((blocks, now + rules.block_ms), else_=0),
            "last_try_at": now,
            "private_hold_at": case((and_(blocks, gate.private_hold_at == 0), now), else_=gate.private_hold_at),
        },
        where=gate.blocked_until <= now,
    )
    return one(GateRow, await tx.execute(statement.returning(*GATE.c)))


async def fetch(tx: Transaction, key: str) -> GateRow | None:
    """The row of that key."""
    return one(GateRow, await tx.execute(select(GATE).where(GATE.c.key == key)))


async def clear(tx: Transaction, key: str, generation: int) -> bool:
    """Sets all counters to 0, unless a newer cycle has begun since that generation."""
    statement = update(GATE).where(GATE.c.key == key, GATE.c.generation == generation).values(_CLEARED)
    return (await tx.execute(statement)).rowcount == 1


async def release(tx: Transaction, label_keys: tuple[str, ...], first: tuple[str, ...]) -> None:
    """Sets all counters of a label and of its devices to 0, whatever their state; the `first` rows before others."""
    # Locked by one statement in the order that all take them in; an update alone takes rows as it finds them. A row
    # that another transaction is just adding is seen by a later statement only: its try counts as after the release.
    rows = select(GATE.c.key).where(GATE.c.label_key.in_(label_keys))
    found = await tx.execute(rows.order_by(GATE.c.key.not_in(first), GATE.c.key).with_for_update())
    await tx.execute(update(GATE).where(GATE.c.key.in_(found.scalars().all())).values(_CLEARED))


async def rename(tx: Transaction, old: str, key: str, label_key: str) -> None:
    """Takes a row over to the key that a new secret gives it, where there is no such row yet."""
    taken = select(GATE.c.key).where(GATE.c.key == key).exists()
    await tx.execute(update(GATE).where(GATE.c.key == old, ~taken).values(key=key, label_key=label_key))


def digits(moment: int) -> str:
    """A moment as text of a fixed length."""
    return f"{max(moment, 0):0{DIGITS}d}"


def _first_row(key: str, label_key: str, now: int) -> dict[str, Any]:
    return {
        "key": key,
        "label_key": label_key,
        # Later than any generation that a purged row of this key can have had.
        "generation": now,
        "password_tries": 0,
        "creation_tries": 0,
        "failures_in_row": 0,
        "held_until": 0,
        "blocked_until": 0,
        "last_try_at": now,
        "private_hold_at": 0,
        "recent_tries": "",
    }


def _restarted(rules: GateRules, now: int) -> ColumnElement[bool]:
    gate = GATE.c
    return or_(
        and_(gate.held_until > 0, gate.held_until <= now),
        and_(gate.blocked_until > 0, gate.blocked_until <= now),
        gate.last_try_at <= now - rules.lapse_ms,
    )


def _since_restart(counter: ColumnElement[int], rules: GateRules, now: int) -> ColumnElement[int]:
    return case((_restarted(rules, now), 0), else_=counter)


def _generation(rules: GateRules, now: int) -> ColumnElement[int]:
    return GATE.c.generation + case((_restarted(rules, now), 1), else_=0)


def _insert(tx: Transaction, values: dict[str, Any]) -> Any:
    insert: Any = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
    statement: Insert = insert(GATE).values(values)
    return statement

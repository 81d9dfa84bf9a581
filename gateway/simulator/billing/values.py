"""How billing writes values as JSON: short numbers, inverted signs, nulls that are there or not."""

from typing import Any

import msgspec


def amount(cents: int) -> int | float:
    """A positive or signed amount, trailing zeros dropped: 312.5, 215."""
    whole, rest = divmod(cents, 100)
    return whole if rest == 0 else cents / 100


def inverted(cents: int) -> int | float:
    """An amount with billing's sign: negative = the tenant owes."""
    return amount(-cents)


def put(record: dict[str, Any], name: str, value: object, *, null: bool) -> None:
    """A field; without value it is null or absent."""
    if value is not None or null:
        record[name] = value


def dumps(value: object) -> str:
    """JSON text."""
    return msgspec.json.encode(value).decode()

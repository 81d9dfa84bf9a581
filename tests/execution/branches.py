"""The part of the torture schema that is plain all the way down: models that hold values, good ones and odd ones."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import Enum
from random import Random
from typing import Any

import strawberry

from gateway.execution import InstanceOf, TextOf

Dice = Callable[[str], Random]
Odd = Callable[[], Any]


class Season(Enum):
    """Seasons."""

    SPRING = "spring"
    AUTUMN = "autumn"


@dataclass(slots=True)
class LeafModel:
    """Values that need no loop."""

    text: Any
    note: Any
    number: Any
    ratio: Any
    open: Any
    fell: Any
    span: Any
    hour: Any
    season: Any
    last_season: Any

    @property
    def broken(self) -> str:
        """Raises for some."""
        if self.number == 7:
            raise ValueError("seven")
        return str(self.text)


@dataclass
class BranchModel:
    """Leaves and branches."""

    name: Any
    leaf: Any
    spare: Any
    leaves: Any
    sparse: Any
    rows: Any
    words: Any
    branches: Any


class Rootstock:
    """Makes models of which each value may be odd, as often as `trouble` says; by the place, the same each time."""

    def __init__(self, dice: Dice, trouble: float, odd: list[Odd]) -> None:
        self.dice, self.trouble, self.odd = dice, trouble, odd

    def branch(self, place: str, deep: int = 2) -> Any:
        """A branch with branches."""
        dice = self.dice(place)

        def leaf(at: str) -> Any:
            return self.value(at, False, lambda d: self.leaf(at))

        return BranchModel(
            name=self.value(f"{place}.name", False, lambda d: f"{place} is a branch"),
            leaf=leaf(f"{place}.leaf"),
            spare=self.value(f"{place}.spare", True, lambda d: self.leaf(f"{place}.spare")),
            leaves=[leaf(f"{place}.leaves.{n}") for n in range(dice.randrange(4))],
            sparse=tuple(leaf(f"{place}.sparse.{n}") if dice.random() < 0.7 else None for n in range(3)),
            rows=[self.many(f"{place}.rows.{n}", lambda d: d.randrange(9)) for n in range(dice.randrange(3))],
            words=self.many(f"{place}.words", lambda d: d.choice(["leaf", None])),
            branches=[
                self.value(f"{place}.{n}", False, lambda d, n=n: self.branch(f"{place}.{n}", deep - 1))  # type: ignore[misc]
                for n in range(dice.randrange(3) if deep else 0)
            ],
        )

    def leaf(self, place: str) -> LeafModel:
        """A leaf."""
        usual: list[tuple[bool, Callable[[Random], Any]]] = [
            (False, lambda d: f"{place} is a leaf"),
            (True, lambda d: "note"),
            (False, lambda d: d.randrange(10)),
            (True, lambda d: d.random()),
            (False, lambda d: d.random() < 0.5),
            (True, lambda d: date(2026, 10, d.randrange(1, 4))),
            (False, lambda d: timedelta(hours=d.randrange(100))),
            (True, lambda d: time(d.randrange(24))),
            (False, lambda d: d.choice([*Season])),
            (True, lambda d: d.choice([*Season])),
        ]
        return LeafModel(*(self.value(f"{place}.{n}", null, one) for n, (null, one) in enumerate(usual)))

    def many(self, place: str, one: Callable[[Random], Any]) -> Any:
        """A list or tuple."""
        found = [self.value(f"{place}.{n}", False, one) for n in range(self.dice(place).randrange(4))]
        return self.dice(place).choice([found, tuple(found)])

    def value(self, place: str, nullable: bool, usual: Callable[[Random], Any]) -> Any:
        """What stands in that place, sometimes a coroutine or a future of it."""
        dice = self.dice(f"value {place}")
        chance = dice.random() * 8  # there are many of them
        found = usual(dice)
        if chance < self.trouble / 3:
            found = ValueError(f"stood at {place}")
        elif chance < self.trouble / 2 or (nullable and chance > 6):
            found = None
        elif chance < self.trouble:
            found = dice.choice(self.odd)()
        if dice.random() * 30 < self.trouble:
            found = dice.choice([_coming, _future])(found)
        return found


async def _coming(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


def _future(value: Any) -> Any:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0, future.set_result, value)
    return future


strawberry.enum(Season)


@strawberry.type
class Leaf:
    """Built-in scalars, enums, scalars of one's own."""

    is_type_of = InstanceOf(LeafModel)

    text: str
    note: str | None
    number: int
    ratio: float | None
    open: bool
    fell: date | None
    span: timedelta
    hour: time | None
    season: Season
    last_season: Season | None
    broken: str


@strawberry.type
class Branch:
    """Objects and lists of them."""

    is_type_of = InstanceOf(BranchModel)

    name: str
    leaf: Leaf
    spare: Leaf | None
    leaves: list[Leaf]
    sparse: list[Leaf | None] | None
    rows: list[list[int]]
    words: list[str | None]
    branches: list["Branch"]


def _write(span: timedelta) -> str:
    hours = span.total_seconds() / 3_600
    if hours == 13:
        raise ValueError("thirteen")
    return f"{hours} h"


SCALARS: dict[object, Any] = {
    timedelta: strawberry.scalar(name="Span", serialize=TextOf(timedelta, _write)),
    time: strawberry.scalar(name="Hour", serialize=str),
}

"""A schema in which everything may go wrong at every place, the same way each time: by a seed and where it is asked.

A `World` decides what a place gives: something usual, null, an error raised or returned, a value of another kind, or
any of these later. It writes down every read and call, so that two executors can be held against each other.
"""

# mypy: disable-error-code="no-any-return, untyped-decorator, override"

import asyncio
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Annotated, Any

import graphql
import strawberry
from strawberry import Info
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.schema.config import StrawberryConfig

from gateway.execution import BY_CONTEXT, InstanceOf
from tests.execution.branches import SCALARS, Branch, Rootstock

ODD: list[Callable[[], Any]] = [
    *(lambda: "text", lambda: 7, lambda: 2**40, lambda: 0.5, lambda: float("nan"), lambda: True, lambda: "", dict),
    *(list, lambda: ("a", "b"), lambda: {"__typename": "Tree"}, lambda: Decimal("1.50"), lambda: date(2026, 3, 1)),
    *(lambda: Subtext("s"), lambda: Stream([1, 2]), lambda: [None], lambda: [1, [2]], lambda: "RED", lambda: int),
]


class Subtext(str):
    """No exact str."""


class Stream:
    """No list, but items all the same."""

    def __init__(self, items: list[Any]) -> None:
        self.items = iter(items)

    def __iter__(self) -> Iterator[Any]:
        return self.items

    def __repr__(self) -> str:
        return "a stream"


class Failed(Exception):
    """What places fail with."""


class World:
    """What every place gives, and what was asked of it."""

    def __init__(self, seed: int, trouble: float) -> None:
        self.seed, self.trouble = seed, trouble
        self.log: list[Any] = []

    def dice(self, *place: object) -> Random:
        return Random(f"{self.seed} {place}")

    def branch(self, place: str) -> Any:
        """A model that is plain all the way down, but for the trouble in it."""
        return Rootstock(self.dice, self.trouble, ODD).branch(place)

    def give(self, place: str, usual: Callable[[Random], Any], *, nullable: bool, wait: bool = True) -> Any:
        """What a place gives, now or later. Raises Failed."""
        self.log.append(place)
        dice = self.dice(place)
        if wait and dice.random() < self.trouble / 3:
            return self._later(place, usual, nullable)
        return self._now(place, dice, usual, nullable)

    def _now(self, place: str, dice: Random, usual: Callable[[Random], Any], nullable: bool) -> Any:
        chance = dice.random()
        if chance < self.trouble / 4:
            raise Failed(f"raised at {place}")
        if chance < self.trouble / 3:
            return Failed(f"returned at {place}")
        if chance < self.trouble / 2 or (nullable and chance > 0.85):
            return None
        return dice.choice(ODD)() if chance < self.trouble else usual(dice)

    async def _later(self, place: str, usual: Callable[[Random], Any], nullable: bool) -> Any:
        dice = self.dice("later", place)
        self.log.append((place, "begins"))
        for tick in range(dice.randrange(3)):
            await asyncio.sleep(0)
            self.log.append((place, tick))
        return self._now(place, dice, usual, nullable)


def attribute(usual: Callable[["Model", str, Random], Any], *, nullable: bool = False) -> Any:
    """A property that gives what the world says."""

    class Given:
        def __set_name__(self, _: type, name: str) -> None:
            self.name = name

        def __get__(self, source: "Model", _: type) -> Any:
            place = f"{source.place}.{self.name}"
            return source.world.give(place, lambda dice: usual(source, place, dice), nullable=nullable)

    return Given()


class Colour(Enum):
    """Colours."""

    RED = "red"
    GREEN = "green"


def many(one: Callable[[str, Random], Any], deep: int = 1) -> Callable[["Model", str, Random], Any]:
    """A list, or a list of lists; its items may be in trouble, too."""

    def usual(source: "Model", place: str, dice: Random, left: int = deep) -> Any:
        def item(index: int) -> Any:
            at = f"{place}.{index}"
            inner = (lambda d: usual(source, at, d, left - 1)) if left > 1 else (lambda d: one(at, d))
            try:
                return source.world.give(at, inner, nullable=False)
            except Failed as error:
                return error

        found = [item(index) for index in range(dice.randrange(4))]
        return dice.choice([found, found, found, tuple(found), Stream(found)])

    return usual


def a_colour(_: "Model", __: str, dice: Random) -> Any:
    return dice.choice([*Colour, "red"])


class Model:
    """A source of values; its place tells them apart."""

    def __init__(self, world: World, place: str) -> None:
        self.world, self.place = world, place

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.place}>"

    id = attribute(lambda s, place, _: place)
    tag = attribute(lambda s, place, _: place, nullable=True)
    size = attribute(lambda s, p, dice: dice.randrange(1_000))
    weight = attribute(lambda s, p, dice: dice.random(), nullable=True)
    tall = attribute(lambda s, p, dice: dice.random() < 0.5)
    price = attribute(lambda s, p, dice: Decimal(dice.randrange(10_000)) / 100)
    born = attribute(lambda s, p, dice: date(2000, 1, dice.randrange(1, 28)), nullable=True)
    colour = attribute(a_colour)
    colours = attribute(many(lambda _, dice: dice.choice([*Colour])), nullable=True)
    words = attribute(many(lambda place, _: place))
    grid = attribute(many(lambda _, dice: dice.randrange(9), deep=2))
    sparse = attribute(many(lambda _, dice: Decimal(dice.randrange(9)), deep=2), nullable=True)
    child = attribute(lambda s, place, _: TreeModel(s.world, place), nullable=True)
    twin = attribute(lambda s, place, _: TreeModel(s.world, place))
    stone = attribute(lambda s, place, _: StoneModel(s.world, place))
    children = attribute(lambda s, p, d: many(lambda place, _: TreeModel(s.world, place))(s, p, d))
    thickets = attribute(lambda s, p, d: many(lambda place, _: TreeModel(s.world, place), 2)(s, p, d), nullable=True)
    neighbour = attribute(lambda s, place, dice: dice.choice([TreeModel, StoneModel])(s.world, place), nullable=True)
    branch = attribute(lambda s, place, _: s.world.branch(place), nullable=True)
    branches = attribute(lambda s, p, d: many(lambda place, _: s.world.branch(place))(s, p, d))
    things = attribute(
        lambda s, p, d: many(lambda place, dice: dice.choice([TreeModel, StoneModel, Pebble])(s.world, place))(s, p, d)
    )


class TreeModel(Model):
    """Shown as Tree."""


class StoneModel(Model):
    """Shown as Stone."""


class Pebble(StoneModel):
    """Shown as Stone, being one of another class."""


def call(info: Info[World, None], source: Any, usual: Callable[[str, Random], Any], **arguments: object) -> Any:
    """What a resolver gives, once all that it was told is written down."""
    raw = info._raw_info
    told = [info.python_name, raw.field_name, str(raw.return_type), raw.parent_type.name, len(raw.field_nodes)]
    told += [raw.path.as_list(), [typename for _, _, typename in steps(raw.path)], repr(source)]
    told += [sorted(raw.fragments), raw.variable_values.coerced, raw.operation.operation, repr(arguments)]
    info.context.log.append(told)
    place = ".".join(map(str, raw.path.as_list()))
    return info.context.give(place, lambda dice: usual(place, dice), nullable=True, wait=False)


def coming(world: World, place: str, value: Any) -> Any:
    """A future that brings it, or is cancelled, sooner or later."""
    loop = asyncio.get_running_loop()
    future, dice = loop.create_future(), world.dice("coming", place)

    def come(turns: int) -> None:
        if turns:
            loop.call_soon(come, turns - 1)
        elif not future.done():
            future.set_exception(value) if isinstance(value, Exception) else future.set_result(value)

    come(dice.randrange(4))
    return future


def by_context(resolve: Callable[[World, Any], Any]) -> Callable[[Any, Info], Any]:
    """A resolver that may be called by the context alone."""

    def resolver(root: Any, info: Info) -> Any:
        return resolve(info.context, root)

    resolver.__annotations__["return"] = resolve.__annotations__["return"]
    setattr(resolver, BY_CONTEXT, resolve)
    return resolver


def bud(world: World, source: Any) -> Branch | None:
    """A plain branch that has yet to come."""
    place = f"bud of {source!r}"
    return coming(world, place, world.give(place, lambda _: world.branch(place), nullable=True, wait=False))


def leaf_out(world: World, source: Any) -> list[Branch]:
    """Plain branches that are here."""
    place = f"leaves of {source!r}"
    return world.give(place, lambda d: [world.branch(f"{place}.{n}") for n in range(d.randrange(4))], nullable=False)


def steps(path: Any) -> Iterator[Any]:
    while path is not None:
        yield path
        path = path.prev


async def wait(info: Info[World, None]) -> None:
    for _ in range(info.context.dice("wait", info.path.as_list()).randrange(3)):
        await asyncio.sleep(0)


class Allowed(BasePermission):
    """Allows most."""

    message = "not allowed"

    def has_permission(self, source: Any, info: Any, **_: Any) -> bool:
        return info.context.dice("allowed", info.path.as_list()).random() > info.context.trouble / 2


class AllowedLater(BasePermission):
    """Allows most, later."""

    message = "not allowed later"

    async def has_permission(self, source: Any, info: Any, **_: Any) -> bool:
        await wait(info)
        return info.context.dice("allowed", info.path.as_list()).random() > info.context.trouble / 2


class Twice(FieldExtension):
    """Says it twice."""

    def resolve(self, next_: Any, source: Any, info: Info, **arguments: Any) -> Any:
        info.context.log.append("twice")
        return f"{next_(source, info, **arguments)} twice"


@strawberry.input
class Filter:
    """An input object."""

    colour: Colour = Colour.RED
    words: list[str] = strawberry.field(default_factory=list)
    least: int | None = None


strawberry.enum(Colour)


@strawberry.interface
class Node:
    """Something with an id."""

    id: strawberry.ID
    tag: str | None
    twin: "Tree"


@strawberry.type
class Stone(Node):
    """A type whose check is a function of its own."""

    size: int
    colours: list[Colour] | None
    things: list[Annotated["Tree | Stone", strawberry.union("Thing")]]

    @classmethod
    def is_type_of(cls, value: object, info: Any) -> bool:
        info.context.log.append(("is it a stone", info.path.as_list()))
        return isinstance(value, StoneModel)


@strawberry.type
class Tree(Node):
    """A type whose check is known."""

    is_type_of = InstanceOf(TreeModel)

    size: int
    weight: float | None
    tall: bool
    price: Decimal
    born: date | None
    colour: Colour
    colours: list[Colour] | None
    words: list[str]
    grid: list[list[int]]
    sparse: list[list[Decimal | None] | None] | None
    child: "Tree | None"
    stone: Stone
    children: list["Tree"]
    thickets: list[list["Tree | None"] | None] | None
    neighbour: Node | None
    branch: Branch | None
    branches: list[Branch]
    things: list[Annotated["Tree | Stone", strawberry.union("Thing")]]
    bud: Branch | None = strawberry.field(resolver=by_context(bud))
    leaf_out: list[Branch] = strawberry.field(resolver=by_context(leaf_out))

    @strawberry.field
    def shout(self, info: Info, times: int = 2, colour: Colour | None = None) -> str | None:
        return call(info, self, lambda place, _: place * (times % 4), times=times, colour=colour)

    @strawberry.field
    def counted(root, info: Info, words: list[str] | None = None, since: date | None = None) -> int:
        told = call(info, root, lambda _, __: len(words or ()), words=words, since=since)
        if words is not None:
            words.append("changed by a resolver")
        return told

    @strawberry.field
    def matching(self, info: Info, filter: Filter, more: list[Filter] | None = None) -> str | None:  # noqa: A002
        return call(info, self, lambda place, _: place, filter=filter, more=more)

    @strawberry.field
    def soon(self, info: Info) -> str:
        place = ".".join(map(str, info.path.as_list()))
        return coming(info.context, place, call(info, self, lambda place, _: place))

    @strawberry.field
    def sooner(self, info: Info) -> "Tree | None":
        place = ".".join(map(str, info.path.as_list()))
        return coming(info.context, place, call(info, self, lambda place, _: TreeModel(info.context, place)))

    @strawberry.field
    async def grown(self, info: Info, by: int = 1) -> "Tree | None":
        await wait(info)
        return call(info, self, lambda place, _: TreeModel(info.context, place), by=by)

    @strawberry.field
    async def must_grow(self, info: Info) -> "Tree":
        await wait(info)
        return call(info, self, lambda place, _: TreeModel(info.context, place))

    @strawberry.field
    async def forest(parent: strawberry.Parent[Any], info: Info, first: int = 2) -> "list[Tree]":
        await wait(info)
        return call(info, parent, lambda p, _: [TreeModel(info.context, f"{p}.{i}") for i in range(first % 4)])

    @strawberry.field
    async def around(self, info: Info) -> "list[Node | None] | None":
        await wait(info)
        return call(info, self, lambda p, _: [each(info.context, p) for each in (TreeModel, StoneModel, Pebble)])

    @strawberry.field(permission_classes=[Allowed])
    def secret(self, info: Info) -> str | None:
        return call(info, self, lambda place, _: place)

    @strawberry.field(permission_classes=[AllowedLater])
    async def guarded(self, info: Info) -> str:
        await wait(info)
        return call(info, self, lambda place, _: place)

    @strawberry.field(extensions=[Twice()])
    def loud(self, info: Info) -> str:
        return call(info, self, lambda place, _: place)


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    def tree(self, info: Info) -> Tree | None:
        return call(info, self, lambda place, _: TreeModel(info.context, place))

    @strawberry.field
    async def trees(self, info: Info, first: int = 3) -> list[Tree]:
        await wait(info)
        return call(info, self, lambda p, _: [TreeModel(info.context, f"{p}.{i}") for i in range(first % 4)])

    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID | None = None) -> Node | None:  # noqa: A002
        await wait(info)
        return call(info, self, lambda p, dice: dice.choice([TreeModel, StoneModel])(info.context, p), id=id)


@strawberry.type
class Mutation:
    """The root of changes, which come one after another."""

    @strawberry.mutation
    async def plant(self, info: Info, filter: Filter) -> Tree | None:  # noqa: A002
        await wait(info)
        return call(info, self, lambda place, _: TreeModel(info.context, place), filter=filter)

    @strawberry.mutation
    def fell(self, info: Info, tall: bool = True) -> Tree | None:
        return call(info, self, lambda place, _: TreeModel(info.context, place), tall=tall)

    @strawberry.mutation
    async def must_plant(self, info: Info) -> Tree:
        await wait(info)
        return call(info, self, lambda place, _: TreeModel(info.context, place))


def written(value: Any) -> Any:
    """A scalar's output: for some values nothing, for some it has yet to come."""

    async def later() -> str:
        await asyncio.sleep(0)
        return "late"

    text = format(value, "f")
    if text == "5":
        return later()
    return {"3": None, "4": graphql.Undefined}.get(text, text)


def build() -> Any:
    """The schema, as graphql-core runs it."""
    scalars: dict[object, Any] = {
        Decimal: strawberry.scalar(name="Decimal", serialize=written, parse_value=Decimal),
        date: strawberry.scalar(name="Date", serialize=date.isoformat, parse_value=date.fromisoformat),
    } | SCALARS
    return strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=scalars))._schema

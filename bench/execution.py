"""What running an operation costs by the number of leaves in its answer: compiled, and by graphql-core.

`make bench` runs it. Sources are at hand before the clock starts, so that only execution is measured: from variables to
the finished data. CPU time of the process; the least of several rounds, as anything else is somebody else's time.
"""

import asyncio
import gc
import platform
import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import graphql
import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.execution import Checks, InstanceOf, Operation, Operations

SIZES = (10, 100, 1_000, 10_000)
ROUNDS = 15
SECONDS = 0.2
ASKED = {
    "strings, numbers, enums": "readings(first: $first) { serial days volume estimated method }",
    "dates and decimals too": "readings(first: $first) { serial days price readOn method }",
    "objects in lists in objects": "meters(first: $first) { serial readings { days method } }",
}


class Method(Enum):
    REMOTE = "remote"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class ReadingModel:
    serial: str
    days: int | None
    volume: float
    estimated: bool
    method: Method
    price: Decimal
    read_on: date


@dataclass(frozen=True, slots=True)
class MeterModel:
    serial: str
    readings: tuple[ReadingModel, ...]


strawberry.enum(Method)


@strawberry.type
class Reading:
    is_type_of = InstanceOf(ReadingModel)

    serial: str
    days: int | None
    volume: float
    estimated: bool
    method: Method
    price: Decimal
    read_on: date


@strawberry.type
class Meter:
    is_type_of = InstanceOf(MeterModel)

    serial: str
    readings: list[Reading]


@strawberry.type
class Query:
    @strawberry.field
    def readings(self, info: strawberry.Info[Any, None], first: int) -> list[Reading]:
        return info.context[first]  # type: ignore[no-any-return]

    @strawberry.field
    async def meters(self, info: strawberry.Info[Any, None], first: int) -> list[Meter]:
        readings = info.context[first][:2]
        return [MeterModel("m", readings) for _ in range(first)]  # type: ignore[misc]


def readings(count: int) -> tuple[ReadingModel, ...]:
    return tuple(
        ReadingModel(f"s{n}", n % 31 or None, n / 7, n % 3 == 0, Method.REMOTE, Decimal(n) / 100, date(2026, 3, 1))
        for n in range(count)
    )


def operations(schema: graphql.GraphQLSchema, query: str) -> dict[bool, Operation]:
    """The operation, compiled and not."""
    checks = Checks(graphql.parse, lambda _: None, lambda document: graphql.validate(schema, document))
    found = {}
    for compiling in (True, False):
        document = Operations(schema, checks, compiling=compiling).find(query)
        operation = document.operation(None)  # type: ignore[union-attr]
        assert operation is not None
        found[compiling] = operation
    return found


async def cost(operation: Operation, context: Any, first: int) -> float:
    """Milliseconds of CPU for one run."""
    least = float("inf")
    gc.collect()
    for _ in range(ROUNDS):
        runs, begun = 0, time.process_time()
        while runs == 0 or time.process_time() - begun < SECONDS / ROUNDS:
            await operation.execute(operation.prepare(context, {"first": first}))
            runs += 1
        least = min(least, (time.process_time() - begun) / runs)
    return least * 1_000


async def main() -> None:
    config = StrawberryConfig(
        scalar_map={
            Decimal: strawberry.scalar(name="Decimal", serialize=str, parse_value=Decimal),
            date: strawberry.scalar(name="Date", serialize=date.isoformat, parse_value=date.fromisoformat),
        }
    )
    schema: graphql.GraphQLSchema = strawberry.Schema(Query, config=config)._schema
    context = {size // 5: readings(size // 5) for size in SIZES}
    print(f"Python {platform.python_version()}, graphql-core {graphql.version}; milliseconds of CPU a run\n")
    print(f"{'':28} {'leaves':>7} {'graphql-core':>13} {'compiled':>9} {'times less':>11}")
    for name, asked in ASKED.items():
        both = operations(schema, f"query($first: Int!) {{ {asked} }}")
        for size in SIZES:
            runs = [await both[False].execute(both[False].prepare(context, {"first": size // 5}))]
            runs += [await both[True].execute(both[True].prepare(context, {"first": size // 5})) for _ in range(2)]
            assert runs[0] == runs[1] == runs[2]
            slow, fast = [await cost(both[compiling], context, size // 5) for compiling in (False, True)]
            print(f"{name:28} {size:7} {slow:13.3f} {fast:9.3f} {slow / fast:11.1f}")


if __name__ == "__main__":
    asyncio.run(main())

"""What strangers can make the gateway compile and keep: bounded for all operations together, whatever they ask."""

import itertools
import string
from dataclasses import dataclass
from typing import Any

import graphql
import strawberry

from gateway.execution import Checks, Document, Operations
from gateway.execution.plans import PER_PLAN, Budget


@strawberry.type
class Query:
    @strawberry.field
    def number(self) -> int:
        return 7


SCHEMA: graphql.GraphQLSchema = strawberry.Schema(Query)._schema
# A plan of one field.
ONE = PER_PLAN + 1
FOREVER = 1_000_000


@dataclass
class HeldTimer:
    """Seconds that pass only when they are told to."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def cache(timer: HeldTimer | None = None, max_documents: int = 1_000, **bounds: int) -> Operations[None]:
    checks = Checks(graphql.parse, lambda _: None, lambda found: graphql.validate(SCHEMA, found))
    budget = Budget(timer=timer or HeldTimer(), **bounds)
    return Operations(SCHEMA, checks, max_documents=max_documents, budget=budget)


async def ask(operations: Operations[None], text: str, **variables: Any) -> tuple[Any, bool]:
    """The data, and whether it was compiled."""
    document = operations.find(text)
    assert isinstance(document, Document), document
    operation = document.operation(None)
    assert operation is not None
    before = operations.counts["compiled"]
    result = await operation.execute(operation.prepare(None, variables))
    assert result.errors is None
    return result.data, operations.counts["compiled"] > before


def alias(name: str) -> str:
    return f"{{ {name}: number }}"


async def compile_all(operations: Operations[None], names: str) -> None:
    for name in names:
        assert await ask(operations, alias(name)) == ({name: 7}, False)
        assert await ask(operations, alias(name)) == ({name: 7}, True)


async def test_the_least_recently_used_plan_is_dropped_and_its_operation_answers_on() -> None:
    operations = cache(kept=3 * ONE, per_second=FOREVER)
    await compile_all(operations, "abc")
    assert await ask(operations, alias("a")) == ({"a": 7}, True)
    await compile_all(operations, "d")
    for name in "acd":
        assert await ask(operations, alias(name)) == ({name: 7}, True)
    await compile_all(operations, "b")
    assert await ask(operations, alias("a")) == ({"a": 7}, False)


async def test_a_plan_larger_than_the_budget_is_used_once_and_not_kept() -> None:
    operations = cache(kept=ONE - 1, per_second=FOREVER)
    for compiled in (False, True, False, True):
        assert await ask(operations, alias("a")) == ({"a": 7}, compiled)
        assert operations.budget.kept == 0


async def test_once_a_seconds_steps_are_spent_graphql_core_runs_until_there_are_more() -> None:
    timer = HeldTimer()
    operations = cache(timer, per_second=2 * ONE)
    await compile_all(operations, "ab")
    for _ in range(5):
        assert await ask(operations, alias("c")) == ({"c": 7}, False)
    assert await ask(operations, alias("a")) == ({"a": 7}, True)
    timer.now += 0.1
    assert await ask(operations, alias("c")) == ({"c": 7}, True)


async def test_what_a_large_plan_overdraws_is_made_up_for_first() -> None:
    timer = HeldTimer()
    operations = cache(timer, per_second=10)
    large = "{" + " ".join(f"a{n}: number" for n in range(25)) + "}"
    assert [(await ask(operations, large))[1] for _ in range(2)] == [False, True]  # 30 steps, of 10
    timer.now += 2
    assert [(await ask(operations, alias("b")))[1] for _ in range(3)] == [False] * 3
    timer.now += 0.5
    assert await ask(operations, alias("b")) == ({"b": 7}, True)


async def test_no_more_than_a_second_is_saved_up() -> None:
    timer = HeldTimer()
    operations = cache(timer, per_second=2 * ONE)
    timer.now += 1_000
    compiled = 0
    for number in range(10):
        for _ in range(2):
            compiled += (await ask(operations, alias(f"a{number}")))[1]
    assert compiled == 2


async def test_what_cannot_be_compiled_spends_too() -> None:
    operations = cache(per_second=500)
    too_large = "{" + " ".join(f"a{n}: number" for n in range(501)) + "}"
    assert [(await ask(operations, too_large))[1] for _ in range(3)] == [False] * 3
    assert [(await ask(operations, alias("a")))[1] for _ in range(3)] == [False] * 3


async def test_merged_fields_count_each() -> None:
    operations = cache(per_second=FOREVER)
    for _ in range(2):
        await ask(operations, "{ " + "number " * 40 + "}")
    assert operations.budget.kept == PER_PLAN + 40


async def test_hundreds_of_hostile_documents_stay_within_the_budget() -> None:
    operations = cache(kept=1_000, per_second=FOREVER)
    declared = " ".join(f"${name}: Boolean!" for name in "ab")
    most = 0
    for number in range(200):
        fields = " ".join(f"a{number}_{n}: number" for n in range(8))
        conditional = " ".join(f"{name}: number @include(if: ${name})" for name in "ab")
        text = f"query({declared}) {{ {fields} {conditional} }}"
        for values in itertools.product([True, False], repeat=2):
            variables = dict(zip("ab", values, strict=True))
            answers = [await ask(operations, text, **variables) for _ in range(2)]
            assert [(len(data), compiled) for data, compiled in answers] == [
                (8 + sum(values), False),
                (8 + sum(values), True),
            ]
            most = max(most, operations.budget.kept)
    assert 900 < most <= 1_000


async def test_documents_that_nobody_asks_any_more_take_no_room_for_good() -> None:
    operations = cache(max_documents=1, kept=10 * ONE, per_second=FOREVER)
    for _ in range(10):
        await compile_all(operations, string.ascii_letters)
        assert operations.budget.kept == 10 * ONE

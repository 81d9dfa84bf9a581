"""Values that are plain all the way down: deep ones, shared ones, written ones; and what no two runs may share."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import graphql
import pytest
import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.execution import Checks, Document, InstanceOf, Operations, TextOf, Texts, decimal_text
from gateway.execution.plans import Plans
from gateway.execution.running import CompiledExecutor
from tests.execution.outcomes import run


@dataclass
class KnotModel:
    name: Any = "knot"
    length: Any = Decimal("1.50")
    colour: Any = 7
    next: Any = None
    left: Any = None
    right: Any = None
    deep: Any = None
    rows: Any = None


class Colour(int):
    """Written as no more than a number."""


@strawberry.type
class Knot:
    is_type_of = InstanceOf(KnotModel)

    name: str
    length: Decimal
    colour: Colour | None
    next: "Knot | None"
    left: "Knot | None"
    right: "Knot | None"
    deep: list[list[list[list[list[list[list[list[list[list[list[list[list[list[int]]]]]]]]]]]]]] | None
    rows: list[list[Decimal] | None] | None


@strawberry.type
class Query:
    @strawberry.field
    def knot(self, info: strawberry.Info[Any, None]) -> Knot:
        return info.context["knot"]  # type: ignore[no-any-return]

    @strawberry.field
    def coming(self, info: strawberry.Info[Any, None]) -> Knot | None:
        return info.context["coming"].pop()  # type: ignore[no-any-return]


def colour(value: int) -> str:
    return None if value == 7 else f"#{value}"  # type: ignore[return-value] # what the tests want to see refused


SCALARS: dict[object, Any] = {
    Decimal: strawberry.scalar(name="Decimal", serialize=decimal_text),
    Colour: strawberry.scalar(name="Colour", serialize=TextOf(int, colour)),
}
SCHEMA: graphql.GraphQLSchema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))._schema


async def both(text: str, knot: KnotModel) -> Any:
    """What graphql-core and a plan agree on."""
    document = graphql.parse(text)
    assert graphql.validate(SCHEMA, document) == []
    expected, _ = await run(SCHEMA, document, {"knot": knot}, None)
    actual, compiled = await run(SCHEMA, document, {"knot": knot}, Plans(runs_before=0))
    assert compiled
    assert actual == expected
    return actual


@pytest.mark.parametrize(
    ("number", "text"), [("0.10", "0.10"), ("1E+3", "1000"), ("-0.0000001", "-0.0000001"), ("1E-7", "0.0000001")]
)
async def test_decimal_numbers_never_have_an_exponent(number: str, text: str) -> None:
    outcome = await both("{ knot { length } }", KnotModel(length=Decimal(number)))
    assert outcome.data == f'{{"knot": {{"length": "{text}"}}}}'


async def test_a_scalar_that_writes_nothing_is_refused_as_ever() -> None:
    assert (await both("{ knot { colour } }", KnotModel(colour=8))).data == '{"knot": {"colour": "#8"}}'
    outcome = await both("{ knot { name colour } }", KnotModel())
    assert outcome.data == '{"knot": {"name": "knot", "colour": null}}'
    assert [error[1] for error in outcome.errors] == [["knot", "colour"]]


@pytest.mark.parametrize("last", ["the end", 7, None])
async def test_however_deep_objects_lie(last: Any) -> None:
    knot = KnotModel(name=last)
    for _ in range(60):
        knot = KnotModel(next=knot)
    outcome = await both("{ knot " + "{ name next " * 60 + "{ name }" + "}" * 60 + " }", knot)
    assert len(outcome.errors) == (last is None)


@pytest.mark.parametrize("last", [5, "no number"])
async def test_however_deep_lists_lie(last: Any) -> None:
    deep: Any = last
    for _ in range(14):
        deep = [deep]
    outcome = await both("{ knot { deep } }", KnotModel(deep=deep))
    assert ("5" in outcome.data) == (last == 5)


@pytest.mark.parametrize("last", [Decimal(3), None])
async def test_a_list_that_is_met_again_is_what_it_was(last: Any) -> None:
    one, other = (Decimal(1), Decimal("2.50")), (last,)
    rows = [one, one, None, one, other, other, one, (), (), (Decimal(1), Decimal("2.50"))]
    outcome = await both("{ knot { rows next { rows } } }", KnotModel(rows=rows, next=KnotModel(rows=rows)))
    assert outcome.data.count('["1", "2.50"]') == 10
    assert len(outcome.errors) == (0 if last else 4)


async def test_what_many_places_ask_is_written_once() -> None:
    """Each fragment asks the next one twice: written out, they would be a million."""
    fragments = "".join(
        f"fragment F{n} on Knot {{ left {{ ...F{n + 1} }} right {{ ...F{n + 1} }} }} " for n in range(20)
    )
    document = graphql.parse(f"{{ knot {{ ...F0 }} }} {fragments} fragment F20 on Knot {{ name }}")
    executor = CompiledExecutor.build(SCHEMA, document, context_value={"knot": KnotModel(left=KnotModel())})
    assert isinstance(executor, CompiledExecutor)
    executor.plans = Plans(runs_before=0)
    result: Any = executor.execute_operation()
    assert result.data == {"knot": {"left": {"left": None, "right": None}, "right": None}}
    assert executor.plan is not None
    assert len(executor.plan.source) < 20_000


def test_texts_are_remembered_up_to_a_bound() -> None:
    written: list[int] = []

    def write(number: int) -> str:
        written.append(number)
        return str(number)

    texts = Texts(write, 3)
    assert [texts[number] for number in (1, 2, 3, 1, 2, 3)] == list("123123")
    assert written == [1, 2, 3]
    assert [texts[number] for number in (4, 1)] == list("41")
    assert len(texts) <= 3


async def test_what_is_coming_needs_no_task_where_its_value_is_plain() -> None:
    made: list[asyncio.Task[Any]] = []

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(asyncio.Task(coroutine, loop=loop, **options))
        return made[-1]

    document = graphql.parse("{ a: coming { name } b: coming { name } }")
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(2)]
    loop.call_soon(futures[0].set_result, KnotModel("later"))
    loop.call_soon(futures[1].set_result, None)
    loop.set_task_factory(make)
    try:
        outcome, compiled = await run(SCHEMA, document, {"coming": futures}, Plans(runs_before=0))
    finally:
        loop.set_task_factory(None)
    assert (outcome.data, compiled, made) == ('{"a": null, "b": {"name": "later"}}', True, [])


async def test_what_is_coming_is_cancelled_with_who_waits_for_it() -> None:
    for plans in (None, Plans(runs_before=0)):
        futures: list[Any] = [asyncio.get_running_loop().create_future() for _ in range(2)]
        document = graphql.parse("{ a: coming { name } b: coming { name } }")
        running = asyncio.ensure_future(run(SCHEMA, document, {"coming": [*futures]}, plans))
        for _ in range(3):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert [each.cancelled() for each in futures] == [True, True]


def test_two_runs_of_an_operation_share_nothing_that_may_change() -> None:
    checks = Checks(graphql.parse, lambda _: None, lambda document: graphql.validate(SCHEMA, document))
    document = Operations(SCHEMA, checks).find("{ knot { name } }")
    assert isinstance(document, Document)
    (operation,) = document.operations.values()
    one, other = operation.prepare({"one": 1}, {}), operation.prepare({"other": 2}, {})
    fresh: Any = CompiledExecutor.build(SCHEMA, graphql.parse("{ knot { name } }"), context_value={})
    of_the_operation = {"schema", "fragments", "fragment_definitions", "operation"}
    for name, made in vars(fresh).items():
        if name not in of_the_operation and isinstance(made, (dict, list, set)) | hasattr(made, "__dict__"):
            plain = callable(made)  # a resolver or predicate, which holds nothing
            assert plain or getattr(one, name) is not getattr(other, name), name
    assert one.collected_errors is not other.collected_errors
    assert one.async_helpers != other.async_helpers

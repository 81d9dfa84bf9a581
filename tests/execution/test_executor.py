"""What a compiled operation gives, and what it costs: conditions, fragments, nulls, errors, waiting, cancelling."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import graphql
import pytest
import strawberry
from graphql import GraphQLSchema, build_schema, parse
from strawberry import Info

from gateway.execution.plans import MAX_PLANS, Plans
from gateway.execution.running import CompiledExecutor
from tests.execution import torture
from tests.execution.outcomes import Outcome, run

ZOO = build_schema("""
  interface Animal { name: String!  friend: Animal }
  type Cat implements Animal { name: String!  friend: Animal  lives: Int! }
  type Dog implements Animal { name: String!  friend: Animal  toys: [[String!]!] }
  union Pet = Cat | Dog
  type Query {
    animals: [Animal!]!  pet: Pet  pets: [Pet]  must: Must  text: String
  }
  type Must { cat: Cat!  cats: [Cat!]!  maybe: [Cat]!  note: String }
  type Mutation { first: Int  second: Int!  third: Int }
""")
TOM = {"__typename": "Cat", "name": "Tom", "lives": 9, "friend": {"__typename": "Dog", "name": "Rex"}}
REX = {"__typename": "Dog", "name": "Rex", "toys": [["ball"], [], ["bone", "rope"]], "friend": None}


async def both(schema: GraphQLSchema, text: str, root: Any = None, variables: dict[str, Any] | None = None) -> Outcome:
    """What graphql-core and a plan agree on."""
    document = parse(text)
    expected, _ = await run(schema, document, None, None, root_value=root, raw_variable_values=variables)
    actual, compiled = await run(
        schema, document, None, Plans(runs_before=0), root_value=root, raw_variable_values=variables
    )
    assert compiled
    assert actual == expected
    return actual


IN_FRAGMENTS: list[tuple[str, Any]] = [
    ("__typename name", [{"__typename": "Cat", "name": "Tom"}, {"__typename": "Dog", "name": "Rex"}]),
    ("... on Cat { lives } friend { name }", [{"lives": 9, "friend": {"name": "Rex"}}, {"friend": None}]),
    ("... on Dog { toys } ...C", [{"n": "Tom"}, {"toys": [["ball"], [], ["bone", "rope"]]}]),
    ("...A ... on Animal { name }", [{"friend": {"name": "Rex"}, "name": "Tom"}, {"friend": None, "name": "Rex"}]),
]


@pytest.mark.parametrize(("asked", "given"), IN_FRAGMENTS)
async def test_fragments_apply_by_the_type_at_hand(asked: str, given: Any) -> None:
    fragments = "fragment A on Animal { friend { name } name } fragment C on Cat { n: name }"
    outcome = await both(ZOO, f"{{ animals {{ {asked} }} }} {fragments}", {"animals": [TOM, REX]})
    assert outcome.data == json.dumps({"animals": given})


async def test_unions_and_nulls_in_lists() -> None:
    text = "{ pet { ... on Animal { name } } pets { ... on Cat { lives } __typename } }"
    outcome = await both(ZOO, text, {"pet": REX, "pets": (TOM, None, REX)})
    expected = '{"pet": {"name": "Rex"}, "pets": [{"lives": 9, "__typename": "Cat"}, null, {"__typename": "Dog"}]}'
    assert outcome.data == expected


async def test_merged_fields_keep_the_place_of_the_first() -> None:
    text = "query($x: Boolean!) { must { note @include(if: $x) cat { lives } note cat { name } } }"
    root = {"must": {"note": "n", "cat": TOM}}
    assert (
        await both(ZOO, text, root, {"x": True})
    ).data == '{"must": {"note": "n", "cat": {"lives": 9, "name": "Tom"}}}'
    assert (
        await both(ZOO, text, root, {"x": False})
    ).data == '{"must": {"cat": {"lives": 9, "name": "Tom"}, "note": "n"}}'


async def test_every_way_that_conditions_turn_out() -> None:
    text = """query($a: Boolean!, $b: Boolean = true) {
      text @skip(if: $a) ... @include(if: $b) { pet { __typename } text @skip(if: $b) } pet @include(if: $a) { ...F }
    } fragment F on Cat { name @include(if: $b) lives @skip(if: $a) @include(if: true) }"""
    document, plans = parse(text), Plans(runs_before=0)
    for a, b in itertools.product([True, False], [True, False, None]):
        variables = {"a": a} | ({} if b is None else {"b": b})
        wanted: dict[str, Any] = {"root_value": {"text": "t", "pet": TOM}, "raw_variable_values": variables}
        expected, _ = await run(ZOO, document, None, None, **wanted)
        assert await run(ZOO, document, None, plans, **wanted) == (expected, True)


async def test_more_ways_than_plans_are_left_to_graphql_core() -> None:
    names = "abcde"
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    text = f"query({declared}) {{ __typename {' '.join(f'{n}: text @skip(if: ${n})' for n in names)} }}"
    document, plans = parse(text), Plans(runs_before=0)
    compiled = []
    for values in itertools.product([True, False], repeat=5):
        variables = dict(zip(names, values, strict=True))
        outcome, was = await run(ZOO, document, None, plans, root_value={"text": "t"}, raw_variable_values=variables)
        compiled.append(was)
        assert outcome.data.count('"t"') == values.count(False)
    assert compiled.count(True) == MAX_PLANS


ERRORS: list[tuple[str, dict[str, Any], Any, list[list[str | int]]]] = [
    ("cat { lives } note", {"cat": {"lives": "x"}, "note": "n"}, None, [["cat", "lives"]]),
    ("cat { lives } note", {"cat": None, "note": "n"}, None, [["cat"]]),
    ("cats { lives }", {"cats": [TOM, None]}, None, [["cats", 1]]),
    ("cats { lives }", {"cats": [TOM, {"lives": None}]}, None, [["cats", 1, "lives"]]),
    ("cats { name }", {"cats": "no list"}, None, [["cats"]]),
    (
        "maybe { lives }",
        {"maybe": [{}, TOM, {"lives": 0.5}]},
        {"maybe": [None, {"lives": 9}, None]},
        [["maybe", 0, "lives"], ["maybe", 2, "lives"]],
    ),
    ("note maybe { name }", {"note": ValueError("bad"), "maybe": []}, {"note": None, "maybe": []}, [["note"]]),
    ("note", {"note": ["no string"]}, {"note": None}, [["note"]]),
]


@pytest.mark.parametrize(("asked", "must", "given", "places"), ERRORS)
async def test_errors_have_their_places_and_nulls_go_as_far_as_they_must(
    asked: str, must: dict[str, Any], given: Any, places: list[list[str | int]]
) -> None:
    outcome = await both(ZOO, f"{{ must {{ {asked} }} }}", {"must": must})
    assert outcome.data == json.dumps({"must": given})
    assert [error[1] for error in outcome.errors] == [["must", *place] for place in places]


async def test_a_null_that_reaches_the_top() -> None:
    outcome = await both(ZOO, "{ text animals { name } }", {"text": "t", "animals": [TOM, {"__typename": "Dog"}]})
    assert outcome.data == "null"
    assert [error[1] for error in outcome.errors] == [["animals", 1, "name"]]


async def test_mutations_come_one_after_another_and_stop_at_no_nullable_failure() -> None:
    done: list[str] = []

    def step(name: str, value: Any) -> Callable[[Any], Any]:
        async def act(_: Any) -> Any:
            done.append(f"{name} begins")
            await asyncio.sleep(0)
            done.append(f"{name} ends")
            if isinstance(value, Exception):
                raise value
            return value

        return act

    def second(_: Any) -> int:
        done.append("second")
        return 2

    root = {"first": step("first", ValueError("no")), "second": second, "third": step("third", 3)}
    outcome = await both(ZOO, "mutation { third first second }", root)
    assert outcome.data == '{"third": 3, "first": null, "second": 2}'
    assert done == ["third begins", "third ends", "first begins", "first ends", "second"] * 2


@dataclass
class Thing:
    name: str = "thing"


@strawberry.type
class Shown:
    name: str

    @strawberry.field
    async def slow(self, info: Info[Any, None]) -> str:
        return str(await info.context["slow"]())

    @strawberry.field
    async def bad(self, info: Info[Any, None]) -> str:
        await asyncio.sleep(0)
        raise ValueError("bad")


@strawberry.type
class Query:
    @strawberry.field
    async def one(self) -> Shown | None:
        return Thing()  # type: ignore[return-value]

    @strawberry.field
    def coming(self, info: Info[Any, None]) -> str:
        return info.context["coming"]  # type: ignore[no-any-return]


SHOWN: GraphQLSchema = strawberry.Schema(Query)._schema


def compiled(text: str, context: Any) -> Any:
    executor = CompiledExecutor.build(SHOWN, parse(text), context_value=context)
    assert isinstance(executor, CompiledExecutor)
    executor.plans = Plans(runs_before=0)
    return executor.execute_operation()


@pytest.mark.parametrize(
    ("text", "tasks"), [("{ one { name } }", 0), ("{ one { slow } }", 0), ("{ one { slow again: slow } }", 2)]
)
async def test_tasks_are_made_only_where_more_than_one_waits(text: str, tasks: int) -> None:
    made: list[asyncio.Task[Any]] = []

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        made.append(asyncio.Task(coroutine, loop=loop, **options))
        return made[-1]

    async def slow() -> str:
        await asyncio.sleep(0)
        return "slow"

    loop = asyncio.get_running_loop()
    loop.set_task_factory(make)
    try:
        result = await compiled(text, {"slow": slow})
    finally:
        loop.set_task_factory(None)
    assert result.errors is None
    assert len(made) == tasks


async def test_where_a_null_bubbles_up_siblings_are_cancelled_but_not_what_they_share() -> None:
    fetch: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    ended: list[str] = []

    async def slow() -> str:
        try:
            return await asyncio.shield(fetch)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    result = await compiled("{ one { slow bad } }", {"slow": slow})
    assert (result.data, [each.path for each in result.errors]) == ({"one": None}, [["one", "bad"]])
    assert ended == ["cancelled"]
    assert not fetch.cancelled()


async def test_who_waits_for_a_run_may_cancel_it() -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        reached.set()
        await never.wait()
        return ""

    running = asyncio.ensure_future(compiled("{ one { slow again: slow } }", {"slow": slow}))
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


async def test_who_cancels_a_run_is_heard_even_where_no_resolver_listens() -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    async def slow() -> str:
        reached.set()
        with contextlib.suppress(asyncio.CancelledError):
            await never.wait()
        return "not cancelled"

    running = asyncio.ensure_future(compiled("{ one { slow again: slow } }", {"slow": slow}))
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("turns", range(10))
async def test_a_run_that_has_failed_may_be_cancelled_while_its_fields_end(turns: int) -> None:
    loop, complaints = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, complaint: complaints.append(complaint))

    async def slow(*_: Any) -> str:
        try:
            await asyncio.sleep(60)
        finally:
            for _turn in range(3):
                await asyncio.sleep(0)
        return ""

    failing: asyncio.Future[Any] = loop.create_future()
    root = {"one": {"fails": failing, "waits": loop.create_future(), "slow": slow}}
    schema = build_schema("type Query { one: One } type One { fails: Int!  waits: Int  slow: String }")
    asked = run(schema, parse("{ one { fails waits slow } }"), None, Plans(runs_before=0), root_value=root)
    running = asyncio.ensure_future(asked)
    for _ in range(3):
        await asyncio.sleep(0)
    failing.set_exception(ValueError())
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    for _ in range(5):
        await asyncio.sleep(0)
    assert complaints == []


async def test_a_future_that_a_resolver_gives_is_awaited() -> None:
    coming: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.ensure_future(compiled("{ coming }", {"coming": coming}))
    await asyncio.sleep(0)
    coming.set_result("come")
    assert (await running).data == {"coming": "come"}


def test_without_a_loop_what_is_sync_runs_at_once() -> None:
    assert compiled("{ coming }", {"coming": "here"}).data == {"coming": "here"}


async def test_no_word_of_a_client_is_in_the_source() -> None:
    text = """query zq1($zq2: Int = 1) {
        zq3: tree { ...zq4 zq5: shout(times: $zq2) zq6: matching(filter: {words: ["zq7"]}) }
      }
      fragment zq4 on Tree { zq8: size __typename zq9: shout(times: 77777) }"""
    document = parse(text)
    assert graphql.validate(torture.build(), document) == []
    executor = CompiledExecutor.build(torture.build(), document, context_value=torture.World(1, 0))
    assert isinstance(executor, CompiledExecutor)
    executor.plans = Plans(runs_before=0)
    executor.execute_operation()
    assert executor.plan is not None
    assert "zq" not in executor.plan.source
    assert "77777" not in executor.plan.source


@pytest.mark.parametrize(
    "text",
    [
        "{ ... @defer { text } }",
        "{ animals @stream(initialCount: 1) { name } }",
        "query($x: Boolean = true) { text @skip(if: $x) ...F @defer(if: false) } fragment F on Query { text }",
    ],
)
def test_what_is_not_understood_is_left_to_graphql_core(text: str) -> None:
    executor = CompiledExecutor.build(ZOO, parse(text), root_value={"animals": [], "text": "t"})
    assert isinstance(executor, CompiledExecutor)
    executor.plans = Plans(runs_before=0)
    executor.execute_operation()
    assert executor.plan is None

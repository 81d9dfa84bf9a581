"""The cache of operations: what is done once, what is kept and for how long, who runs what."""

import asyncio
from typing import Any

import graphql
import pytest
import strawberry
from graphql import OperationType

from gateway.execution import BadVariables, Checks, Comparing, Difference, Document, Invalid, Operation, Operations


@strawberry.type
class Query:
    @strawberry.field
    async def twice(self, number: int) -> int:
        return 2 * number

    @strawberry.field
    def calls(self, info: strawberry.Info[list[str], None]) -> int:
        info.context.append("query")
        return len(info.context)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self, info: strawberry.Info[list[str], None]) -> int:
        info.context.append("mutation")
        return len(info.context)


SCHEMA: graphql.GraphQLSchema = strawberry.Schema(Query, Mutation)._schema
TWICE = "query Twice($number: Int!) { twice(number: $number) }"


def cache(**options: Any) -> Operations[int]:
    checks = Checks(graphql.parse, lambda found: len(found.definitions), lambda found: graphql.validate(SCHEMA, found))
    return Operations(SCHEMA, checks, **options)


def valid(operations: Operations[int], text: str) -> Document[int]:
    found = operations.find(text)
    assert isinstance(found, Document), found
    return found


def only(operations: Operations[int], text: str) -> Operation:
    operation = valid(operations, text).operation(None)
    assert operation is not None
    return operation


async def ask(operations: Operations[int], text: str, context: list[str] | None = None, **variables: Any) -> Any:
    operation = only(operations, text)
    result = await operation.execute(operation.prepare([] if context is None else context, variables))
    assert result.errors is None
    return result.data


async def test_a_document_is_checked_once_for_any_number_of_requests() -> None:
    operations = cache()
    answers = await asyncio.gather(*(ask(operations, TWICE, number=number) for number in range(50)))
    assert answers == [{"twice": 2 * number} for number in range(50)]
    assert operations.counts == {"checked": 1, "interpreted": 1, "compiled": 49}


def test_what_is_known_of_a_document_is_its_own_operations_and_what_was_seen_in_it() -> None:
    document = valid(cache(), "query One { calls } mutation Two { ...F } fragment F on Mutation { change }")
    assert document.inspected == 3
    assert [(each.name, each.kind) for each in document.operations.values()] == [
        ("One", OperationType.QUERY),
        ("Two", OperationType.MUTATION),
    ]
    assert document.operation("Two") is document.operations["Two"]
    assert document.operation(None) is None
    assert document.operation("Three") is None


@pytest.mark.parametrize(
    ("text", "stage", "message"),
    [
        ("{ calls", "parse", "Syntax Error: Expected Name, found <EOF>."),
        ("{ call }", "validate", "Cannot query field 'call' on type 'Query'. Did you mean 'calls'?"),
        ("{ calls(" + "[" * 3_000, "parse", None),
    ],
)
def test_an_invalid_document_is_refused_each_time_and_checked_once(text: str, stage: str, message: str | None) -> None:
    operations = cache()
    found = [operations.find(text) for _ in range(3)]
    assert isinstance(found[0], Invalid)
    assert found[0] is found[1] is found[2]
    assert (found[0].stage, operations.counts["checked"]) == (stage, 1)
    assert message is None or found[0].errors[0].message == message


def test_what_inspecting_refuses_is_not_validated() -> None:
    def refuse(_: graphql.DocumentNode) -> int:
        raise graphql.GraphQLError("too much")

    operations = Operations(SCHEMA, Checks(graphql.parse, refuse, lambda _: pytest.fail("validated")))
    found = operations.find("{ calls }")
    assert isinstance(found, Invalid)
    assert (found.stage, [each.message for each in found.errors]) == ("inspect", ["too much"])


def test_the_latest_used_documents_are_kept_within_both_bounds() -> None:
    texts = [f"{{ a{number}: calls }}" for number in range(4)]
    by_number = cache(max_documents=3)
    for text in [*texts[:3], texts[0], texts[3], texts[0], texts[3]]:
        by_number.find(text)
    assert by_number.counts["checked"] == 4
    by_number.find(texts[1])
    assert by_number.counts["checked"] == 5
    by_size = cache(max_characters=2 * len(texts[0]) + 1)
    for text in [*texts[:3], texts[2], texts[1], texts[0]]:
        by_size.find(text)
    assert by_size.counts["checked"] == 4
    too_long = "{ " + "calls " * 100 + "}"
    assert by_size.find(too_long) is not by_size.find(too_long)


def test_invalid_documents_push_no_valid_ones_out() -> None:
    operations = cache(max_documents=1)
    for number in range(100):
        operations.find(f"{{ wrong{number} }}")
        operations.find(TWICE)
    assert operations.counts["checked"] == 101


async def test_graphql_core_runs_all_where_compiling_is_off() -> None:
    operations = cache(compiling=False)
    for _ in range(3):
        assert await ask(operations, TWICE, number=4) == {"twice": 8}
    assert operations.counts == {"checked": 1, "interpreted": 3}


async def test_an_introspection_is_answered_from_memory() -> None:
    operations = cache()
    text = graphql.get_introspection_query()
    answers = [await ask(operations, text) for _ in range(3)]
    assert answers == [graphql.graphql_sync(SCHEMA, text).data] * 3
    assert operations.counts == {"checked": 1, "interpreted": 1, "remembered": 2}


@pytest.mark.parametrize("variables", [{}, {"number": "one"}, {"number": 2**31}])
def test_variables_of_other_types_are_refused(variables: dict[str, Any]) -> None:
    with pytest.raises(BadVariables) as refused:
        only(cache(), TWICE).prepare(None, variables)
    assert "number" in refused.value.errors[0].message


def test_coerced_variables_are_at_hand_before_anything_runs() -> None:
    run = only(cache(), "query($number: Int = 3) { twice(number: $number) }").prepare(None, {})
    assert run.variable_values.coerced == {"number": 3}


async def test_comparing_runs_one_in_so_many_compiled_queries_twice() -> None:
    differences: list[Difference] = []
    operations = cache(comparing=Comparing(3, differences.append))
    context: list[str] = []
    for _ in range(10):
        await ask(operations, TWICE, number=1)
    assert operations.counts == {"checked": 1, "interpreted": 1, "compiled": 9, "compared": 3}
    for _ in range(4):
        await ask(operations, "mutation { change }", context)
    assert context == ["mutation"] * 4
    assert differences == []


async def test_a_difference_is_told_without_values_and_graphql_core_is_believed() -> None:
    differences: list[Difference] = []
    operations = cache(comparing=Comparing(1, differences.append))
    context: list[str] = []
    answers = [await ask(operations, "query Q { once: calls }", context) for _ in range(2)]
    assert answers == [{"once": 1}, {"once": 3}]  # the second was compiled (2), then compared (3)
    assert [(each.operation, each.places) for each in differences] == [("Q", ("data.once",))]
    assert operations.counts["different"] == 1

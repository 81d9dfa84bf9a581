"""The compiled executor against graphql-core: random operations in worlds full of trouble, thousands of them."""

import asyncio
import gc
from collections.abc import Iterator
from random import Random
from typing import Any

import graphql
import hypothesis
import hypothesis_graphql
import pytest
from hypothesis import strategies

from gateway.execution.plans import Plans
from tests.execution import torture
from tests.execution.documents import Writer
from tests.execution.outcomes import run

# Where a null bubbles up, graphql-core drops coroutines that it never began, and the compiled executor drops the same.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.usefixtures("collected_at_the_end"),
]

SCHEMA = torture.build()
TROUBLES = [0.0, 0.02, 0.1, 0.2, 0.5]


@pytest.fixture
def collected_at_the_end() -> Iterator[None]:
    """The dropped ones are found here, not in a frame where Python cannot even warn of them."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


async def compare(text: str, variables: dict[str, Any], seed: int) -> None:
    """Runs a document in several worlds, with one plan."""
    document, plans = graphql.parse(text), Plans(runs_before=0)
    for trouble in TROUBLES:
        expected, _ = await run(SCHEMA, document, torture.World(seed, trouble), None, raw_variable_values=variables)
        world = torture.World(seed, trouble)
        actual, compiled = await run(SCHEMA, document, world, plans, raw_variable_values=variables)
        assert compiled
        assert actual == expected, f"{text}\n{variables} seed {seed} trouble {trouble}"


@pytest.mark.parametrize("start", range(0, 800, 100))
def test_written_operations(start: int) -> None:
    async def all_of_them() -> None:
        for seed in range(start, start + 100):
            asked = Writer(SCHEMA, Random(seed)).operation()
            await compare(asked.text, asked.variables, seed)

    asyncio.run(all_of_them())


def test_written_operations_are_valid() -> None:
    for seed in range(30):
        document = graphql.parse(Writer(SCHEMA, Random(seed)).operation().text)
        assert graphql.validate(SCHEMA, document) == []


SCALARS: dict[str, Any] = {
    "Decimal": strategies.just(graphql.StringValueNode(value="1.5")),
    "Date": strategies.just(graphql.StringValueNode(value="2026-03-01")),
}


@hypothesis.given(hypothesis_graphql.from_schema(SCHEMA, custom_scalars=SCALARS), strategies.integers(0, 1_000))
@hypothesis.settings(max_examples=100, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_operations_of_hypothesis(text: Any, seed: int) -> None:
    asyncio.run(compare(text, {}, seed))

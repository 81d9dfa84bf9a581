"""Holds the compiled executor against graphql-core: one operation in worlds full of trouble."""

import gc
from collections.abc import Iterator
from typing import Any

import graphql
import pytest

from gateway.execution.plans import Plans
from tests.execution import torture
from tests.execution.outcomes import run

# Where a null bubbles up, graphql-core drops coroutines that it never began, and the compiled executor drops the same.
DROPPING = [
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

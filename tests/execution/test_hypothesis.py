"""The compiled executor against graphql-core: what Hypothesis asks of the torture schema, in worlds of trouble."""

import asyncio
from typing import Any

import graphql
import hypothesis
import hypothesis_graphql
import pytest
from hypothesis import strategies

from tests.execution.comparison import DROPPING, SCHEMA, collected_at_the_end, compare

__all__ = ["collected_at_the_end"]

pytestmark = DROPPING

SCALARS: dict[str, Any] = {
    "Decimal": strategies.just(graphql.StringValueNode(value="1.5")),
    "Date": strategies.just(graphql.StringValueNode(value="2026-03-01")),
}


@pytest.mark.parametrize("part", range(4))
def test_operations_of_hypothesis(part: int) -> None:
    @hypothesis.seed(part)
    @hypothesis.given(hypothesis_graphql.from_schema(SCHEMA, custom_scalars=SCALARS), strategies.integers(0, 1_000))
    @hypothesis.settings(
        max_examples=150, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    def same(text: Any, seed: int) -> None:
        asyncio.run(compare(text, {}, seed))

    same()

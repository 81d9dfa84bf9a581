"""The compiled executor against graphql-core: random operations, a thousand of them, in worlds full of trouble."""

import asyncio
from random import Random

import graphql
import pytest

from tests.execution.comparison import DROPPING, SCHEMA, collected_at_the_end, compare
from tests.execution.documents import Writer

__all__ = ["collected_at_the_end"]

pytestmark = DROPPING


@pytest.mark.parametrize("start", range(0, 1_000, 100))
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

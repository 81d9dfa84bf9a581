"""What comes of running an operation in a world: all that the compiled executor and graphql-core must agree on."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLSchema
from graphql.execution import ExecutionResult

from gateway.execution.plans import Plans
from gateway.execution.running import CompiledExecutor


@dataclass
class Outcome:
    """Data as text, so that the order of keys counts; errors in their order; what was read and called, in its order."""

    data: str
    errors: list[tuple[Any, ...]]
    log: list[Any]


async def run(
    schema: GraphQLSchema, document: DocumentNode, context: Any, plans: Plans | None, **arguments: Any
) -> tuple[Outcome, bool]:
    """The outcome, and whether it was compiled; by graphql-core where there are no plans."""
    executor = CompiledExecutor.build(schema, document, context_value=context, **arguments)
    assert isinstance(executor, CompiledExecutor), executor
    executor.plans = plans
    result: Any = executor.execute_operation()
    if not isinstance(result, ExecutionResult):
        result = await result
    for _ in range(30):  # what a failing sibling left behind runs out, and is compared as well
        await asyncio.sleep(0)
    errors = [
        (each.message, each.path, each.locations, each.extensions, type(each.original_error))
        for each in result.errors or ()
    ]
    return Outcome(json.dumps(result.data), errors, getattr(context, "log", [])), executor.plan is not None

"""From a document's text to an operation that may run: parsed, within the limits, valid; once per document."""

import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import graphql
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoUnusedVariablesRule,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution import ExecutionResult, Executor
from graphql.validation.rules import overlapping_fields_can_be_merged

from gateway.execution import BadVariables, Checks, Comparing, Difference, Invalid, Operation, Operations
from gateway.limits import DocumentFacts, LimitExceeded, Limits, inspect, parse
from gateway.refusal import Refusal
from gateway.schema.alone import StandsAlone
from gateway.schema.costs import field_costs
from gateway.settings import Settings

# Of graphql-core's own default a small document can burn half a second; the whole schema asked at once needs a tenth.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 5_000
# Errors quote what they are about, so that many of them may cost much.
MAX_VALIDATION_ERRORS = 10
RULES = (*(rule for rule in graphql.specified_rules if rule is not NoUnusedVariablesRule), StandsAlone)


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is known of a document; it is refused for variables that nothing uses, but for their values first."""

    facts: DocumentFacts
    unused_variables: tuple[GraphQLError, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that is known to its last limit but for the values of its variables."""

    operation: Operation
    inspected: Inspected


class Documents:
    """Prepares and runs the operations of one schema within the limits of an installation."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema, self._costs, self._limits = schema, field_costs(schema), limits_of(settings)
        self._max_errors, self._hide_suggestions = settings.max_errors, not settings.development
        checks = Checks(self._parse, self._inspect, self._validate)
        self.operations = Operations(
            schema,
            checks,
            hide_suggestions=self._hide_suggestions,
            compiling=settings.compile_operations,
            comparing=Comparing(settings.compare_every, _log_difference) if settings.compare_every else None,
        )

    def prepare(self, text: str, name: str | None) -> Prepared:
        """The operation of that name, or the only one. Raises Refusal."""
        document = self.operations.find(text)
        if isinstance(document, Invalid):
            raise self._refuse(document)
        operation = document.operation(name)
        if operation is None:
            raise Refusal(422, "OPERATION_NOT_FOUND", "Name one of the document's operations in operationName.")
        return Prepared(operation, document.inspected)

    def start(self, prepared: Prepared, context: Any, variables: Mapping[str, Any]) -> Executor[Any]:
        """A run with these variables. Raises Refusal."""
        try:
            run = prepared.operation.prepare(context, dict(variables))
            prepared.inspected.facts.check(prepared.operation.node, run.variable_values.coerced)
        except BadVariables as error:
            raise Refusal.of(400, "BAD_USER_INPUT", error.errors, self._max_errors) from None
        except LimitExceeded as error:
            raise Refusal.of(422, error.code, [error], self._max_errors) from None
        if unused := prepared.inspected.unused_variables:
            raise Refusal.of(422, "GRAPHQL_VALIDATION_FAILED", unused, self._max_errors)
        return run

    def finish(self, prepared: Prepared, run: Executor[Any]) -> Coroutine[Any, Any, ExecutionResult]:
        """Brings the result of a run, to be read and not to be changed."""
        return prepared.operation.execute(run)

    def _parse(self, text: str) -> DocumentNode:
        return parse(text, self._limits)

    def _inspect(self, document: DocumentNode) -> Inspected:
        facts = inspect(self._schema, self._costs, self._limits, document)
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        for node in operations:
            if node.operation is OperationType.SUBSCRIPTION:
                message = "A subscription cannot be answered here: this address answers queries and mutations, once."
                raise GraphQLError(message, node)
        unused: list[GraphQLError] = []
        if any(node.variable_definitions for node in operations):
            unused = graphql.validate(self._schema, document, [NoUnusedVariablesRule], MAX_VALIDATION_ERRORS)
        return Inspected(facts, tuple(unused))

    def _validate(self, document: DocumentNode) -> list[GraphQLError]:
        return graphql.validate(
            self._schema, document, RULES, MAX_VALIDATION_ERRORS, hide_suggestions=self._hide_suggestions
        )

    def _refuse(self, invalid: Invalid) -> Refusal:
        beyond = isinstance(invalid.errors[0], LimitExceeded)
        if invalid.stage == "parse" and not beyond:
            return Refusal.of(400, "GRAPHQL_PARSE_FAILED", invalid.errors, self._max_errors)
        return Refusal.of(422, "GRAPHQL_VALIDATION_FAILED", invalid.errors, self._max_errors)


def _log_difference(difference: Difference) -> None:
    """Loud, as no caller can see it; neither values nor the document's text."""
    document, places = difference.document_sha256, ", ".join(difference.places)
    logger.error("document %s: compiled it differs from graphql-core at %s", document, places)


def limits_of(settings: Settings) -> Limits:
    """The limits that an installation sets."""
    return Limits(
        tokens=settings.max_tokens,
        depth=settings.max_depth,
        aliases=settings.max_aliases,
        root_fields=settings.max_root_fields,
        directives=settings.max_directives,
        calls=settings.max_legacy_calls,
        rows=settings.max_rows,
        introspection=settings.development,
    )

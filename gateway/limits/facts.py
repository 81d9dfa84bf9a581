"""What is worked out of a document once, whoever asks it and with whatever variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import graphql
from graphql import DocumentNode, GraphQLSchema, GraphQLSyntaxError, OperationDefinitionNode

from gateway.limits.cost import Cost, FieldCosts, Price
from gateway.limits.exceeded import LimitExceeded, Limits
from gateway.limits.walk import Walk


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What the operations of a document cost, by name; the document is within all limits that need no variables."""

    limits: Limits
    costs: Mapping[str | None, Cost]

    def check(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
        """LimitExceeded where the operation costs too much with these variables, coerced."""
        cost = self.costs.get(_name(operation))
        if cost is not None and cost.parts:
            check_price(cost.price(variables), self.limits, operation)


def parse(text: str, limits: Limits) -> DocumentNode:
    """The document. LimitExceeded where it has too many tokens, GraphQLSyntaxError where it is none."""
    try:
        return graphql.parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.tokens)
    except GraphQLSyntaxError as error:
        if error.message.endswith((" tokens. Parsing aborted.", " comments. Parsing aborted.")):
            message = f"The document has more than {limits.tokens} tokens."
            raise LimitExceeded("TOO_MANY_TOKENS", message, limits.tokens) from None
        raise


def inspect(schema: GraphQLSchema, costs: FieldCosts, limits: Limits, document: DocumentNode) -> DocumentFacts:
    """The facts of a document, which need not be valid. Raises LimitExceeded whatever the variables may be."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) > limits.root_fields:  # they would all be validated, for one to run
        message = f"The document has {len(operations)} operations; at most {limits.root_fields} are allowed."
        raise LimitExceeded("TOO_MANY_ROOT_FIELDS", message, limits.root_fields)
    walk = Walk(schema, costs, limits, document)
    found: dict[str | None, Cost] = {}
    for operation in operations:
        found[_name(operation)] = cost = walk.operation(operation)
        if not cost.parts:
            check_price(cost.price({}), limits, operation)
    walk.fragments_left()
    return DocumentFacts(limits, found)


def check_price(price: Price, limits: Limits, operation: OperationDefinitionNode) -> None:
    """LimitExceeded where an operation's price is too high."""
    for what, costs, limit in (("legacy calls", price.calls, limits.calls), ("rows", price.rows, limits.rows)):
        if costs > limit:
            shown = costs if costs < 10**9 else "far more"
            message = f"The operation may cost {shown} {what}; at most {limit} are allowed."
            raise LimitExceeded("QUERY_TOO_EXPENSIVE", message, limit, operation)


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name is not None else None

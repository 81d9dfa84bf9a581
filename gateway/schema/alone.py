"""The rule that a mutation which looks at a secret stands alone in its operation."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValidationRule,
)

from gateway.schema.mutation import ALONE


class StandsAlone(ValidationRule):
    """One request must not hold a hundred sign-ins: aliases and fragments are followed, variables do not matter."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Counts the root fields of a mutation."""
        if node.operation is not OperationType.MUTATION:
            return
        fields = list(self._root_fields(node.selection_set, set()))
        secret = [field for field in fields if field.name.value in ALONE]
        if secret and len(fields) > 1:
            name = secret[0].name.value
            self.report_error(GraphQLError(f"`{name}` must be the only field of its operation.", secret[0]))

    def _root_fields(self, selections: SelectionSetNode, seen: set[str]) -> Iterator[FieldNode]:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                yield selection
            elif isinstance(selection, InlineFragmentNode):
                yield from self._root_fields(selection.selection_set, seen)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                seen.add(selection.name.value)  # spread again it brings the same fields, so once is enough
                fragment = self.context.get_fragment(selection.name.value)
                if fragment is not None:
                    yield from self._root_fields(fragment.selection_set, seen)

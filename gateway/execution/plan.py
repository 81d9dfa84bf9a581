"""What an operation asks, once @skip and @include are settled: the fields of every selection, by runtime type."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, collect_fields, collect_subfields

from gateway.execution.kinds import Direct, Kind, Wrapped, kind_of

# The home screen has about a hundred.
MAX_STEPS = 500
CONDITIONS = {"skip", "include"}
UNKNOWN = {"defer", "stream"}


class NotUnderstood(Exception):
    """The operation is left to graphql-core."""


@dataclass(slots=True, eq=False)
class Step:
    """One field of one selection: all about it that no request changes.

    `selections` are those of the object types that its values may be; `complete` is the compiled function that
    completes a value, for fields with a resolver; those are the `last` ones whose usual values need no more waiting.
    """

    key: str
    parent: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    kind: Kind
    selections: dict[GraphQLObjectType, "Selection"] = field(default_factory=dict)
    complete: Callable[[Any, Any, Any], Any] | None = None
    last: bool = False

    @property
    def node(self) -> FieldNode:
        """The first of the merged nodes, which has the arguments."""
        return self.details[0].node


@dataclass(eq=False)
class Selection:
    """The fields asked of one object type.

    It is `shared` where more than one place asks them, and `plain` where nothing below needs a resolver (None: not
    known yet).
    """

    steps: list[Step]
    shared: bool = False
    plain: bool | None = None

    @cached_property
    def resolves(self) -> bool:
        """Whether a resolver is called for any of the fields, or below."""
        return any(
            isinstance(step.kind, (Direct, Wrapped)) or any(below.resolves for below in step.selections.values())
            for step in self.steps
        )


class Collector:
    """Collects each set of merged nodes once per runtime type; `steps` so far, each as often as nodes are merged."""

    def __init__(self, run: Executor[Any]) -> None:
        self.run = run
        self.steps = 0
        self.known: dict[tuple[Any, ...], Selection] = {}

    def root(self, root: GraphQLObjectType) -> Selection:
        """The root selection as graphql-core collects it with this run's variables. Raises NotUnderstood."""
        run = self.run
        fields = collect_fields(run.schema, run.fragments, run.variable_values, root, run.operation).grouped_field_set
        return self._selection(root, fields)

    def _selection(self, parent: GraphQLObjectType, fields: dict[str, FieldDetailsList]) -> Selection:
        steps = []
        for key, details in fields.items():
            definition = self.run.schema.get_field(parent, details[0].node.name.value)
            if definition is not None:  # as graphql-core: what is not there is left out
                steps.append(self._step(key, parent, definition, details))
        return Selection(steps)

    def _step(self, key: str, parent: GraphQLObjectType, definition: GraphQLField, details: FieldDetailsList) -> Step:
        self.steps += len(details)
        if self.steps > MAX_STEPS:
            raise NotUnderstood
        schema = self.run.schema
        step = Step(key, parent, definition, details, kind_of(definition, schema))
        named = get_named_type(definition.type)
        possible = schema.get_possible_types(named) if is_abstract_type(named) else [named]
        step.selections = {each: self._below(each, details) for each in possible if is_object_type(each)}
        return step

    def _below(self, type_: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        key = (type_, *(id(each.node) for each in details))
        if key in self.known:
            self.known[key].shared = True
        else:
            run = self.run
            fields = collect_subfields(
                run.schema, run.fragments, run.variable_values, run.operation, type_, details
            ).grouped_field_set
            self.known[key] = self._selection(type_, fields)
        return self.known[key]


def conditions(run: Executor[Any]) -> tuple[str, ...]:
    """The variables that @skip and @include look at. Raises NotUnderstood where a plan cannot do it."""
    operation: OperationDefinitionNode = run.operation
    fragments = run.fragment_definitions
    if operation.operation is OperationType.SUBSCRIPTION or any(
        each.variable_definitions for each in fragments.values()
    ):
        raise NotUnderstood
    names: dict[str, None] = {}
    for selection in _selections([operation.selection_set, *(each.selection_set for each in fragments.values())]):
        for directive in selection.directives or ():
            if directive.name.value in UNKNOWN:
                raise NotUnderstood
            if directive.name.value in CONDITIONS:
                values = (argument.value for argument in directive.arguments or ())
                names |= dict.fromkeys(value.name.value for value in values if isinstance(value, VariableNode))
    return tuple(names)


def _selections(sets: list[SelectionSetNode]) -> Iterator[FieldNode | InlineFragmentNode | FragmentSpreadNode]:
    while sets:
        for selection in sets.pop().selections:
            yield selection  # type: ignore[misc]
            below = getattr(selection, "selection_set", None)
            if below is not None:
                sets.append(below)

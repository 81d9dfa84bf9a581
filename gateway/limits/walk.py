"""The walk through a document as it would be executed: fragments followed, fields of one name merged."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
)

from gateway.limits.cost import FREE, ONE, Cost, FieldCosts, Size, size_of, total
from gateway.limits.exceeded import LimitExceeded, Limits

MAX_VISITS = 10_000
"""Selections looked at in one document. Only fragments that spread each other over and over make more of few tokens."""

INTROSPECTION_DEPTH = 20
"""How deep the schema may be asked for, whatever the limit is: tools go through six or more levels of `ofType`."""

_INTROSPECTION = {"__schema", "__type"}

Group = tuple[GraphQLNamedType | None, tuple[FieldNode, ...]]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection holds, itself and below."""

    height: int
    aliases: int
    directives: int
    cost: Cost


class Walk:
    """Measures the definitions of one document, valid or not. LimitExceeded as soon as a limit is.

    The same fields in the same place are measured once, however many fragments lead there. Type conditions are taken to
    apply: what is asked of each type of an abstract one is added up.
    """

    def __init__(self, schema: GraphQLSchema, costs: FieldCosts, limits: Limits, document: DocumentNode) -> None:
        self.schema, self.costs, self.limits = schema, costs, limits
        self.fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self.reached: set[str] = set()
        self.visits = 0
        self.known: dict[tuple[object, ...], Measure] = {}

    def operation(self, node: OperationDefinitionNode) -> Cost:
        """The cost of an operation that is within all other limits."""
        root = self.schema.get_root_type(node.operation)
        groups, directives = self._collect(root, [node.selection_set])
        if len(groups) > (limit := self.limits.root_fields):
            message = f"The operation has {len(groups)} root fields; at most {limit} are allowed."
            raise LimitExceeded("TOO_MANY_ROOT_FIELDS", message, limit, node)
        directives += len(node.directives or ())
        directives += sum(len(each.directives or ()) for each in node.variable_definitions or ())
        measures = []
        for parent, nodes in groups:
            introspects = node.operation is OperationType.QUERY and nodes[0].name.value in _INTROSPECTION
            above = self.limits.depth - INTROSPECTION_DEPTH if introspects else 0
            measures.append(self._field((parent, nodes), {}, above + 1))
        measure = _together(measures, directives)
        self._check(measure, node)
        return measure.cost

    def fragments_left(self) -> None:
        """Measures the fragments that no operation spreads, which validation would go through all the same."""
        for name, fragment in self.fragments.items():
            if name not in self.reached:
                type_ = self.schema.get_type(fragment.type_condition.name.value)
                measure = self._selection(type_, [fragment.selection_set], {}, 1)
                self._check(_together([measure], len(fragment.directives or ())), fragment)

    def _field(self, group: Group, sizes: Mapping[str, Size], depth: int) -> Measure:
        parent, nodes = group
        node, name = nodes[0], nodes[0].name.value
        if name in _INTROSPECTION and not self.limits.introspection:
            raise LimitExceeded(
                "GRAPHQL_VALIDATION_FAILED", f"Introspection is off: `{name}` cannot be asked.", node=node
            )
        if depth > self.limits.depth:
            raise self._too_deep(node)
        key = (parent, sizes.get(name), *map(id, nodes))
        if key not in self.known:
            self.known[key] = self._measure(parent, nodes, sizes.get(name, ONE), depth)
        measure = self.known[key]
        if depth + measure.height - 1 > self.limits.depth:
            raise self._too_deep(node)
        return measure

    def _measure(
        self, parent: GraphQLNamedType | None, nodes: tuple[FieldNode, ...], times: Size, depth: int
    ) -> Measure:
        node = nodes[0]
        type_ = self._type_of(parent, node)
        cost = self.costs.get((parent.name, node.name.value), FREE) if parent is not None else FREE
        sizes: dict[str, Size] = {}
        if cost.size is not None:
            size = size_of(cost.size, node)
            sizes = dict.fromkeys(cost.size.sized_fields, size)
            times = times if sizes else size
        below = self._selection(type_, [each.selection_set for each in nodes if each.selection_set], sizes, depth + 1)
        rows = total(0, 1 if is_composite_type(type_) else 0, [(ONE, below.cost)])
        measure = Measure(
            below.height + 1,
            below.aliases + (node.alias is not None and node.alias.value != node.name.value),
            below.directives,
            total(cost.calls, 0, [(times, rows)]),
        )
        self._check(measure, node)
        return measure

    def _selection(
        self, type_: GraphQLNamedType | None, sets: list[SelectionSetNode], sizes: Mapping[str, Size], depth: int
    ) -> Measure:
        groups, directives = self._collect(type_, sets)
        return _together([self._field(group, sizes, depth) for group in groups], directives)

    def _collect(self, type_: GraphQLNamedType | None, sets: list[SelectionSetNode]) -> tuple[list[Group], int]:
        """Fields by the type that they are asked of and the name that they are answered under; and their directives."""
        groups: dict[tuple[GraphQLNamedType | None, str], list[FieldNode]] = {}
        directives, spread = 0, set[str]()
        waiting = [(type_, each) for each in sets]
        while waiting:
            parent, selections = waiting.pop()
            for selection in selections.selections:
                self._visit(selection)
                directives += len(selection.directives or ())
                if isinstance(selection, FieldNode):
                    key = (selection.alias or selection.name).value
                    groups.setdefault((parent, key), []).append(selection)
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    narrowed = self._narrow(parent, condition.name.value) if condition is not None else parent
                    waiting.append((narrowed, selection.selection_set))
                elif isinstance(selection, FragmentSpreadNode) and (name := selection.name.value) not in spread:
                    spread.add(name)  # spread again in one place it brings the same fields
                    if (fragment := self.fragments.get(name)) is not None:
                        self.reached.add(name)
                        directives += len(fragment.directives or ())
                        narrowed = self._narrow(parent, fragment.type_condition.name.value)
                        waiting.append((narrowed, fragment.selection_set))
        return [(parent, tuple(nodes)) for (parent, _), nodes in groups.items()], directives

    def _visit(self, selection: object) -> None:
        self.visits += 1
        if self.visits > MAX_VISITS:
            message = "The document spreads its fragments over and over."
            raise LimitExceeded("QUERY_TOO_EXPENSIVE", message, node=selection)  # type: ignore[arg-type]

    def _narrow(self, parent: GraphQLNamedType | None, name: str) -> GraphQLNamedType | None:
        """The type whose fields are asked below a condition: the narrower one, so that the same fields merge."""
        type_ = self.schema.get_type(name)
        return parent if is_object_type(parent) and is_abstract_type(type_) else type_

    def _type_of(self, parent: GraphQLNamedType | None, node: FieldNode) -> GraphQLNamedType | None:
        if not is_composite_type(parent):
            return None
        field = self.schema.get_field(parent, node.name.value)
        return get_named_type(field.type) if field is not None else None

    def _check(self, measure: Measure, node: OperationDefinitionNode | FragmentDefinitionNode | FieldNode) -> None:
        for code, what, count, limit in (
            ("TOO_MANY_ALIASES", "aliases", measure.aliases, self.limits.aliases),
            ("TOO_MANY_DIRECTIVES", "directives", measure.directives, self.limits.directives),
        ):
            if count > limit:
                raise LimitExceeded(
                    code, f"The document has too many {what}; at most {limit} are allowed.", limit, node
                )

    def _too_deep(self, node: FieldNode) -> LimitExceeded:
        limit = self.limits.depth
        return LimitExceeded("QUERY_TOO_DEEP", f"The document is nested more than {limit} levels deep.", limit, node)


def _together(measures: list[Measure], directives: int) -> Measure:
    return Measure(
        max((each.height for each in measures), default=0),
        sum(each.aliases for each in measures),
        directives + sum(each.directives for each in measures),
        total(0, 0, [(ONE, each.cost) for each in measures]),
    )

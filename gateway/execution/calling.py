"""What a resolver is told: where it stands, its info, its arguments."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property
from types import NoneType
from typing import TYPE_CHECKING, Any

from graphql import GraphQLResolveInfo, ValueNode, VariableNode, is_non_null_type
from graphql.execution.executor import to_nodes
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path
from strawberry import Info

from gateway.execution.kinds import Direct
from gateway.execution.plan import Step

if TYPE_CHECKING:
    from gateway.execution.running import CompiledExecutor

_FIXED = {str, int, float, bool, Decimal, date, datetime, NoneType}

# Where a value stands: (before, key, parent type), key being a list that grows while its items are completed, so that
# its length is the place of the item in work. A graphql-core Path is one that stands still.
Place = Any


def below(around: Place, step: Step) -> Place:
    """Where a field of an object stands."""
    return (around, step.key, step.parent.name)


def freeze(place: Place) -> Any:
    """The place as a path, while its item is in work; None is the root."""
    if place is None or type(place) is Path:
        return place
    before, key, typename = place
    return Path(freeze(before), len(key) if type(key) is list else key, typename)


def info(run: "CompiledExecutor", step: Step, place: Place) -> "GraphQLResolveInfo[Any]":
    """The info of the field that stands there, or around there."""
    path = freeze(place)
    while type(path.key) is int:
        path = path.prev
    return run.build_resolve_info(step.definition, to_nodes(step.details), step.parent, path)


class LazyInfo(Info[Any, Any]):
    """Strawberry's info, made when it is looked into."""

    def __init__(self, run: "CompiledExecutor", step: Step, place: Place) -> None:
        self._run, self._step, self._place = run, step, place

    @property
    def context(self) -> Any:
        """The context of the request."""
        return self._run.context_value

    @cached_property
    def _raw_info(self) -> "GraphQLResolveInfo[Any]":  # type: ignore[override]
        return info(self._run, self._step, self._place)

    @property
    def _field(self) -> Any:  # type: ignore[override]
        return self._step.kind.field  # type: ignore[union-attr]


def arguments(run: "CompiledExecutor", step: Step) -> dict[str, Any]:
    """The field's arguments with this request's variables."""
    known = run.arguments.get(step)
    if known is None:
        given = get_argument_values(step.definition, step.node, run.variable_values, None, run.hide_suggestions)
        known = _convert(step, given)
        if _is_fixed(known):
            run.arguments[step] = known
    return known


def constant_arguments(step: Step) -> dict[str, Any] | None:
    """The field's arguments where no request changes them."""
    if any(_has_variables(argument.value) for argument in step.node.arguments or ()):
        return None
    try:
        known = _convert(step, get_argument_values(step.definition, step.node))
    except Exception:  # it is raised anew in each request, at the field
        return None
    return known if _is_fixed(known) else None


def variable_arguments(step: Step) -> tuple[dict[str, Any], list[tuple[str, str]]] | None:
    """What the field gets whatever a request says, and which variables replace what of it; None where more is needed.

    Only variables that stand alone for a nullable argument, of a type that takes their values as they are.
    """
    kind, nodes = step.kind, step.node.arguments or ()
    if not isinstance(kind, Direct):
        return None
    pairs = []
    for node in nodes:
        if isinstance(node.value, VariableNode):
            name = kind.taken_as_is.get(node.name.value)
            if name is None or is_non_null_type(step.definition.args[node.name.value].type):
                return None
            pairs.append((name, node.value.name.value))
        elif _has_variables(node.value):
            return None
    try:
        known = _convert(step, get_argument_values(step.definition, step.node, VariableValues({}, {})))
    except Exception:  # as above
        return None
    return (known, pairs) if _is_fixed(known) else None


def replaced(run: "CompiledExecutor", known: dict[str, Any], pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Those arguments, with the values that this request gives to the variables."""
    given = run.variable_values.coerced
    return known | {name: given[variable] for name, variable in pairs if variable in given}


def _convert(step: Step, given: dict[str, Any]) -> dict[str, Any]:
    return step.kind.convert(given) if isinstance(step.kind, Direct) else given


def _is_fixed(given: dict[str, Any]) -> bool:
    """Whether no resolver can change the values for the next one."""
    return all(type(value) in _FIXED or isinstance(value, Enum) for value in given.values())


def _has_variables(value: ValueNode) -> bool:
    return isinstance(value, VariableNode) or any(
        _has_variables(each)
        for each in (*getattr(value, "values", ()), *(f.value for f in getattr(value, "fields", ())))
    )

"""The compiled plans of one operation: one for each way that its @skip and @include may turn out."""

from dataclasses import dataclass, field

from graphql import GraphQLError, OperationType
from graphql.execution.execute import assume_not_async_iterable, assume_not_awaitable
from graphql.pyutils.is_awaitable import is_async_iterable, is_awaitable

from gateway.execution.plan import NotUnderstood, collect, conditions
from gateway.execution.running import CompiledExecutor
from gateway.execution.source import Compiled, compile_selection

MAX_PLANS = 16

# The predicates to which plain values are plain.
_USUAL = (is_awaitable, is_async_iterable, assume_not_awaitable, assume_not_async_iterable)


@dataclass(slots=True)
class Plans:
    """Finds the plan of a run; it is made once so many runs like it have gone through graphql-core."""

    runs_before: int = 1
    _conditions: tuple[str, ...] | None = None
    _found: dict[tuple[bool, ...], Compiled | int | None] = field(default_factory=dict)

    def find(self, run: CompiledExecutor, serially: bool | None) -> Compiled | None:
        """None where graphql-core is to run the operation: not understood, not yet, or for a run with specialities."""
        key = self._key(run, serially)
        if key is None:
            return None
        found = self._found.get(key, 0)
        if isinstance(found, int):
            if key not in self._found and len(self._found) == MAX_PLANS:
                return None
            found = self._found[key] = found + 1 if found < self.runs_before else _compile(run)
        return None if isinstance(found, int) else found

    def _key(self, run: CompiledExecutor, serially: bool | None) -> tuple[bool, ...] | None:
        if (
            (serially is not None and serially != _is_serial(run))
            or run.abort_signal is not None
            or run.middleware_manager is not None
            or run.is_awaitable not in _USUAL
            or run.is_async_iterable not in _USUAL
        ):
            return None
        if self._conditions is None:
            try:
                self._conditions = conditions(run)
            except NotUnderstood:
                self._found = dict.fromkeys([()], None)
                self._conditions = ()
        values = [run.variable_values.coerced.get(name) for name in self._conditions]
        key = tuple(value for value in values if isinstance(value, bool))
        return key if len(key) == len(values) else None


def _is_serial(run: CompiledExecutor) -> bool:
    return run.operation.operation is OperationType.MUTATION


def _compile(run: CompiledExecutor) -> Compiled | None:
    root = run.schema.get_root_type(run.operation.operation)
    try:
        return None if root is None else compile_selection(collect(run, root), serial=_is_serial(run))
    except (NotUnderstood, GraphQLError, RecursionError):
        return None

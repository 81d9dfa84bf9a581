"""The compiled plans of one operation, one for each way that its @skip and @include may turn out; and their budget."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import ref

from graphql import GraphQLError, OperationType
from graphql.execution.execute import assume_not_async_iterable, assume_not_awaitable
from graphql.pyutils.is_awaitable import is_async_iterable, is_awaitable

from gateway.execution.plan import Collector, NotUnderstood, conditions
from gateway.execution.running import CompiledExecutor
from gateway.execution.source import Compiled, compile_selection

MAX_PLANS = 8
# A step costs a fifth of a millisecond to compile and a kilobyte to keep; what each plan costs besides, in steps.
MAX_KEPT = 20_000
PER_SECOND = 600
PER_PLAN = 5

Key = tuple[bool, ...]

# The predicates to which plain values are plain.
_USUAL = (is_awaitable, is_async_iterable, assume_not_awaitable, assume_not_async_iterable)


class Budget:
    """What the plans of many operations may cost, in steps: kept at once, and compiled in a second.

    A second's steps may be saved up. One plan may overdraw them; none is compiled before that is made up for.
    """

    def __init__(
        self, *, kept: int = MAX_KEPT, per_second: int = PER_SECOND, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self.kept, self._max_kept = 0, kept
        self._left, self._per_second = float(per_second), per_second
        self._timer, self._filled = timer, timer()
        # Operations that nobody has any more may go, plans and all; here they count until they are the least used.
        self._steps: OrderedDict[tuple[ref[Plans], Key], int] = OrderedDict()

    def allows(self) -> bool:
        """Whether a plan may be compiled now."""
        now = self._timer()
        self._left = min(self._per_second, self._left + (now - self._filled) * self._per_second)
        self._filled = now
        return self._left > 0

    def spend(self, steps: int) -> None:
        """So many steps were compiled, or in vain."""
        self._left -= steps

    def keep(self, plans: "Plans", key: Key, steps: int) -> None:
        """A plan is new; the least recently used ones are dropped for it."""
        self._steps[ref(plans), key] = steps
        self.kept += steps
        while self.kept > self._max_kept:
            (owner, oldest), dropped = self._steps.popitem(last=False)
            self.kept -= dropped
            if (plans_ := owner()) is not None:
                plans_.drop(oldest)

    def used(self, plans: "Plans", key: Key) -> None:
        """A plan is the most recently used one."""
        self._steps.move_to_end((ref(plans), key))


@dataclass(slots=True, weakref_slot=True, eq=False)
class Plans:
    """Finds the plan of a run; it is made once so many runs like it have gone through graphql-core.

    Where the budget does not allow that, a later run's turn comes.
    """

    budget: Budget = field(default_factory=Budget)
    runs_before: int = 1
    _conditions: tuple[str, ...] | None = None
    _found: dict[Key, Compiled | int | None] = field(default_factory=dict)

    def find(self, run: CompiledExecutor, serially: bool | None) -> Compiled | None:
        """None where graphql-core is to run the operation: not understood, not yet, or for a run with specialities."""
        key = self._key(run, serially)
        if key is None:
            return None
        found = self._found.get(key, 0)
        if isinstance(found, Compiled):
            self.budget.used(self, key)
            return found
        if found is None or (key not in self._found and len(self._found) == MAX_PLANS):
            return None
        if found < self.runs_before:
            self._found[key] = found + 1
            return None
        return self._compile(key, run) if self.budget.allows() else None

    def drop(self, key: Key) -> None:
        """Forgets a plan; what runs by it goes on."""
        del self._found[key]

    def _compile(self, key: Key, run: CompiledExecutor) -> Compiled | None:
        root = run.schema.get_root_type(run.operation.operation)
        collector, compiled = Collector(run), None
        try:
            if root is not None:
                compiled = compile_selection(collector.root(root), serial=_is_serial(run))
        except (NotUnderstood, GraphQLError, RecursionError):
            pass  # it is left to graphql-core for good
        self._found[key] = compiled
        steps = PER_PLAN + collector.steps
        self.budget.spend(steps)
        if compiled is not None:
            self.budget.keep(self, key, steps)
        return compiled

    def _key(self, run: CompiledExecutor, serially: bool | None) -> Key | None:
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

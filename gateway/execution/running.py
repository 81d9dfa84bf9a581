"""An executor that runs compiled plans; whatever is odd goes through graphql-core's own methods, step by step."""

from asyncio import Future
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from graphql import ExecutionResult, GraphQLError, GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfoHelpers
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import CollectedErrors, collect_iterator_awaitables
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, RefMap, Undefined

from gateway.execution.calling import Place, below, freeze, info
from gateway.execution.plan import Step
from gateway.execution.waiting import Later, coming, core, settled

if TYPE_CHECKING:
    from gateway.execution.plans import Plans
    from gateway.execution.source import Compiled


class CompiledExecutor(Executor[Any]):
    """graphql-core's executor, but for operations that have a plan.

    Children of any value are completed by compiled functions, also where graphql-core completes the value itself.
    """

    plans: "Plans | None" = None
    plan: "Compiled | None" = None

    def anew(self, context: Any, variables: VariableValues, root: Any) -> "CompiledExecutor":
        """Another run of the same operation, where this one never ran: half of a small query would be making it.

        What belongs to one run, and few of them need, is made where it is asked for.
        """
        run = object.__new__(type(self))
        own = run.__dict__
        own.update(self.__dict__)
        for name in _MADE_LATE:
            del own[name]
        own["context_value"], own["variable_values"], own["root_value"] = context, variables, root
        return run

    def execute_operation(self, serially: bool | None = None) -> Any:
        """The result, or an awaitable of it, as graphql-core's."""
        self.plan = self.plans.find(self, serially) if self.plans is not None else None
        if self.plan is None:
            return super().execute_operation(serially)
        self.arguments: dict[Step, dict[str, Any]] = {}
        try:
            data = self.plan.start(self, self.root_value)
        except GraphQLError as error:
            return self._nothing(error)
        return self._answer(data) if type(data) is dict else self._later(data)

    async def _later(self, awaitable: Awaitable[dict[str, Any]]) -> Any:
        try:
            data = await awaitable
        except GraphQLError as error:
            return self._nothing(error)
        return self._answer(data)

    def _nothing(self, error: GraphQLError) -> Any:
        self.collected_errors.add(error, None)
        return self._answer(None)

    def _answer(self, data: dict[str, Any] | None) -> ExecutionResult:
        if self.hooks is not None:
            self.run_async_work_finished_hook()
        collected = self.__dict__.get("collected_errors")
        return ExecutionResult(data, collected and (collected.errors or None))

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """The fields of an object whose type graphql-core found out."""
        child = None if self.plan is None else self.plan.children.get((return_type, id(field_details_list)))
        if child is None:
            return super().collect_and_execute_subfields(
                return_type, field_details_list, path, result, position_context
            )
        return child(self, result, path)

    def __getattr__(self, name: str) -> Any:
        """What `anew` left to be made."""
        if name not in _MADE_LATE:
            raise AttributeError(name)
        made = self.__dict__[name] = _MADE_LATE[name](self)
        return made


_MADE_LATE: dict[str, Callable[[CompiledExecutor], Any]] = {
    "async_helpers": lambda run: GraphQLResolveInfoHelpers(gather=run.gather_async_work, track=run.track_async_work),
    "collected_errors": lambda _: CollectedErrors(),
    "pending_incremental_futures": lambda _: set(),
    "background_futures": lambda _: set(),
    "_relevant_sub_fields": lambda _: {},
    "_stream_usages": lambda _: RefMap(),
}


def odd(run: CompiledExecutor, step: Step, value: Any, around: Place, later: Later) -> tuple[Any, Later]:
    """What a field gave that is nothing usual, completed; where that has yet to come, `later` says so."""
    place = (around, step.key, step.parent.name)
    if isinstance(value, Future) or run.is_awaitable(value):
        awaitable = coming(run, step, value, place)
        return awaitable, (*later, (step.key, awaitable))
    return wait(run, step, core(run, step, value, place), around, later)


def wait(run: CompiledExecutor, step: Step, completed: Any, around: Place, later: Later) -> tuple[Any, Later]:
    """A field's completed value; where its parts have yet to come, `later` says so."""
    if not run.is_awaitable(completed):
        return completed, later
    awaitable = settled(run, step, step.definition.type, completed, freeze(below(around, step)))
    return awaitable, (*later, (step.key, awaitable))


def fail(run: CompiledExecutor, step: Step, error: Exception, around: Place, later: Later) -> None:
    """A field has failed: null, or raised again where null is not allowed; what its siblings began is let run out."""
    try:
        run.handle_field_error(error, step.definition.type, step.details, freeze(below(around, step)))
    except GraphQLError:
        if later:
            run.settle_in_background([awaitable for _, awaitable in later])
        raise


def item(
    run: CompiledExecutor, step: Step, type_: GraphQLOutputType, value: Any, completed: list[Any], place: Place
) -> bool:
    """An item that is nothing usual, completed and added by graphql-core; whether it has yet to come."""
    path, about = freeze(place), info(run, step, place)
    if run.is_awaitable(value):
        completed.append(run.complete_awaitable_list_item_value(value, type_, step.details, about, path, None))
        return True
    return run.complete_list_item_value(value, completed, type_, step.details, about, path, None)


def abandon(run: CompiledExecutor, completed: list[Any], later: list[int], items: Iterator[Any]) -> None:
    """A list has failed: what its items began is let run out."""
    begun = [completed[index] for index in later] + collect_iterator_awaitables(items, run.is_awaitable)
    if begun:
        run.settle_in_background(begun)


def output(run: CompiledExecutor, type_: Any, value: Any, coerced: Any) -> Any:
    """What a custom scalar made of a value, where it is nothing usual. Raises as graphql-core does for nothing."""
    return run.complete_leaf_value(type_, value) if coerced is None or coerced is Undefined else coerced


def serially(run: CompiledExecutor, roots: list[Callable[[Any, Any, Any], Any]], source: Any) -> Any:
    """The data of root fields that run one after another, or an awaitable of it."""
    result: dict[str, Any] = {}
    left = iter(roots)
    for root in left:
        data = root(run, source, None)
        if run.is_awaitable(data):
            return _go_on(run, data, left, source, result)
        result |= data
    return result


async def _go_on(
    run: CompiledExecutor,
    data: Awaitable[dict[str, Any]],
    left: Iterator[Callable[[Any, Any, Any], Any]],
    source: Any,
    result: dict[str, Any],
) -> dict[str, Any]:
    result |= await data
    for root in left:
        more: Any = root(run, source, None)
        result |= await more if run.is_awaitable(more) else more
    return result

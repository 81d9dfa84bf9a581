"""An executor that runs compiled plans; whatever is odd goes through graphql-core's own methods, step by step."""

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLOutputType
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import collect_iterator_awaitables
from graphql.pyutils import Path, Undefined, gather_with_cancel

from gateway.execution.calling import Place, below, freeze, info
from gateway.execution.plan import Step

if TYPE_CHECKING:
    from gateway.execution.plans import Plans
    from gateway.execution.source import Compiled

# An object's fields that have yet to come, by key.
Later = tuple[tuple[str, Awaitable[Any]], ...]


class CompiledExecutor(Executor[Any]):
    """graphql-core's executor, but for operations that have a plan.

    Children of any value are completed by compiled functions, also where graphql-core completes the value itself.
    """

    plans: "Plans | None" = None
    plan: "Compiled | None" = None

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
        return self._later(data) if self.is_awaitable(data) else self.build_response(data)

    async def _later(self, awaitable: Awaitable[dict[str, Any]]) -> Any:
        try:
            data = await awaitable
        except GraphQLError as error:
            return self._nothing(error)
        return self.build_response(data)

    def _nothing(self, error: GraphQLError) -> Any:
        self.collected_errors.add(error, None)
        return self.build_response(None)

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


def core(run: CompiledExecutor, step: Step, value: Any, place: Place) -> Any:
    """A field's resolved value, completed by graphql-core."""
    return run.complete_value(step.definition.type, step.details, info(run, step, place), freeze(place), value, None)


def odd(run: CompiledExecutor, step: Step, value: Any, around: Place, later: Later) -> tuple[Any, Later]:
    """What an attribute gave that is nothing usual, completed; where that has yet to come, `later` says so."""
    place = below(around, step)
    if run.is_awaitable(value):
        return note(step, awaited(run, step, value, freeze(place)), later)
    return wait(run, step, core(run, step, value, place), around, later)


def wait(run: CompiledExecutor, step: Step, completed: Any, around: Place, later: Later) -> tuple[Any, Later]:
    """A field's completed value; where its parts have yet to come, `later` says so."""
    if not run.is_awaitable(completed):
        return completed, later
    path = freeze(below(around, step))
    return note(step, settled(run, step, step.definition.type, completed, path), later)


def note(step: Step, awaitable: Awaitable[Any], later: Later) -> tuple[Any, Later]:
    """A field's value that has yet to come, and `later` with it."""
    return awaitable, (*later, (step.key, awaitable))


async def awaited(run: CompiledExecutor, step: Step, value: Awaitable[Any], path: Path) -> Any:
    """A field's value that has yet to come, completed."""
    try:
        resolved = await value
        completed = core(run, step, resolved, path) if step.complete is None else step.complete(run, resolved, path)
        return await completed if run.is_awaitable(completed) else completed
    except Exception as error:
        run.handle_field_error(error, step.definition.type, step.details, path)


async def settled(
    run: CompiledExecutor, step: Step, type_: GraphQLOutputType, completed: Awaitable[Any], path: Path
) -> Any:
    """A value of that type whose parts have yet to come."""
    try:
        return await completed
    except Exception as error:
        run.handle_field_error(error, type_, step.details, path)


def fail(run: CompiledExecutor, step: Step, error: Exception, around: Place, later: Later) -> None:
    """A field has failed: null, or raised again where null is not allowed; what its siblings began is let run out."""
    try:
        run.handle_field_error(error, step.definition.type, step.details, freeze(below(around, step)))
    except GraphQLError:
        if later:
            run.settle_in_background([awaitable for _, awaitable in later])
        raise


async def fields(result: dict[str, Any], later: Later) -> dict[str, Any]:
    """An object once its fields have come."""
    if len(later) == 1:
        ((key, awaitable),) = later
        result[key] = await awaitable
    else:
        values = await gather_with_cancel(*(awaitable for _, awaitable in later))
        result.update(zip((key for key, _ in later), values, strict=True))
    return result


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


async def listed(completed: list[Any], later: list[int]) -> list[Any]:
    """A list once its items have come."""
    if len(later) == 1:
        completed[later[0]] = await completed[later[0]]
    else:
        values = await gather_with_cancel(*(completed[index] for index in later))
        for index, value in zip(later, values, strict=True):
            completed[index] = value
    return completed


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

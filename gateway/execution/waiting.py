"""Values that have yet to come: one by one, and those of an object or a list together.

Many at once are waited for as by graphql-core's `gather_with_cancel`, turn for turn of the loop, but with fewer tasks
and futures: a field's future below which nothing waits needs neither a task nor a coroutine.
"""

from asyncio import CancelledError, Future, ensure_future, gather, get_running_loop
from collections.abc import Awaitable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Union

from graphql import GraphQLOutputType
from graphql.pyutils import Path

from gateway.execution.calling import Place, freeze, info
from gateway.execution.plan import Step
from gateway.execution.usual import tame

if TYPE_CHECKING:
    from gateway.execution.running import CompiledExecutor

# An object's fields that have yet to come, by key.
Later = tuple[tuple[str, Awaitable[Any]], ...]
_Child = Union["Future[Any]", "Coming"]


async def fields(result: dict[str, Any], later: Later) -> dict[str, Any]:
    """An object once its fields have come."""
    if len(later) == 1:
        ((key, awaitable),) = later
        result[key] = await awaitable
    else:
        values = await together([awaitable for _, awaitable in later])
        result.update(zip((key for key, _ in later), values, strict=True))
    return result


async def listed(completed: list[Any], later: list[int]) -> list[Any]:
    """A list once its items have come."""
    if len(later) == 1:
        completed[later[0]] = await completed[later[0]]
    else:
        values = await together([completed[index] for index in later])
        for index, value in zip(later, values, strict=True):
            completed[index] = value
    return completed


def coming(run: "CompiledExecutor", step: Step, value: Awaitable[Any], place: Place) -> Awaitable[Any]:
    """A field's value that has yet to come, completed. Where the field has a resolver its place stays as it is."""
    if step.complete is None:
        return _completed(run, step, value, freeze(place))
    if step.last and isinstance(value, Future):
        return Coming(run, step, value, place)
    return _completed(run, step, value, place)


async def settled(
    run: "CompiledExecutor", step: Step, type_: GraphQLOutputType, completed: Awaitable[Any], path: Path
) -> Any:
    """A value of that type whose parts have yet to come."""
    try:
        return await completed
    except Exception as error:
        run.handle_field_error(error, type_, step.details, path)


def core(run: "CompiledExecutor", step: Step, value: Any, place: Place) -> Any:
    """A field's resolved value, completed by graphql-core."""
    return run.complete_value(step.definition.type, step.details, info(run, step, place), freeze(place), value, None)


async def _completed(run: "CompiledExecutor", step: Step, value: Awaitable[Any], place: Place) -> Any:
    try:
        resolved = await value
        completed = core(run, step, resolved, place) if step.complete is None else step.complete(run, resolved, place)
        return completed if tame[type(completed)] or not run.is_awaitable(completed) else await completed
    except Exception as error:
        run.handle_field_error(error, step.definition.type, step.details, freeze(place))


class Coming:
    """A field's future: awaited once, or a child of a level, which it tells its end."""

    __slots__ = ("_future", "_level", "_place", "_result", "_run", "_step", "dropped", "ended", "waits")

    def __init__(self, run: "CompiledExecutor", step: Step, future: "Future[Any]", place: Place) -> None:
        self._run, self._step, self._future, self._place = run, step, future, place
        self.waits = self.dropped = False
        self._level: _Level | None = None
        self.ended: Future[None] | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return _completed(self._run, self._step, self._future, self._place).__await__()

    def begin(self, level: "_Level") -> None:
        """Waits, as a task does from its first turn on."""
        self._level = level
        if self.dropped or self._future.done():
            self._come(self._future)
        else:
            self.waits = True
            self._future.add_done_callback(self._come)

    def done(self) -> bool:
        """Whether it waits no longer."""
        return hasattr(self, "_result")

    def result(self) -> Any:
        """The completed value."""
        return self._result

    def cancel(self, msg: Any = None) -> bool:
        """As of a task: what it waits for is cancelled, or itself at its next turn."""
        if self.done():
            return False
        self.dropped = not (self.waits and self._future.cancel(msg))
        return True

    def end(self) -> "Future[None]":
        """A future that is done as soon as this is."""
        self.ended = self._future.get_loop().create_future()
        if self.done():
            self.ended.set_result(None)
        return self.ended

    def _come(self, future: "Future[Any]") -> None:
        run, step, place = self._run, self._step, self._place
        try:
            if self.dropped:
                raise CancelledError
            completed = step.complete(run, future.result(), place)  # type: ignore[misc]
            if not tame[type(completed)] and run.is_awaitable(completed):  # of a plain field's odd value
                self._future = ensure_future(settled(run, step, step.definition.type, completed, freeze(place)))
                self._future.add_done_callback(self._settle)
                return
        except CancelledError as error:
            self._finish(None, error)
        except Exception as error:
            self._fail(error)
        else:
            self._finish(completed)

    def _fail(self, error: Exception) -> None:
        try:
            self._run.handle_field_error(error, self._step.definition.type, self._step.details, freeze(self._place))
        except Exception as raised:
            self._finish(None, raised)
        else:
            self._finish(None)

    def _settle(self, task: "Future[Any]") -> None:
        try:
            completed = task.result()
        except (Exception, CancelledError) as error:
            self._finish(None, error)
        else:
            self._finish(completed)

    def _finish(self, result: Any, error: BaseException | None = None) -> None:
        self._result, level, self._level = result, self._level, None
        assert level is not None
        if self.ended is not None:
            if not self.ended.done():  # else whoever waited for the end was cancelled, too
                self.ended.set_result(None)
        elif error is None:
            level.count()
        else:
            level.get_loop().call_soon(level.fail, error)  # a task's end is told at the next turn


class _Level(Future[list[Any]]):
    """What `asyncio.gather` returns, for tasks and what comes without one."""

    def __init__(self, awaitables: Sequence[Awaitable[Any]]) -> None:
        loop = get_running_loop()
        super().__init__(loop=loop)
        self._left, self._cancelled, self._children = len(awaitables), False, list[_Child]()
        for each in awaitables:
            if type(each) is Coming:
                loop.call_soon(each.begin, self)
                self._children.append(each)
            else:
                child = ensure_future(each)
                child.add_done_callback(self._ended)
                self._children.append(child)

    def count(self) -> None:
        """One more has come."""
        self._left -= 1
        if self._left or self.done():
            return
        if self._cancelled:  # and no child took notice
            self.set_exception(CancelledError())
        else:
            self.set_result([child.result() for child in self._children])

    def fail(self, error: BaseException) -> None:
        """One has failed."""
        if not self.done():
            self.set_exception(error)

    def cancel(self, msg: Any = None) -> bool:
        """Cancels all; it is done when the first of them is."""
        if self.done():
            return False
        for child in self._children:
            self._cancelled |= child.cancel(msg)
        return self._cancelled

    async def drop(self) -> None:
        """Cancels those that are left, and waits until they are done."""
        for child in self._children:
            if not child.done():
                child.cancel()
        ends = [child.end() if type(child) is Coming else child for child in self._children]
        await gather(*ends, return_exceptions=True)

    def _ended(self, task: "Future[Any]") -> None:
        if task.cancelled():
            self.fail(CancelledError())
        elif (error := task.exception()) is not None:
            self.fail(error)
        else:
            self.count()


async def together(awaitables: Sequence[Awaitable[Any]]) -> list[Any]:
    """The values of all. Where one fails the others are cancelled and waited for, and its error is raised."""
    level = _Level(awaitables)
    try:
        return await level
    except Exception:
        await level.drop()
        raise

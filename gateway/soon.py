"""Values that are here already or have yet to come: what is remembered needs neither a task nor a turn of the loop."""

from asyncio import Future
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, TypeAlias, TypeVar, cast

T = TypeVar("T")
U = TypeVar("U")

Soon: TypeAlias = T | Awaitable[T]
"""A value, or a future or coroutine that brings it; values themselves are never awaitable."""


def then(soon: Soon[T], go_on: Callable[[T], Soon[U]]) -> Soon[U]:
    """What `go_on` makes of the value: at once where it is here."""
    if isinstance(soon, (Future, CoroutineType)):
        return _go_on(soon, go_on)
    return go_on(cast("T", soon))


async def come(soon: Soon[T]) -> T:
    """The value, once it is here."""
    return await soon if isinstance(soon, (Future, CoroutineType)) else cast("T", soon)


async def _go_on(coming: Awaitable[Any], go_on: Callable[[Any], Soon[U]]) -> U:
    soon = go_on(await coming)
    return await soon if isinstance(soon, (Future, CoroutineType)) else cast("U", soon)

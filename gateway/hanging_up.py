"""Clients that go away: what is being done for them ends, while what others wait for goes on."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")


async def while_there(request: Request, work: Awaitable[T]) -> T:
    """What the work gives, which is cancelled where the client of a request that has been read goes away meanwhile.

    Raises ClientDisconnect then. Work that need not wait for anything is not watched: that would be a task for nothing.
    """
    loop, asking = asyncio.get_running_loop(), asyncio.current_task()
    assert asking is not None
    watching: list[asyncio.Task[None]] = []
    soon = loop.call_soon(lambda: watching.append(loop.create_task(_leave_with_client(request, asking))))
    try:
        return await work
    except asyncio.CancelledError:
        if not any(_is_over(each) for each in watching):
            raise
        asking.uncancel()
        raise ClientDisconnect from None
    finally:
        soon.cancel()
        for each in watching:
            each.cancel()


async def _leave_with_client(request: Request, asking: asyncio.Task[Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    asking.cancel()


def _is_over(task: asyncio.Task[None]) -> bool:
    return task.done() and not task.cancelled()

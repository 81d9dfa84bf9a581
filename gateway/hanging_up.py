"""Clients that go away: what is being done for them ends, while what others wait for goes on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect

from gateway.http.exchange import Exchange

T = TypeVar("T")


async def while_there(exchange: Exchange | None, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives, which is cancelled where the client of a request that has been read goes away meanwhile.

    Raises ClientDisconnect then. Servers other than the gateway's own tell nothing of their clients (None).
    """
    if exchange is None:
        return await work
    if exchange.gone:
        work.close()
        raise ClientDisconnect
    loop, asking = asyncio.get_running_loop(), asyncio.current_task()
    assert asking is not None
    leaving: list[asyncio.Handle] = []
    # A turn later: tasks that the work has begun just now must take their first step, or what they wait for is lost.
    exchange.when_gone(lambda: leaving.append(loop.call_soon(asking.cancel)))
    try:
        return await work
    except asyncio.CancelledError:
        if not exchange.gone:
            raise
        asking.uncancel()
        raise ClientDisconnect from None
    finally:
        exchange.when_gone(None)
        for each in leaving:
            each.cancel()

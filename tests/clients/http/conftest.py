"""All of this on both loops: uvloop serves, asyncio's own is what is there without it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from gateway.clients.http.pool import Pool
from tests.clients.http.legacy_server import MOST_BYTES


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """Closed at the end, when nothing is left of it."""
    opened, before = Pool(most_bytes=MOST_BYTES), asyncio.all_tasks()
    yield opened
    await opened.close()
    assert {each for each in asyncio.all_tasks() - before if "pool" in repr(each.get_coro())} == set()

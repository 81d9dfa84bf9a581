"""All of this on both loops: uvloop serves, asyncio's own is what is there without it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tests.http.serving import Serving, serving


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def server() -> AsyncIterator[Serving]:
    """A server with a small application."""
    async with serving() as running:
        yield running

"""A sick node and a sick legacy system are told apart."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

from tests.sight.figures import scrape
from tests.support import Gateway


async def get(gateway: Gateway, path: str) -> tuple[int, Any]:
    async with gateway.http.get(gateway.url + path) as response:
        return response.status, await response.json(content_type=None) if path == "/readyz" else await response.text()


def break_database(file: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE outbox")
        database.execute("DROP TABLE alembic_version")


async def test_a_sick_legacy_system_is_shown_and_makes_no_node_unready(gateway: Gateway) -> None:
    await gateway.settle()
    gateway.simulator.add_fault("ListerTravaux", "html500")
    for _ in range(3):
        await gateway.ask("{ me { works { title } } }")

    status, parts = await get(gateway, "/readyz")
    assert status == 200
    assert (parts["ready"], parts["database"]) == (True, "ready")
    assert parts["legacySystems"]["PROPERTY_MANAGEMENT"]["state"] == "DOWN"
    assert parts["legacySystems"]["PROPERTY_MANAGEMENT"]["since"] == gateway.clock().isoformat()
    assert parts["legacySystems"]["BILLING"]["state"] == "UP"


async def test_a_node_without_its_database_lives_and_counts_but_is_not_ready(gateway: Gateway) -> None:
    assert (await scrape(gateway)).sum("gateway_database_up") == 1
    await asyncio.to_thread(break_database, gateway.settings.database_url.removeprefix("sqlite:///"))

    assert (await get(gateway, "/readyz"))[0] == 503
    assert (await get(gateway, "/readyz"))[1]["database"] == "not ready"
    assert await get(gateway, "/healthz") == (200, "ok\n")
    assert (await scrape(gateway)).sum("gateway_database_up") == 0

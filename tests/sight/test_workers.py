"""All workers of one `serve` are one target for Prometheus, and log the same way."""

import asyncio
import json
import shutil
from pathlib import Path

import aiohttp

from gateway.simulator import Simulator
from tests.sight.figures import Figures, read_figures
from tests.test_commands import COMMAND, environment

ASKED = 12


async def test_any_worker_tells_what_all_have_done(simulator: Simulator, migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "gateway.sqlite")
    pipe, env = asyncio.subprocess.PIPE, environment(simulator, tmp_path)
    serve = [*COMMAND, "serve", "--port", "0", "--workers", "2"]
    process = await asyncio.create_subprocess_exec(*serve, env=env, cwd=tmp_path, stdout=pipe, stderr=pipe)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        assert " with 2 workers" in line
        address = line.split()[3]
        for _ in range(ASKED):
            await ask(address)
        told = [await scrape(address) for _ in range(6)]
    finally:
        process.terminate()
        _, log = await process.communicate()

    assert [each.sum("gateway_requests_total", operation="Nothing") for each in told] == [ASKED] * 6
    events = [json.loads(event) for event in log.decode().splitlines()]
    assert len([event for event in events if event["event"] == "request"]) == ASKED


async def ask(address: str) -> None:
    """A query on a connection of its own, so that the kernel may give it to any worker."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{address}/graphql", json={"query": "query Nothing { __typename }"}) as response,
    ):
        assert response.status == 200


async def scrape(address: str) -> Figures:
    async with aiohttp.ClientSession() as http, http.get(f"{address}/metrics") as response:
        return read_figures(await response.text())

"""A caller may leave at any moment, and no connection stays open for an answer that nobody waits for."""

import asyncio

import pytest

from gateway.clients.http.pool import Pool
from tests.clients.http.legacy_server import Peer, answer, serving


@pytest.mark.parametrize("steps", range(16))
async def test_a_caller_leaves_after_so_many_steps(pool: Pool, steps: int) -> None:
    async def serve(peer: Peer) -> None:
        await peer.request()
        await peer.write(answer(b"own", "Connection: close"))
        await peer.until_gone()

    async with serving(serve) as server:
        asking = asyncio.create_task(pool.request("GET", f"{server.url}/", headers={}))
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (await pool.request("GET", f"{server.url}/", headers={})).body() == b"own"
        for peer in server.peers:
            await peer.gone.wait()

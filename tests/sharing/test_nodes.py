"""Processes know of each other: how many live, and what they have spent together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.sharing.nodes import Nodes
from gateway.store import Store
from tests.support import HeldClock

Join = Callable[[], Nodes]


@pytest.fixture
async def join(database_url: str, clock: HeldClock) -> AsyncIterator[Join]:
    """One more process; it has not beaten yet."""
    async with AsyncExitStack() as stack:

        def join_one() -> Nodes:
            store = Store(database_url)
            stack.push_async_callback(store.close)
            return Nodes(store, clock)

        yield join_one


async def test_whoever_comes_and_goes_is_known_at_the_next_beat(join: Join) -> None:
    first, second = join(), join()
    await first.beat()
    assert first.alive == 1
    await second.beat()
    assert (first.alive, second.alive) == (1, 2)
    await first.beat()
    assert first.alive == 2
    await second.leave()
    await first.beat()
    assert first.alive == 1


async def test_whoever_is_killed_is_forgotten_after_fifteen_seconds(join: Join, clock: HeldClock) -> None:
    first, killed, third = join(), join(), join()
    for node in (first, killed, third):
        await node.beat()
    for _ in range(4):
        for node in (first, third):
            await node.beat()
            assert node.alive == 3
        clock.advance(seconds=3)
    clock.advance(seconds=3)
    for node in (first, third):
        await node.beat()
        await node.beat()
        assert node.alive == 2


async def test_whoever_was_only_slow_is_counted_again(join: Join, clock: HeldClock) -> None:
    first, slow = join(), join()
    await slow.beat()
    await first.beat()
    clock.advance(seconds=16)
    await first.beat()
    assert first.alive == 1
    await slow.beat()
    await first.beat()
    assert (first.alive, slow.alive) == (2, 2)


async def test_what_others_have_spent_today_is_known_at_the_next_beat(join: Join) -> None:
    first, second = join(), join()
    spent = {first: 7, second: 30}
    for node in (first, second):
        node.publish("billing", lambda node=node: spent[node])  # type: ignore[misc]
    for node in (first, second, first):
        await node.beat()
    assert (first.spent_elsewhere("billing"), second.spent_elsewhere("billing")) == (30, 7)
    spent[second] = 31
    for node in (second, first):
        await node.beat()
    assert (first.spent_elsewhere("billing"), second.spent_elsewhere("billing")) == (31, 7)


async def test_what_a_process_spent_before_it_died_counts_for_its_successor(join: Join) -> None:
    dead, successor = join(), join()
    dead.publish("billing", lambda: 123)
    await dead.beat()
    successor.publish("billing", lambda: 0)
    await successor.beat()
    assert successor.spent_elsewhere("billing") == 123


async def test_a_new_day_begins_at_midnight_in_paris(join: Join, clock: HeldClock) -> None:
    first, second = join(), join()
    first.publish("billing", lambda: 0)
    second.publish("billing", lambda: 50)
    clock.now = datetime(2026, 11, 3, 22, 59, tzinfo=UTC)  # 23:59 in Paris
    for node in (second, first):
        await node.beat()
    assert first.spent_elsewhere("billing") == 50
    clock.advance(minutes=1)
    assert first.spent_elsewhere("billing") == 0
    await first.beat()
    assert first.spent_elsewhere("billing") == 0


async def test_a_process_starts_though_the_database_is_away(tmp_path: Path, clock: HeldClock) -> None:
    store = Store(f"postgresql://nobody@/none?host={tmp_path}")
    nodes = Nodes(store, clock)
    nodes.publish("billing", lambda: 3)
    async with nodes.beating():
        assert (nodes.alive, nodes.spent_elsewhere("billing")) == (1, 0)
    await store.close()

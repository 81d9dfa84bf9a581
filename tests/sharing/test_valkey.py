"""What nodes may lose: shared while Valkey is there, and never missed when it is away, slow, or new."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from gateway.accounts.budgets import AddressBudgets
from gateway.sealing import Secrets
from gateway.sharing import valkey as valkey_module
from gateway.sharing.valkey import FAILURES_TO_REST, MAX_VALUE_BYTES, REST_SECONDS, Valkey

from .valkey_server import Road, ValkeyServer

KEYS = ["first-secret-key-of-the-tests-0123456789"]
Connect = Callable[..., Valkey]


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Answers may take long on a busy machine; a test that waits for none says how long."""

    def wait(seconds: float) -> None:
        monkeypatch.setattr(valkey_module, "ANSWER_SECONDS", seconds)

    wait(20)
    return wait


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def connect(watch: Watch) -> AsyncIterator[Connect]:
    """Another node's Valkey."""
    async with AsyncExitStack() as stack:

        def connect_one(port: int, *, keys: list[str] | None = None) -> Valkey:
            valkey = Valkey(f"valkey://127.0.0.1:{port}/0", Secrets(keys or KEYS), monotonic=watch)
            stack.push_async_callback(valkey.close)
            return valkey

        yield connect_one


async def test_what_one_node_keeps_another_finds(valkey_server: ValkeyServer, connect: Connect) -> None:
    one, other = connect(valkey_server.port), connect(valkey_server.port)
    await one.set_many({"a": b"1", "b": b"2" * 50_000, "empty": b""}, 60)
    assert await other.get_many(["b", "none", "a", "empty"]) == [b"2" * 50_000, None, b"1", b""]
    await other.delete_many(["a", "none"])
    assert await one.get_many(["a", "b"]) == [None, b"2" * 50_000]
    assert await one.get_many([]) == []


async def test_everything_expires(valkey_server: ValkeyServer, connect: Connect) -> None:
    valkey = connect(valkey_server.port)
    await valkey.set_many({"a": b"1"}, 60)
    left = int(valkey_server.send(f"PTTL {valkey.name('a')}").removeprefix(b":"))
    assert 0 < left <= 60_000
    await valkey.set_many({"b": b"1"}, 0)
    assert await valkey.get_many(["b"]) == [None]


async def test_the_server_cannot_read_what_it_keeps(valkey_server: ValkeyServer, connect: Connect) -> None:
    valkey = connect(valkey_server.port)
    await valkey.set_many({"balance:L0048217": b"planted value"}, 60)
    name = valkey.name("balance:L0048217")
    raw = valkey_server.send("KEYS *") + valkey_server.send(f"GET {name}")
    assert name.encode() in raw
    assert b"L0048217" not in raw and b"planted" not in raw
    assert await connect(valkey_server.port, keys=["another key of the tests, also long"]).get_many(
        ["balance:L0048217"]
    ) == [None]


async def test_a_value_cannot_be_passed_off_as_anothers(valkey_server: ValkeyServer, connect: Connect) -> None:
    valkey = connect(valkey_server.port)
    await valkey.set_many({"mine": b"mine", "yours": b"yours"}, 60)
    valkey_server.send(f"COPY {valkey.name('yours')} {valkey.name('mine')} REPLACE")
    assert await valkey.get_many(["mine", "yours"]) == [None, b"yours"]


async def test_what_is_too_large_is_not_kept_nor_its_predecessor(valkey_server: ValkeyServer, connect: Connect) -> None:
    valkey = connect(valkey_server.port)
    await valkey.set_many({"a": b"old"}, 60)
    await valkey.set_many({"a": b"x" * (MAX_VALUE_BYTES + 1), "b": b"x" * MAX_VALUE_BYTES}, 60)
    assert await valkey.get_many(["a", "b"]) == [None, b"x" * MAX_VALUE_BYTES]


async def test_a_server_that_is_away_is_left_alone(
    connect: Connect, road: Road, watch: Watch, patient: Callable[[float], None]
) -> None:
    valkey = connect(road.port)
    await valkey.set_many({"a": b"1"}, 60)
    road.close()
    patient(0.05)
    for _ in range(10):
        assert await valkey.get_many(["a"]) == [None]
        await valkey.set_many({"a": b"2"}, 60)
    assert road.connections == FAILURES_TO_REST  # a new one after each that did not answer, then none
    watch.time += REST_SECONDS
    await asyncio.gather(*(valkey.get_many(["a"]) for _ in range(20)))
    assert road.connections == FAILURES_TO_REST + 1  # one finds out for all
    road.open()
    patient(20)
    watch.time += REST_SECONDS
    await valkey.set_many({"b": b"3"}, 60)
    assert await valkey.get_many(["b"]) == [b"3"]


async def test_a_server_that_was_killed_and_comes_back_empty(
    valkey_server: ValkeyServer, connect: Connect, watch: Watch
) -> None:
    valkey = connect(valkey_server.port)
    await valkey.set_many({"a": b"1"}, 60)
    valkey_server.kill()
    for _ in range(5):
        assert await valkey.get_many(["a"]) == [None]
    valkey_server.start()
    watch.time += REST_SECONDS
    assert await valkey.get_many(["a"]) == [None]
    await valkey.set_many({"a": b"2"}, 60)
    assert await valkey.get_many(["a"]) == [b"2"]


async def test_what_was_ended_while_the_server_was_away_does_not_come_back(
    connect: Connect, road: Road, valkey_server: ValkeyServer, patient: Callable[[float], None]
) -> None:
    valkey, other = connect(road.port), connect(valkey_server.port)
    await valkey.set_many({"a": b"before", "b": b"before"}, 60)
    road.close()
    patient(0.05)
    await valkey.delete_many(["a", "b"])
    patient(20)
    road.cut()
    road.open()
    assert await valkey.get_many(["a"]) == [None]
    assert await other.get_many(["a", "b"]) == [None, None]
    await valkey.set_many({"a": b"after"}, 60)
    assert await other.get_many(["a", "b"]) == [b"after", None]


async def test_callers_that_give_up_do_not_mix_up_answers(connect: Connect, valkey_server: ValkeyServer) -> None:
    valkey, dice = connect(valkey_server.port), random.Random(7)
    values = {f"key-{number}": f"value-{number}".encode() * 50 for number in range(50)}
    await valkey.set_many(values, 60)
    right = 0
    for _ in range(60):
        asked = [dice.sample(sorted(values), 3) for _ in range(16)]
        tasks = [asyncio.create_task(valkey.get_many(keys)) for keys in asked]
        for _ in range(dice.randrange(12)):
            await asyncio.sleep(0)
        for task in dice.sample(tasks, 5):
            task.cancel()
        for keys, found in zip(asked, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
            if isinstance(found, list):
                assert all(value in {None, values[key]} for key, value in zip(keys, found, strict=True))
                right += all(found)
    assert right > 300


async def test_an_address_has_one_budget_on_all_nodes(
    valkey_server: ValkeyServer, connect: Connect, watch: Watch
) -> None:
    nodes = [AddressBudgets(calls=3, window_ms=60_000, valkey=connect(valkey_server.port)) for _ in range(3)]
    now = 1_793_700_000_000
    assert [await node.spend("192.0.2.1", now) for node in nodes] == [None, None, None]
    assert [await node.spend("192.0.2.1", now) for node in nodes] == [20, 20, 20]
    assert await nodes[0].spend("192.0.2.2", now) is None
    assert await nodes[1].spend("192.0.2.1", now + 19_999) == 1
    assert await nodes[1].spend("192.0.2.1", now + 20_000) is None
    assert await nodes[2].spend("192.0.2.1", now + 20_000) == 20
    assert b"192.0.2" not in valkey_server.send("KEYS *")
    valkey_server.kill()
    later = now + 100_000
    granted = [await node.spend("192.0.2.1", later) for node in nodes for _ in range(4)]
    assert granted == [None, None, None, 20] * 3  # each for itself
    valkey_server.start()
    watch.time += REST_SECONDS
    assert [await node.spend("192.0.2.1", later) for node in nodes] == [20, 20, 20]

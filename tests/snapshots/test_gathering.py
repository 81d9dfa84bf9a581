"""When a batch leaves, in the time of a loop that hurries: by what is under way, and by the room that there is."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import pytest

from gateway.errors import UpstreamError, UpstreamTimeout
from gateway.models.freshness import SourceSystem
from gateway.snapshots.flights import Flights, Outcome
from tests.clients.test_probing import HurryingLoop

Asked = Mapping[str, float]
"""Keys, and when each is asked for, in milliseconds."""


def late() -> UpstreamError:
    return UpstreamTimeout(SourceSystem.PROPERTY_MANAGEMENT, "ConsulterContrats", "late")


def leaving(asked: Asked, has_room: Callable[[], bool] | None, takes: float, limit: int = 50) -> dict[str, list[int]]:
    """The batches of one key each or more, and when each left; a call takes so many milliseconds."""
    left: dict[str, list[int]] = {}

    async def send(keys: Mapping[str, datetime | None], _: datetime) -> Mapping[str, Outcome[str]]:
        left.setdefault("".join(keys), []).append(round(loop.passed * 1000))
        await asyncio.sleep(takes / 1000)
        return dict.fromkeys(keys, "found")

    async def story() -> None:
        flights: Flights[str, str] = Flights(loop.clock, send, lambda _: None, limit, late, has_room)
        for key, at in asked.items():
            await asyncio.sleep(at / 1000 - loop.time())
            flights.join(key)
        await flights.settled()

    loop = HurryingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(story())
    return left


TEN: Asked = {key: 4 * place for place, key in enumerate("abcdefghij")}


def test_while_there_is_room_keys_gather_for_ten_milliseconds() -> None:
    assert leaving(TEN, lambda: True, takes=1000) == {"a": [0], "bcd": [14], "efg": [26], "hij": [528]}


def test_no_more_than_three_batches_are_under_way_for_that() -> None:
    assert leaving(TEN, lambda: True, takes=35) == {"a": [0], "bcd": [14], "efg": [26], "hi": [35], "j": [49]}


@pytest.mark.parametrize("has_room", [None, lambda: False])
def test_without_room_keys_gather_until_the_call_is_back(has_room: Callable[[], bool] | None) -> None:
    assert leaving(TEN, has_room, takes=30) == {"a": [0], "bcdefgh": [30], "ij": [60]}


@pytest.mark.parametrize("has_room", [None, lambda: False])
def test_without_room_nobody_gathers_for_longer_than_half_a_second(has_room: Callable[[], bool] | None) -> None:
    assert leaving(TEN, has_room, takes=2000) == {"a": [0], "bcdefghij": [504]}


@pytest.mark.parametrize("has_room", [None, lambda: False])
def test_a_full_batch_leaves_whatever_the_room(has_room: Callable[[], bool] | None) -> None:
    assert leaving(TEN, has_room, takes=2000, limit=4) == {"a": [0], "bcde": [16], "fghi": [32], "j": [536]}


def test_room_that_comes_late_is_looked_for_now_and_then() -> None:
    looks: list[None] = []

    def has_room() -> bool:
        looks.append(None)
        return len(looks) == 4

    assert leaving({"a": 0, "b": 5}, has_room, takes=2000) == {"a": [0], "b": [5 + 10 + 10 + 20 + 40]}

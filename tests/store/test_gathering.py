"""One statement for many askers: who travels with whom, and who hears of what."""

import asyncio
import gc
from collections.abc import Collection
from contextvars import ContextVar

import pytest

from gateway.store.gathering import AT_ONCE, Gathering


class Database:
    """Finds every key but "unknown", one statement at a time, each held until it is let go."""

    def __init__(self) -> None:
        self.version = 0
        self.statements: list[set[str]] = []
        self.failing = False
        self._held: list[asyncio.Event] = []

    async def find(self, keys: Collection[str]) -> dict[str, str]:
        self.statements.append(set(keys))
        seen = self.version  # what is committed when the statement begins
        self._held.append(held := asyncio.Event())
        await held.wait()
        if self.failing:
            raise OSError("away")
        return {key: f"{key} of version {seen}" for key in keys if key != "unknown"}

    async def begun(self, statements: int) -> None:
        while len(self.statements) < statements:  # noqa: ASYNC110
            await asyncio.sleep(0)

    def let_go(self) -> None:
        self._held.pop(0).set()


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def gathering(database: Database) -> Gathering[str, str]:
    return Gathering(database.find)


async def test_who_asks_in_the_same_turn_goes_together(database: Database, gathering: Gathering[str, str]) -> None:
    asked = [gathering.ask(key) for key in ("a", "b", "unknown", "a")]
    await database.begun(1)
    database.let_go()
    assert await asyncio.gather(*asked) == ["a of version 0", "b of version 0", None, "a of version 0"]
    assert database.statements == [{"a", "b", "unknown"}]


async def test_who_asks_while_one_is_under_way_gets_what_is_committed_by_then(
    database: Database, gathering: Gathering[str, str]
) -> None:
    first = gathering.ask("a")
    await database.begun(1)
    database.version = 1
    later = [gathering.ask(key) for key in ("b", "a", "c")]  # the same key, too, must be asked for again
    database.let_go()
    assert await first == "a of version 0"
    await database.begun(2)
    database.let_go()
    assert await asyncio.gather(*later) == ["b of version 1", "a of version 1", "c of version 1"]
    assert database.statements == [{"a"}, {"a", "b", "c"}]


async def test_it_starts_again_after_a_rest(database: Database, gathering: Gathering[str, str]) -> None:
    for number in range(3):
        asked = gathering.ask("a")
        await database.begun(number + 1)
        database.let_go()
        assert await asked == "a of version 0"
        await asyncio.sleep(0)


async def test_who_goes_away_takes_nobodys_answer_along(database: Database, gathering: Gathering[str, str]) -> None:
    async def ask(key: str) -> str | None:
        return await gathering.ask(key)

    leaving, staying = asyncio.ensure_future(ask("a")), asyncio.ensure_future(ask("a"))
    await database.begun(1)
    early, late = asyncio.ensure_future(ask("b")), asyncio.ensure_future(ask("c"))
    await asyncio.sleep(0)
    leaving.cancel()  # under way
    early.cancel()  # still waiting: need not be asked for
    await asyncio.sleep(0)
    database.let_go()
    assert await staying == "a of version 0"
    await database.begun(2)
    database.let_go()
    assert await late == "c of version 0"
    assert database.statements == [{"a"}, {"c"}]


async def test_all_who_travel_hear_of_a_failure_and_nobody_else(
    database: Database, gathering: Gathering[str, str]
) -> None:
    asked = [gathering.ask("a"), gathering.ask("b")]
    await database.begun(1)
    later = gathering.ask("a")
    database.failing = True
    database.let_go()
    assert [type(each) for each in await asyncio.gather(*asked, return_exceptions=True)] == [OSError, OSError]
    await database.begun(2)
    database.failing = False
    database.let_go()
    assert await later == "a of version 0"


async def test_a_failure_that_nobody_waits_for_is_no_reason_for_a_warning(
    database: Database, gathering: Gathering[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    gathering.ask("a")
    await database.begun(1)
    database.failing = True
    database.let_go()
    await gathering.close()
    gc.collect()
    assert caplog.text == ""


async def test_a_statement_for_many_runs_in_nobodys_context() -> None:
    request: ContextVar[str] = ContextVar("request", default="none")

    async def find(keys: Collection[str]) -> dict[str, str]:
        return dict.fromkeys(keys, request.get())

    request.set("of the first asker")
    assert await Gathering(find).ask("a") == "none"


async def test_a_statement_holds_only_so_many_keys(database: Database, gathering: Gathering[str, str]) -> None:
    asked = [gathering.ask(str(number)) for number in range(AT_ONCE + 1)]
    for number in (1, 2):
        await database.begun(number)
        database.let_go()
    assert await asyncio.gather(*asked) == [f"{number} of version 0" for number in range(AT_ONCE + 1)]
    assert [len(each) for each in database.statements] == [AT_ONCE, 1]


async def test_what_waits_for_a_pause_goes_at_once_when_all_is_closed(database: Database) -> None:
    gathering = Gathering(database.find, pause_seconds=3600)
    asked = gathering.ask("a")
    await asyncio.sleep(0)
    assert database.statements == []
    closing = asyncio.ensure_future(gathering.close())
    await database.begun(1)
    assert not closing.done()
    database.let_go()
    await closing
    assert asked.result() == "a of version 0"


async def test_nobody_waits_for_ever_where_all_is_cancelled(database: Database, gathering: Gathering[str, str]) -> None:
    """As a loop does that ends."""
    asked = [gathering.ask("a")]
    await database.begun(1)
    asked.append(gathering.ask("b"))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await asyncio.wait(asked)
    assert all(each.cancelled() for each in asked)

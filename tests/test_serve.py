"""`serve` with several workers as operators and front ends meet it: killed, replaced, stopped; nothing is lost."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.accounts import create_account_without_mail, migrate_database
from gateway.clock import system_clock
from gateway.commands import listening
from gateway.commands.workers import Workers
from gateway.settings import given_settings
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator, SimulatorOptions, run_simulator
from tests.support import PASSWORD, free_port
from tests.test_commands import COMMAND, environment, run

QUERY = "{ me { lease { reference } balance { due { cents } } } }"
SIGN_IN = """mutation($label: String!, $password: String!) {
  logIn(input: {accountLabel: $label, password: $password, client: APP}) {
    ... on SignedIn { tokens { accessToken } }
  }
}"""


def is_right(outcome: Any) -> bool:
    """Whether that is the answer to QUERY, complete."""
    if not isinstance(outcome, dict) or "errors" in outcome:
        return False
    tenant = outcome["data"]["me"]
    return tenant["lease"]["reference"] == EXAMPLE_LEASE and isinstance(tenant["balance"]["due"]["cents"], int)


@dataclass
class Serving:
    """A running `serve`."""

    process: Any
    url: str
    simulator: Simulator
    token: str = ""
    printed: list[str] = field(default_factory=list)

    @property
    def workers(self) -> set[int]:
        """The processes that serve now."""
        return {
            int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        }

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for something that must come."""
        async with asyncio.timeout(120):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def until_logged(self, text: str) -> None:
        """Waits for a line of the log."""
        await self.until(lambda: any(text in line for line in self.printed))

    async def post(self, http: aiohttp.ClientSession, query: str = QUERY, **variables: Any) -> Any:
        """The answer to one request."""
        headers = {"GraphQL-Preflight": "1"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        body = {"query": query, "variables": variables}
        async with http.post(f"{self.url}/graphql", json=body, headers=headers) as response:
            return await response.json(content_type=None)

    async def sign_in(self) -> None:
        async with aiohttp.ClientSession() as http:
            answer = await self.post(http, SIGN_IN, label=EXAMPLE_LABEL, password=PASSWORD)
        self.token = answer["data"]["logIn"]["tokens"]["accessToken"]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with run_simulator(SimulatorOptions()) as running:
        yield running


@pytest.fixture
async def variables(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """An environment whose database is migrated and knows one account."""
    found = environment(simulator, tmp_path, GATEWAY_PROPERTY_CLOSURE="", GATEWAY_BILLING_CLOSURE="")
    names = {name.removeprefix("GATEWAY_").lower(): value for name, value in found.items() if "GATEWAY_" in name}
    settings = given_settings(**names)
    await asyncio.to_thread(migrate_database, settings.database_url)
    await create_account_without_mail(settings, system_clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
    return found


@asynccontextmanager
async def serving(simulator: Simulator, env: dict[str, str], cwd: Path, *, workers: int) -> AsyncIterator[Serving]:
    """`serve` with so many workers, killed at the end with all that is left of it."""
    command = [*COMMAND, "serve", "--port", "0", "--workers", str(workers)]
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(*command, env=env, cwd=cwd, **pipes)  # type: ignore[arg-type]
    assert process.stdout is not None and process.stderr is not None
    running = Serving(process, "", simulator)

    async def follow(stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            running.printed.append(line.decode())

    following = [asyncio.create_task(follow(stream)) for stream in (process.stdout, process.stderr)]
    try:
        await running.until(lambda: process.returncode is not None or "serves on" in "".join(running.printed))
        running.url = re.findall(r"http://[\d.:]+", "".join(running.printed))[0]
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await asyncio.gather(*following)  # workers that are left have the other ends
        assert "Traceback" not in "".join(running.printed), "".join(running.printed)


@asynccontextmanager
async def load(serving: Serving, clients: int = 8) -> AsyncIterator[list[Any]]:
    """Meanwhile front ends ask without a pause; what came back: answers, or the errors that they met."""
    outcomes: list[Any] = []
    stopping = asyncio.Event()

    async def ask(keep_alive: bool) -> None:
        connector = aiohttp.TCPConnector(force_close=not keep_alive)
        async with aiohttp.ClientSession(connector=connector) as http:
            http._retry_connection = False
            while not stopping.is_set():
                try:
                    outcomes.append(await serving.post(http))
                except (aiohttp.ClientError, OSError) as error:
                    outcomes.append(error)

    asking = [asyncio.create_task(ask(keep_alive=number % 2 == 0)) for number in range(clients)]
    try:
        yield outcomes
    finally:
        stopping.set()
        await asyncio.gather(*asking)


def lives(pid: int) -> bool:
    """Whether a process is there."""
    return Path(f"/proc/{pid}").exists()


def opened(simulator: Simulator) -> tuple[int, int]:
    """How many sessions and tokens were asked for; no rule of the legacy systems may have been broken."""
    assert simulator.violations == {}
    return simulator.counters["OuvrirSession"].calls, simulator.counters["creerJeton"].calls


async def test_four_workers_share_one_session_and_one_token_and_so_do_their_successors(
    simulator: Simulator, variables: dict[str, str], tmp_path: Path
) -> None:
    async with serving(simulator, variables, tmp_path, workers=4) as running:
        await running.sign_in()
        first = running.workers
        assert len(first) == 4
        async with load(running) as outcomes:
            await running.until(lambda: sum(map(is_right, outcomes)) > 100)
            for victims in (sorted(first)[:2], sorted(first)[2:]):
                for pid in victims:
                    os.kill(pid, signal.SIGKILL)
                await running.until(lambda victims=victims: len(running.workers - set(victims)) == 4)  # type: ignore[misc]
            so_far = len(outcomes)
            await running.until(lambda: sum(map(is_right, outcomes[so_far:])) > 100)
        assert not running.workers & first
        assert all(is_right(outcome) or isinstance(outcome, Exception) for outcome in outcomes)
        # Only what a killed process had in its hands: at most one request of each of the 8 clients.
        assert sum(isinstance(outcome, Exception) for outcome in outcomes) <= 4 * 8
        assert opened(simulator) == (1, 1)
        orphans = running.workers
        running.process.kill()
        await running.until(lambda: not any(map(lives, orphans)))
    async with serving(simulator, variables, tmp_path, workers=2) as again:
        again.token = running.token
        async with aiohttp.ClientSession() as http:
            assert is_right(await again.post(http))
        assert opened(simulator) == (1, 1)


async def test_workers_are_replaced_one_by_one_without_a_failed_request(
    simulator: Simulator, variables: dict[str, str], tmp_path: Path
) -> None:
    settings = tmp_path / ".env"
    own = {name: value for name, value in variables.items() if name.startswith("GATEWAY_")}
    settings.write_text("".join(f"{name}={value}\n" for name, value in own.items()))
    others = {name: value for name, value in variables.items() if name not in own}
    async with serving(simulator, others, tmp_path, workers=2) as running:
        await running.sign_in()
        first = running.workers
        async with load(running) as outcomes:
            running.process.send_signal(signal.SIGHUP)
            await running.until_logged("all workers have been replaced")
            assert len(second := running.workers) == 2
            assert not second & first
            settings.write_text("GATEWAY_PUBLIC_URL=nonsense\n")
            running.process.send_signal(signal.SIGHUP)
            await running.until_logged("those that serve stay")
            so_far = len(outcomes)
            await running.until(lambda: len(outcomes) > so_far + 50)
        assert running.workers == second
        assert len(outcomes) > 100
        assert all(map(is_right, outcomes)), [each for each in outcomes if not is_right(each)][:5]
        running.process.send_signal(signal.SIGTERM)
        assert await running.process.wait() == 0


@pytest.mark.parametrize("workers", [1, 2])
async def test_what_is_under_way_is_finished_when_the_gateway_is_stopped(
    simulator: Simulator, variables: dict[str, str], tmp_path: Path, workers: int
) -> None:
    async with serving(simulator, variables, tmp_path, workers=workers) as running:
        await running.sign_in()
        simulator.hold()
        async with aiohttp.ClientSession() as http:
            asked = asyncio.create_task(running.post(http))
            await simulator.wait_for_waiting(1)
            running.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(60):
                while await is_open(running.url):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            simulator.open()
            assert is_right(await asked)
        assert await running.process.wait() == 0


async def test_connections_that_are_idle_when_it_leaves_can_be_used_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "LINGER_SECONDS", 60)
    sock = listening.listen("127.0.0.1", 0)
    url = listening.address_of("127.0.0.1", sock)
    started = asyncio.Event()
    server = listening.Server(
        Starlette(routes=[Route("/readyz", well), Route("/", well)]), started.set, grace_seconds=60
    )
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await started.wait()
    async with aiohttp.ClientSession() as browser, aiohttp.ClientSession() as balancer:
        for http in (browser, balancer):
            async with http.get(f"{url}/readyz") as response:
                assert response.status == 200 and "Connection" not in response.headers
        server.leave()
        while await is_open(url):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        async with balancer.get(f"{url}/readyz") as response:
            assert (response.status, response.headers["Connection"]) == (503, "close")
        async with browser.get(f"{url}/") as response:
            assert (response.status, response.headers["Connection"]) == (200, "close")
    await serving  # nobody is left, so it does not linger


async def well(_: Request) -> Response:
    return PlainTextResponse("well")


async def is_open(url: str) -> bool:
    """Whether anybody accepts connections there."""
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


async def test_ctrl_c_ends_all_at_once(simulator: Simulator, variables: dict[str, str], tmp_path: Path) -> None:
    async with serving(simulator, variables, tmp_path, workers=2) as running:
        workers = running.workers
        running.process.send_signal(signal.SIGINT)
        assert await running.process.wait() == 0
        assert not any(map(lives, workers))


async def test_it_starts_and_is_ready_though_no_legacy_system_answers(
    simulator: Simulator, variables: dict[str, str], tmp_path: Path
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    env = variables | {"GATEWAY_PROPERTY_URL": nowhere, "GATEWAY_BILLING_URL": nowhere}
    async with (
        serving(simulator, env, tmp_path, workers=2) as running,
        aiohttp.ClientSession() as http,
        http.get(f"{running.url}/readyz") as response,
    ):
        assert response.status == 200


async def test_a_port_in_use_is_one_line_for_several_workers_too(variables: dict[str, str], tmp_path: Path) -> None:
    taken = listening.listen("127.0.0.1", 0)
    port = str(taken.getsockname()[1])
    code, _, err = await run("serve", "--port", port, "--workers", "2", env=variables, cwd=tmp_path)
    assert (code, len(err.splitlines()), "cannot listen" in err) == (2, 1, True), err
    taken.close()


async def test_workers_that_cannot_start_are_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in list(os.environ):
        if name.startswith("GATEWAY_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    sock = listening.listen("127.0.0.1", 0)
    announced: list[bool] = []
    assert await Workers([sock], lambda: announced.append(True), grace_seconds=5).serve() == 1
    sock.close()
    assert (announced, "before it took requests" in caplog.text) == ([], True)

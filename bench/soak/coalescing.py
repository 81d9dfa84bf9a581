"""200 tenants at 64 connections under random faults: every answer is compared with the truth, and nothing is left over.

`python -m bench.soak.coalescing [--seconds 300] [--keep]`; exits 1 where something that must hold did not. It must not
span 04:30 in Paris, when billing computes new balances. The gateway is one process as `serve` runs it, but for the
calls that billing allows, and that no value is ever fresh: each is fetched, together with what others wait for.
"""

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, mean
from typing import Any, Final

import aiohttp
import uvloop

from bench.peers.servers import Addresses, settings_for
from bench.soak import processes
from bench.soak.crowd import CONNECTIONS, FAULTS, FAULTY_AT_ONCE, TENANTS, Crowd, Fault, renew_tokens, sign_in
from bench.soak.figures import report
from bench.soak.people import last_balance_run
from gateway import upstreams
from gateway.accounts import migrate_database
from gateway.clock import system_clock
from gateway.commands.listening import listen
from gateway.commands.serve import build_server
from gateway.logs import configure_logs
from gateway.settings import Settings, given_settings, load_settings
from gateway.simulator import Landlord
from gateway.snapshots import Shelf

SEED = 7
GROWTH_AT_MOST = 0.03
"""By so much of itself may resident memory grow over the last half, by linear regression."""
QUIET_WITHIN_SECONDS = 90.0
"""Connections to the legacy systems are kept for up to a minute; nothing else takes longer to end."""

_TALLY: Final = "in hand: "


async def main(seconds: float, keep: bool) -> int:
    balanced = last_balance_run()
    async with AsyncExitStack() as stack:
        soak = await _start(stack)
        start = await soak.tally()
        await renew_tokens(soak.settings, system_clock, soak.crowd.known)
        print(f"learning what is true of {TENANTS} tenants in calm …", flush=True)
        await soak.crowd.learn(lambda: asyncio.sleep(1))
        before = await soak.quiet({"sockets": start["sockets"]})
        calls = await soak.knobs.legacy_calls()
        resident = await soak.storm(seconds)
        made = await soak.knobs.legacy_calls() - calls
        print("calm again …", flush=True)
        await renew_tokens(soak.settings, system_clock, soak.crowd.known)
        await soak.crowd.learn(lambda: asyncio.sleep(1))
        after = await soak.quiet(before)
        log = soak.gateway.log.read_text(errors="replace")
    assert last_balance_run() == balanced, "billing computed new balances meanwhile: run it at another time"
    counts, wrong = soak.crowd.counts, soak.crowd.wrong
    print("\n".join(wrong[:20]))
    growth, left = _growth(resident), {name: after[name] - before[name] for name in ("tasks", "futures", "sockets")}
    holds = {
        "no answer that is not the tenant's own": not wrong,
        "no task, future or socket left over": not any(number > 0 for number in left.values()),
        f"memory grows under {GROWTH_AT_MOST:.0%} in the last half": growth < GROWTH_AT_MOST,
        "no error of the gateway's own in its log": not any(
            word in log for word in ('"exception":', "Traceback", "never retrieved")
        ),
    }
    figures = {
        "questions": f"{counts['asked']} of {TENANTS} tenants at {CONNECTIONS} connections in {seconds:g} s, "
        f"{counts['hung up']} of them given up",
        "answers": f"{counts['whole']} whole, {counts['with errors']} with coded errors, {len(wrong)} wrong",
        "calls to the legacy systems": f"{made} ({made / counts['asked']:.2f} a question; {FAULTY_AT_ONCE} of "
        f"{len(FAULTS)} operations faulty at any time, {len(soak.crowd.kinds)} kinds of fault)",
        **{name: f"{before[name]} before, {after[name]} after" for name in left},
        "resident memory": f"{mean(resident[len(resident) // 2 :]):.0f} MB, {growth:+.2%} in the last half",
        **{name: "holds" if held else "DOES NOT HOLD" for name, held in holds.items()},
    }
    report("coalescing", f"{TENANTS} tenants at {CONNECTIONS} connections under random faults", figures, keep=keep)
    return 0 if all(holds.values()) else 1


@dataclass
class _Soak:
    settings: Settings
    gateway: processes.Program
    knobs: "_Knobs"
    crowd: Crowd

    async def storm(self, seconds: float) -> list[float]:
        """The crowd asks for so long; the gateway's resident megabytes meanwhile, twice a second."""
        pid, resident = (await self.tally())["pid"], list[float]()
        began = time.monotonic()
        storm = asyncio.create_task(self.crowd.storm(lambda: time.monotonic() < began + seconds))
        renewed = began
        while not (await asyncio.wait([storm], timeout=0.5))[0]:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])  # noqa: ASYNC240 -- no disk behind it
            resident.append(pages * os.sysconf("SC_PAGE_SIZE") / 1024**2)
            if time.monotonic() > renewed + 200:
                renewed = time.monotonic()
                await renew_tokens(self.settings, system_clock, self.crowd.known)
        await storm
        return resident

    async def quiet(self, before: Mapping[str, int]) -> dict[str, int]:
        """What is in hand once that is no more than before, or after a while."""
        until = time.monotonic() + QUIET_WITHIN_SECONDS
        now = await self.tally()
        while any(now[name] > number for name, number in before.items()) and time.monotonic() < until:
            await asyncio.sleep(1)
            now = await self.tally()
        return now

    async def tally(self) -> dict[str, int]:
        """What the gateway says that it has in hand."""
        known = self._tallies()
        self.gateway.tell(signal.SIGUSR1)
        while len(now := self._tallies()) == len(known):  # noqa: ASYNC110 -- another process writes it
            await asyncio.sleep(0.05)
        found: dict[str, int] = json.loads(now[-1])
        return found

    def _tallies(self) -> list[str]:
        lines = self.gateway.log.read_text(errors="replace").splitlines()
        return [line.removeprefix(_TALLY) for line in lines if line.startswith(_TALLY) and line.endswith("}")]


@dataclass
class _Knobs:
    """The simulator's."""

    url: str
    http: aiohttp.ClientSession

    async def set_faults(self, faults: Sequence[Fault]) -> None:
        async with self.http.delete(f"{self.url}/faults") as response:
            response.raise_for_status()
        for fault in faults:
            await self.turn("faults", **fault)

    async def turn(self, knob: str, **values: Any) -> None:
        async with self.http.post(f"{self.url}/{knob}", json=values) as response:
            response.raise_for_status()

    async def legacy_calls(self) -> int:
        async with self.http.get(f"{self.url}/state") as response:
            counters = (await response.json())["counters"]
        return sum(each["calls"] for name, each in counters.items() if name in FAULTS)


async def _start(stack: AsyncExitStack) -> _Soak:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-soak-")))
    simulator, ports = processes.simulator(folder, tenants=TENANTS, seed=SEED, latency="none")
    values = settings_for(Addresses(ports.property_management, ports.billing), folder)
    settings = given_settings(**values)
    await asyncio.to_thread(migrate_database, settings.database_url)
    known = await sign_in(settings, system_clock, Landlord(SEED, TENANTS).tenants[:])
    url = f"http://127.0.0.1:{(port := processes.free_port())}"
    gateway = processes.Program(
        "gateway",
        [sys.executable, "-m", "bench.soak.coalescing", "--serve", str(port)],
        folder / "gateway.log",
        lambda: processes.answers(f"{url}/readyz"),
        port,
        {f"GATEWAY_{name.upper()}": value for name, value in values.items()}
        | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    for program in (simulator, gateway):
        stack.push_async_callback(asyncio.to_thread, program.stop)
        await asyncio.to_thread(program.start)
    http = await stack.enter_async_context(aiohttp.ClientSession())
    knobs = _Knobs(f"http://127.0.0.1:{ports.admin}", http)
    await knobs.turn("limits", on=False)
    await knobs.turn("latency", profile="none", property_ms=20, billing_ms=10)
    return _Soak(settings, gateway, knobs, Crowd(url, known, knobs.set_faults))


async def _serve(port: int) -> None:
    """The gateway of a soak; at SIGUSR1 it says what it has in hand."""
    configure_logs()
    upstreams.BILLING_CALLS_A_MINUTE = upstreams.BILLING_CALLS_A_DAY = 10**9
    Shelf.peek = lambda *_, **__: None  # type: ignore[method-assign]
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: print(f"{_TALLY}{json.dumps(tally())}", flush=True))
    await build_server(load_settings(), lambda: None).serve(sockets=[listen("127.0.0.1", port)])


def tally() -> dict[str, int]:
    """What this process has in hand: tasks, futures that nothing has come of yet, sockets, its own number."""
    gc.unfreeze()  # a server hides from the collector what there is at its start
    gc.collect()
    waiting = 0
    for each in gc.get_objects():
        waiting += isinstance(each, asyncio.Future) and not isinstance(each, asyncio.Task) and not each.done()
    sockets = sum(1 for each in Path("/proc/self/fd").iterdir() if _leads_to(each).startswith("socket:"))
    return {"tasks": len(asyncio.all_tasks()), "futures": waiting, "sockets": sockets, "pid": os.getpid()}


def _leads_to(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # the one by which the folder is read
        return ""


def _growth(resident: Sequence[float]) -> float:
    """By how much of itself it grew over the last half, along a straight line."""
    half = resident[len(resident) // 2 :]
    return linear_regression(range(len(half)), half).slope * len(half) / mean(half)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="how long the crowd asks")
    parser.add_argument("--keep", action="store_true", help="writes the figures into docs/operations.md")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        uvloop.run(_serve(options.serve))
    else:
        sys.exit(asyncio.run(main(options.seconds, options.keep)))

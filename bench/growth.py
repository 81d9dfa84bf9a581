"""How cost grows: CPU with the size of an answer, legacy calls with concurrency, memory with the number of tenants.

`make bench` runs it. Each part can be run alone by its name.
"""

import argparse
import asyncio
import gc
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bench.peers.figures import Cell
from bench.peers.plot import curves
from bench.peers.report import DOCUMENT, write_between
from bench.peers.run import CONTESTANTS, bench, invent, measured, running
from bench.peers.servers import ROOT
from gateway.clock import system_clock
from gateway.errors import UpstreamError
from gateway.models.dates import civil_date
from gateway.setting_types import LAST_KNOWN_HOURS
from gateway.simulator import SimulatorOptions, run_simulator
from gateway.snapshots import Memory, Shelf, Snapshots
from gateway.snapshots.kinds import last_months, works_since
from gateway.snapshots.packing import Packing
from gateway.soon import come
from gateway.upstreams import open_billing, open_property_management
from tests.support import settings_for

CONNECTIONS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
KNOWN: Final = (1_000, 3_000, 10_000, 30_000, 100_000)
SAMPLE: Final = 500
"""Tenants whose values are read from the simulator; those of the others are the same under other keys."""
DEFAULT_MEGABYTES: Final = 256
TIGHT_MEGABYTES: Final = 64

COMPARED: Final = {"Mercurius", "tenant-gateway, nothing cached"}

Line = list[tuple[float, float]]


def main() -> None:
    parts: dict[str, Callable[[float], Iterator[tuple[str, str]]]] = {
        "answer": answer_growth,
        "concurrency": concurrency_growth,
        "memory": memory_growth,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=parts, action="append")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each concurrency is measured")
    parser.add_argument("--document", action="store_true", help="puts the tables and the plots into docs/")
    options = parser.parse_args()
    for name in options.only or parts:
        for table, drawing in parts[name](options.seconds):
            print(table, flush=True)
            if options.document:
                (DOCUMENT.parent / f"growth-{name}.svg").write_text(drawing)
                write_between(f"growth with {name}", f"{table}\n\n![Growth with {name}](growth-{name}.svg)")


def answer_growth(_: float) -> Iterator[tuple[str, str]]:
    """CPU of execution by the number of leaves, from the library's benchmark."""
    command = [sys.executable, str(ROOT / "bench" / "execution.py")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    figure = r" +([\d.]+)"
    row = re.compile(rf"^(\S.*?) +(\d+){figure * 3}$", re.MULTILINE)
    lines: dict[str, Line] = {}
    table = ["| | leaves | graphql-core, ms | compiled, ms | times less |", "| --- | --- | --- | --- | --- |"]
    for name, leaves, core, compiled, ratio in row.findall(printed):
        table.append(f"| {name} | {leaves} | {core} | {compiled} | {ratio} |")
        for how, milliseconds in (("graphql-core", core), ("compiled", compiled)):
            lines.setdefault(f"{how}: {name}", []).append((float(leaves), float(milliseconds)))
    yield "\n".join(table), curves("CPU of one execution", "leaves in the answer", "milliseconds", lines)


def concurrency_growth(seconds: float) -> Iterator[tuple[str, str]]:
    """Legacy calls per request by the number of requests at once, nothing cached, legacy systems with latency."""
    lines: dict[str, Line] = {}
    table = ["| | requests at once | legacy calls / request | requests / s | CPU ms / request |"]
    table.append("| --- | --- | --- | --- | --- |")
    with bench(seconds, 2_000) as ground:
        invent(ground)
        for contestant in (each for each in CONTESTANTS if each.name in COMPARED):
            with running(contestant, ground) as server:
                ground.warm_up(server)
                for connections in CONNECTIONS:
                    cell = Cell("home", connections, slow=True)
                    found = measured(ground, contestant, server, cell, 0, ground.tenants(2_000))
                    lines.setdefault(contestant.name, []).append((connections, found.legacy_calls))
                    figures = f"{found.legacy_calls:.2f} | {found.per_second:.0f} | {found.cpu_ms:.2f}"
                    table.append(f"| {contestant.name} | {connections} | {figures} |")
    title = "Legacy calls for one home screen, nothing cached, 20 and 10 ms"
    yield "\n".join(table), curves(title, "requests at once", "calls per request", lines)


def memory_growth(_: float) -> Iterator[tuple[str, str]]:
    """Memory of the process by the number of tenants whose home screens it knows, each limit in its own process."""
    lines: dict[str, Line] = {}
    table = ["| limit, MB | tenants | values kept | packed, MB | resident beyond the start, MB | kB a tenant |"]
    table.append("| --- | --- | --- | --- | --- | --- |")
    for megabytes in (DEFAULT_MEGABYTES, TIGHT_MEGABYTES):
        code = f"import asyncio; from bench.growth import fill; asyncio.run(fill({megabytes}))"
        printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
        for row in printed.stdout.splitlines():
            tenants, kept, packed, resident, start = map(float, row.split())
            more = resident - start
            lines.setdefault(f"at most {megabytes} MB packed", []).append((tenants, more))
            figures = f"{kept:.0f} | {packed:.0f} | {more:.0f} | {more * 1024 / tenants:.1f}"
            table.append(f"| {megabytes} | {tenants:.0f} | {figures} |")
    yield "\n".join(table), curves("Memory of one process", "tenants it knows", "MB beyond the start", lines)


async def fill(megabytes: int) -> None:
    """Lets one process learn ever more tenants, and prints what that weighs."""
    memory, kinds = Memory(most_bytes=megabytes * 1024 * 1024), await _sampled()
    gc.collect()
    start, known = _resident(), 0
    for count in KNOWN:
        for shelf, keys in kinds(memory):
            for first in range(known, count, 500):
                wanted = [keys(number) for number in range(first, min(first + 500, count))]
                until = asyncio.get_running_loop().time() + 60
                await asyncio.gather(*(come(shelf.load(key, until=until)) for key in wanted))
        known = count
        print(count, len(memory), memory.packed_bytes / 1024**2, _resident(), start, flush=True)


async def _sampled() -> Callable[[Memory], list[tuple[Shelf[Any, Any], Callable[[int], Any]]]]:
    """Shelves that know how to ask for the sample's values, whatever the number of the tenant."""
    now = system_clock()
    today = civil_date(now)
    months, since = last_months(today), works_since(today)
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(run_simulator(SimulatorOptions(tenants=SAMPLE, rate_limits=False)))
        settings = settings_for(simulator, Path("unused"), property_closure="", billing_closure="")
        property_management = await stack.enter_async_context(open_property_management(settings, system_clock))
        billing = await stack.enter_async_context(open_billing(settings, system_clock))
        tenants = list(simulator.landlord.tenants)
        snapshots = _snapshots(property_management, billing, Memory(most_bytes=1 << 34))
        wanted: dict[str, list[Any]] = {
            "leases": [tenant.lease_reference for tenant in tenants],
            "dwellings": [tenant.dwelling_reference for tenant in tenants],
            "water": [(tenant.dwelling_reference, months) for tenant in tenants],
            "works": [(tenant.dwelling_reference, since) for tenant in tenants],
            "balances": [tenant.account_number for tenant in tenants],
            "due_notices": [tenant.account_number for tenant in tenants],
        }
        values = {}
        for name, keys in wanted.items():
            shelf = getattr(snapshots, name)
            packing: Packing[Any] = Packing(shelf.kind.shape)
            found = await shelf.warm(keys)
            known = [found[key] for key in keys if not isinstance(found[key], UpstreamError)]
            values[name] = [packing.pack(now, now, value) for value in known]
        kinds: dict[str, Any] = {name: getattr(snapshots, name).kind for name in wanted}
        await snapshots.close()

    def shelves(memory: Memory) -> list[tuple[Shelf[Any, Any], Callable[[int], Any]]]:
        return [(_shelf(kinds[name], values[name], memory), _keys(name, wanted[name][0])) for name in wanted]

    return shelves


def _snapshots(property_management: Any, billing: Any, memory: Memory) -> Snapshots:
    return Snapshots(
        property_management, billing, system_clock, kept_hours=LAST_KNOWN_HOURS, patience_seconds=1, memory=memory
    )


def _shelf(kind: Any, values: Sequence[bytes], memory: Memory) -> Shelf[Any, Any]:
    packing: Packing[Any] = Packing(kind.shape)

    async def fetch(keys: Sequence[Any]) -> Mapping[Any, Any]:
        # Unpacked anew for each key: no two tenants share anything in memory.
        return {key: packing.unpack(values[_number(key) % len(values)])[2] for key in keys}

    return Shelf(
        replace(kind, fetch=fetch, limit=500),
        memory,
        system_clock,
        kept_for=timedelta(days=1),
        patience_seconds=1,
        shared=None,
        has_room=None,
    )


def _keys(name: str, example: Any) -> Callable[[int], Any]:
    """Keys as long as the real ones."""
    if isinstance(example, tuple):
        return lambda number: (f"{number:011d}", *example[1:])
    return lambda number: f"{number:0{len(example)}d}"


def _number(key: Any) -> int:
    return int(key[0] if isinstance(key, tuple) else key)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024**2


if __name__ == "__main__":
    main()

"""Many documents of 20 MB at once to clients that read slowly: what a node's memory grows by meanwhile.

`python -m bench.soak.documents [--keep]`; exits 1 where something that must hold did not. Takes about a minute.
"""

import argparse
import asyncio
import hashlib
import sys
from pathlib import Path

from bench.soak.cluster import running_cluster
from bench.soak.figures import report
from bench.soak.people import Person
from bench.soak.processes import Program

SIZE = 20 * 1024 * 1024
ACCOUNTS, EACH = 8, 4
READ_BYTES, PAUSE_SECONDS = 64 * 1024, 0.1
"""Each client takes 640 kB a second at most."""
GROWTH_OF_ONE_AT_MOST = 1024 * 1024
ADDRESS = "{ me { dueNotices(first: 1) { nodes { document { url ready } } } } }"


async def main(keep: bool) -> int:
    async with running_cluster(tenants=ACCOUNTS * 2, latency="none") as cluster:
        node = cluster.nodes[0]
        await cluster.turn("documents", size=SIZE)
        paths = [path for tenant in cluster.tenants if (path := await _path(Person(cluster, tenant)))][:ACCOUNTS]
        expected = await _read(node, paths[0], pause=0.0)
        before, highest = _resident(node), 0
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(_read(node, path, PAUSE_SECONDS)) for path in paths for _ in range(EACH)]
            while not all(task.done() for task in reading):
                highest = max(highest, _resident(node))
                await asyncio.sleep(0.2)
        received = [task.result()[0] for task in reading]
    growth = highest - before
    holds = {
        "every document came whole": all(size == expected[0] for size in received),
        f"less than {GROWTH_OF_ONE_AT_MOST / 1e6:.1f} MB more for each": growth < GROWTH_OF_ONE_AT_MOST * len(received),
    }
    figures = {
        "documents at once": f"{len(received)} of {expected[0] / 1e6:.1f} MB, {sum(received) / 1e6:.0f} MB in all",
        "resident memory of the node before": f"{before / 1e6:.0f} MB",
        "at its highest meanwhile": f"{highest / 1e6:.0f} MB ({growth / len(received) / 1e3:.0f} kB more for each)",
        **{name: "holds" if held else "DOES NOT HOLD" for name, held in holds.items()},
    }
    report("documents", "Documents to slow clients", figures, keep=keep)
    return 0 if all(holds.values()) else 1


async def _path(person: Person) -> str | None:
    await person.sign_in()
    nodes = (await person.ask(ADDRESS))["data"]["me"]["dueNotices"]["nodes"]
    ready = [each["document"]["url"] for each in nodes if each["document"] and each["document"]["ready"]]
    return "/documents/" + ready[0].rpartition("/")[2] if ready else None


async def _read(node: Program, path: str, pause: float) -> tuple[int, str]:
    """Size and SHA-256 of what came; a small buffer, so that nobody reads in advance."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port, limit=READ_BYTES)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    size, digest = 0, hashlib.sha256()
    while piece := await reader.read(READ_BYTES):
        size += len(piece)
        digest.update(piece)
        await asyncio.sleep(pause)
    writer.close()
    return size, digest.hexdigest()


def _resident(node: Program) -> int:
    """The resident memory of a node in bytes."""
    assert node._running is not None
    status = Path(f"/proc/{node._running.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write the figures into docs/operations.md")
    sys.exit(asyncio.run(main(parser.parse_args().keep)))

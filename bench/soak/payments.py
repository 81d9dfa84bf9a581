"""500 payments under every fault at once, gateways killed with SIGKILL: booked exactly once, agreeing to the cent.

`python -m bench.soak.payments [--payments 500] [--seed N] [sqlite-1 sqlite-2 postgresql-1 postgresql-2]`:
the database and how many nodes. Prints a line for each; ends with an error where one does not agree.
"""

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from gateway.store import upgrade
from tests.accounts import postgres
from tests.payments.fault_run import run

WAYS = ("sqlite-1", "sqlite-2", "postgresql-1", "postgresql-2")


def main() -> None:
    """Runs one way after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("ways", nargs="*", default=WAYS, metavar="DATABASE-NODES", help=", ".join(WAYS))
    parser.add_argument("--payments", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    if unknown := set(options.ways) - set(WAYS):
        parser.error(f"no such way: {', '.join(sorted(unknown))}")
    for way in options.ways:
        with tempfile.TemporaryDirectory(prefix="tenant-gateway-soak-") as folder:
            began = time.monotonic()
            told = _run(way, Path(folder), options.payments, options.seed)
            print(f"{way:<13} {time.monotonic() - began:5.0f} s  {told}", flush=True)


def _run(way: str, folder: Path, payments: int, seed: int) -> dict[str, object]:
    database, _, nodes = way.partition("-")

    async def on(url: str) -> dict[str, object]:
        await upgrade(url)
        kills = max(2, payments // 25)
        return await run(
            payments=payments, database_url=url, folder=folder, nodes=int(nodes), kills=kills, pause=3, seed=seed
        )

    if database == "sqlite":
        return asyncio.run(on(f"sqlite:///{folder / 'gateway.sqlite'}"))
    with postgres.running_server() as server:
        asyncio.run(postgres.run(server, "CREATE DATABASE soak"))
        return asyncio.run(on(postgres.address(server, "soak")))


if __name__ == "__main__":
    main()

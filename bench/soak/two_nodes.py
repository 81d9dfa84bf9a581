"""Two nodes behind nginx at half of what they can carry, while nodes and Valkey are killed and PostgreSQL is restarted.

`python -m bench.soak.two_nodes [--minutes 10] [--keep]`; exits 1 where something that must hold did not. It must not
span 04:30 in Paris, when billing computes new balances.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.soak.changes import Changes, changing, doubles, find_missing_mails
from bench.soak.cluster import Cluster, running_cluster
from bench.soak.figures import report
from bench.soak.load import Reads, capacity, reading
from bench.soak.people import Person, Verdict, in_calm, last_balance_run
from bench.soak.processes import Program

READERS, CHANGERS, ASKERS = 120, 12, 12
FAILED_AT_MOST = 0.005
SETTLED_WITHIN_SECONDS = 5.0
"""A read may fail from a kill until so long after what was killed is back."""


@dataclass
class Trouble:
    """Something done to the cluster, from when to when."""

    name: str
    began: float
    ended: float

    def covers(self, moment: float, answered: float) -> bool:
        """Whether a read of that time may have met it."""
        return answered >= self.began and moment <= self.ended + SETTLED_WITHIN_SECONDS


async def main(minutes: float, keep: bool, logs: Path | None) -> int:
    balanced = last_balance_run()
    async with running_cluster(tenants=READERS + CHANGERS + ASKERS, logs=logs) as cluster:
        people = [Person(cluster, tenant) for tenant in cluster.tenants]
        readers, changers = people[:READERS], people[READERS:-ASKERS]
        print(f"reading {READERS} home screens in calm …", flush=True)
        await in_calm([reader.learn for reader in readers])
        await in_calm([changer.sign_in for changer in changers])
        carried, warm = await capacity(readers, seconds=20)
        print(f"{carried:.0f} reads/s with 16 at once; now half of that for {minutes:g} minutes", flush=True)

        asked = await cluster.legacy_calls()
        reads, changes = Reads(), Changes()
        troubles: list[Trouble] = []
        seconds = minutes * 60
        async with (
            reading(readers, reads, per_second=carried / 2),
            changing(changers, people[-ASKERS:], changes, seconds=seconds * 0.8, per_second=1.0),
        ):
            await _story(cluster, seconds, troubles)
        asked = await cluster.legacy_calls() - asked
        rolled = troubles.pop()
        missing = await find_missing_mails(cluster.mails, changes)
        await changes.check_passwords(changers)
        assert last_balance_run() == balanced, "billing computed new balances meanwhile: run it at another time"

        failed, wrong = reads.worth(Verdict.FAILED), reads.worth(Verdict.WRONG) + warm.worth(Verdict.WRONG)
        stray = [r for r in failed if not any(each.covers(r.at, r.at + r.seconds) for each in troubles)]
        unrolled = [r for r in failed if rolled.began <= r.at <= rolled.ended]
        holds = {
            "no wrong answer": not wrong,
            "no account change lost": not changes.lost,
            "no mail lost, none for a change that was not made": not missing,
            f"reads failed under {FAILED_AT_MOST:.1%}": len(failed) < FAILED_AT_MOST * len(reads.all),
            "and only within the seconds of a kill": not stray,
            "rolling restart without a failed read": not unrolled,
        }
        figures: dict[str, Any] = {
            "capacity, 16 at once": f"{carried:.0f} reads/s (half home screens, half balances)",
            "load": f"{carried / 2:.0f} reads/s for {minutes:g} minutes, {len(reads.all)} reads, {READERS} tenants",
            "answers within (median, 99 %)": f"{reads.percentile(0.5) * 1000:.0f} ms, "
            f"{reads.percentile(0.99) * 1000:.0f} ms",
            "calls to the legacy systems": f"{asked} ({asked / max(1, len(reads.all)):.2f} a read)",
            "wrong": len(wrong),
            "failed": f"{len(failed)} ({len(failed) / max(1, len(reads.all)):.3%}) {reads.why()}",
            **{f"failed at: {each.name}": _count(failed, each) for each in troubles},
            "failed otherwise": len(stray),
            "failed in the rolling restart of both nodes": len(unrolled),
            "not sent, because 100 were under way": reads.not_sent,
            "sent once more, because nginx had closed an idle connection": cluster.sent_again,
            "passwords renewed": f"{changes.renewed.total()} acknowledged, {changes.unsure.total()} made without an "
            f"acknowledgement, {len(changes.lost)} lost",
            "links asked for": f"{len(changes.asked)}",
            "mails": f"{len(cluster.mails.ids)} received, {doubles(cluster.mails)} of them twice, {len(missing)} amiss",
            "rules of the legacy systems broken": (await cluster.simulator_state())["violations"] or "none",
            **{name: "holds" if held else "DOES NOT HOLD" for name, held in holds.items()},
        }
        report("two_nodes", "Two nodes, killed and restarted", figures, keep=keep)
        for text in [f"wrong: {read.amiss}" for read in wrong[:5]] + changes.lost[:5] + missing[:5]:
            print(text)
        for read in stray[:10] + unrolled[:10]:
            print(f"failed {read.at - troubles[0].began:+.1f} s after the first kill: {read.amiss}")
        return 0 if all(holds.values()) else 1


async def _story(cluster: Cluster, seconds: float, troubles: list[Trouble]) -> None:
    """What happens, at parts of the time: kill -9 of a node, of Valkey, a restart of PostgreSQL, of both nodes."""
    begin = time.monotonic()

    async def at(part: float, name: str, do: Callable[[], Awaitable[object]]) -> None:
        await asyncio.sleep(max(0.0, begin + part * seconds - time.monotonic()))
        print(f"{time.monotonic() - begin:5.0f} s  {name}", flush=True)
        began = time.monotonic()
        await do()
        troubles.append(Trouble(name, began, time.monotonic()))

    first, second = cluster.nodes
    await at(0.12, "kill -9 of the first node", lambda: _kill(first, away_seconds=5))
    await at(0.30, "kill -9 of Valkey", lambda: _kill(cluster.valkey, away_seconds=10))
    await at(0.48, "restart of PostgreSQL", lambda: _restart(cluster.database))
    await at(0.66, "kill -9 of the second node", lambda: _kill(second, away_seconds=5))
    await at(0.84, "rolling restart of both nodes", lambda: _roll(cluster))
    await asyncio.sleep(max(0.0, begin + seconds - time.monotonic()))


async def _kill(program: Program, *, away_seconds: float) -> None:
    program.kill()
    await asyncio.sleep(away_seconds)
    await asyncio.to_thread(program.start)


async def _restart(program: Program) -> None:
    await asyncio.to_thread(program.stop)
    await asyncio.to_thread(program.start)


async def _roll(cluster: Cluster) -> None:
    """As docs/deployment.md says: out of nginx, restarted, back when it is ready, one after the other."""
    for node in cluster.nodes:
        cluster.take_in(*(other for other in cluster.nodes if other is not node))
        await asyncio.sleep(2)
        await _restart(node)
        cluster.take_in(*cluster.nodes)
        await asyncio.sleep(2)


def _count(failed: list[Any], trouble: Trouble) -> int:
    return sum(trouble.covers(read.at, read.at + read.seconds) for read in failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--keep", action="store_true", help="writes the figures into docs/operations.md")
    parser.add_argument("--logs", type=Path, help="a folder for what the programs print")
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.minutes, options.keep, options.logs)))

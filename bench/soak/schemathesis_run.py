"""schemathesis asks the whole schema whatever it can think of, as nobody and as a tenant, half of the time each.

`python -m bench.soak.schemathesis_run PROGRAM [--seconds 600] [--keep]`; PROGRAM is the schemathesis command. It lives
in an environment of its own (requirements/soak.txt), for its pytest plugin would load itself in every test run. Exits 1
where an answer was a 500, an error was not masked, or the gateway logged a bug.
"""

import argparse
import asyncio
import logging
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import cast

from bench.soak.figures import report
from gateway.accounts import create_account_without_mail, migrate_database
from gateway.clock import clock_from
from gateway.simulator import DEMO_NOW, EXAMPLE_LABEL, EXAMPLE_LEASE, SimulatorOptions, run_simulator
from tests.support import PASSWORD, HeldClock, run_gateway, settings_for

HOOKS = "bench.soak.schemathesis_hooks"
ROOT = Path(__file__).parents[2]


class Bugs(logging.Handler):
    """What the gateway logs as its own fault."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


async def main(program: str, seconds: int, keep: bool) -> int:
    bugs = Bugs()
    logging.getLogger().addHandler(bugs)
    calls, failed = {}, []
    clock = cast("HeldClock", clock_from(DEMO_NOW))  # it runs on, for budgets and sessions are about time
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "gateway.sqlite"
        await asyncio.to_thread(migrate_database, f"sqlite:///{database}")
        async with run_simulator(SimulatorOptions(now=clock)) as simulator:
            settings = settings_for(simulator, database)
            await create_account_without_mail(settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
            async with run_gateway(simulator, settings, clock) as gateway:
                for who, label in (("nobody", ""), ("a tenant", EXAMPLE_LABEL)):
                    status, output = await ask_all(program, f"{gateway.url}/graphql", label, seconds // 2, folder)
                    calls[who] = _calls(output)
                    if status != 0:
                        failed.append(who)
                        print(output, flush=True)
    figures: dict[str, int | str] = {"seconds": seconds, **{f"calls as {who}": count for who, count in calls.items()}}
    figures |= {"bugs logged": len(bugs.lines), "findings": ", ".join(failed) or "none"}
    report("schemathesis", "schemathesis over the whole schema", figures, keep=keep)
    print("\n".join(bugs.lines[:10]))
    return 1 if failed or bugs.lines else 0


async def ask_all(program: str, url: str, label: str, seconds: int, folder: str) -> tuple[int, str]:
    """Exit status and output of one run."""
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": HOOKS,
        "PYTHONPATH": str(ROOT),
        "HOSTILE_URL": url,
        "HOSTILE_LABEL": label,
        "HOSTILE_PASSWORD": PASSWORD,
    }
    arguments = ["run", url, "--max-time", str(seconds), "--checks", "every_error_is_masked"]
    running = await asyncio.create_subprocess_exec(
        program, *arguments, "--suppress-health-check", "all", "--workers", "2", "--continue-on-failure",
        cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await running.communicate()
    return running.returncode or 0, output.decode(errors="replace")


def _calls(output: str) -> int:
    """How many calls schemathesis says that it made."""
    found = re.findall(r"(\d[\d,]*) (?:generated|test cases)", output)
    return max((int(each.replace(",", "")) for each in found), default=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--keep", action="store_true", help="write the figures into docs/operations.md")
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.program, options.seconds, options.keep)))

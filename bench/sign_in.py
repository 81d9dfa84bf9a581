"""How many sign-ins a second one process takes, beside how many passwords the machine can hash, which bounds it.

`make bench` runs it. Everything is on this machine: simulator, gateway and callers in one process, SQLite in a
temporary folder; the sign-ins come over HTTP from 8 callers at once.
"""

import asyncio
import os
import platform
import tempfile
import time
from pathlib import Path

from gateway.accounts import migrate_database
from gateway.accounts.opening import build_tools, insert_account
from gateway.simulator import SimulatorOptions, run_simulator
from tests.support import PASSWORD, HeldClock, run_gateway, settings_for

SECONDS = 8.0
CALLERS = 8
LABELS = 32


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "gateway.sqlite"
        await asyncio.to_thread(migrate_database, f"sqlite:///{database}")
        async with run_simulator(SimulatorOptions(rate_limits=False)) as simulator:
            settings, clock = settings_for(simulator, database), HeldClock()
            tools = build_tools(settings, clock)
            tenants = list(simulator.landlord.tenants[:LABELS])
            for tenant in tenants:
                await insert_account(tools, tenant.account_number, tenant.lease_reference, PASSWORD)
            hashes = await rate(lambda _: tools.passwords.verify(None, PASSWORD))
            async with run_gateway(simulator, settings, clock) as gateway:

                async def sign_in(number: int) -> None:
                    label = tenants[number % LABELS].account_number
                    gateway.tokens.pop(label, None)
                    await gateway.sign_in(label)

                sign_ins = await rate(sign_in)
            await tools.store.close()
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    print(f"argon2id verifications  {hashes:6.1f} / s  ({settings.hashing_threads} threads)")
    print(
        f"sign-ins over HTTP      {sign_ins:6.1f} / s  ({CALLERS} callers, {sign_ins / hashes:.0%} of the hashing rate)"
    )


async def rate(do: object) -> float:
    """How often a second CALLERS callers together get `do` done."""
    assert callable(do)
    ends = time.perf_counter() + SECONDS
    done = 0

    async def call(first: int) -> None:
        nonlocal done
        number = first
        while time.perf_counter() < ends:
            await do(number)
            done += 1
            number += CALLERS

    await asyncio.gather(*(call(number) for number in range(CALLERS)))
    return done / SECONDS


if __name__ == "__main__":
    asyncio.run(main())

"""A process that guesses passwords as fast as it can: `python -m tests.accounts.guesser ADDRESS LABEL GUESSES`."""

import asyncio
import json
import sys

from gateway.accounts import open_accounts
from gateway.models.account import ClientKind

from .conftest import CALLER, Clock, settings_for


async def guess(database_url: str, label: str, guesses: int) -> dict[str, object]:
    """What came of so many guesses at the same time, and how many passwords were looked at."""
    async with open_accounts(settings_for(database_url), Clock()) as accounts:
        await accounts.find_problem()  # connected, so that all processes guess at the same time
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        tries = (accounts.sign_in(label, f"guess {number}", ClientKind.APP, CALLER) for number in range(guesses))
        outcomes = await asyncio.gather(*tries)
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        return {
            "hashes": accounts.tools.passwords.hashes_done,
            "outcomes": {kind: kinds.count(kind) for kind in kinds},
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(guess(sys.argv[1], sys.argv[2], int(sys.argv[3])))))

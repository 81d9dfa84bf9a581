"""`keys rotate`: a new key signs access tokens from now on; nobody is signed out."""

import argparse
import asyncio

from gateway.accounts import open_accounts
from gateway.clock import system_clock
from gateway.settings import load_settings


def run(_: argparse.Namespace) -> int:
    """Prints the new key's id; nodes learn of it by themselves."""
    print(f"access tokens are signed with key {asyncio.run(_rotate())} from now on")
    return 0


async def _rotate() -> str:
    async with open_accounts(load_settings(), system_clock) as accounts:
        return await accounts.rotate_keys()

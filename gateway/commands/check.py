"""`check`: tries settings, database and both legacy systems, and says in plain words what is wrong."""

import argparse
import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.accounts import open_accounts
from gateway.advice import load_advice
from gateway.app import open_billing, open_property_management
from gateway.clock import system_clock
from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.settings import Settings, load_settings, unknown_settings

# Keys that no landlord has: the answer "unknown" proves address, credentials and rights all the same.
_NO_LEASE = "0000000/00"
_NO_ACCOUNT = "L0000000"


def run(_: argparse.Namespace) -> int:
    """Prints a line for each thing tried; 0 where all is well."""
    logging.disable()  # what is wrong is said here, once
    settings = load_settings()
    for name in sorted(unknown_settings()):
        print(f"{name:<22} is no setting; misspelt?")
    print("settings               all there")
    print(f"advice                 {len(load_advice(settings.advice_directory))} articles")
    if settings.smtp_url is None:
        print("mail                   GATEWAY_SMTP_URL is not set: mails wait unsent")
    outcomes = asyncio.run(_try_all(settings))
    return 0 if all(outcomes) else 1


async def _try_all(settings: Settings) -> list[bool]:
    tries: tuple[tuple[str, Callable[[Settings], Awaitable[str | None]]], ...] = (
        ("database", database_problem),
        ("property management", _property_problem),
        ("billing", _billing_problem),
    )
    outcomes = []
    for name, find_problem in tries:
        problem = await find_problem(settings)
        print(f"{name:<22} {problem or 'answers'}")
        outcomes.append(problem is None)
    return outcomes


async def database_problem(settings: Settings) -> str | None:
    """What is wrong with the database, in plain words."""
    try:
        async with open_accounts(settings, system_clock) as accounts:
            return await accounts.find_problem()
    except OSError as error:
        return f"cannot be opened ({error.strerror}); is GATEWAY_DATABASE_URL right?"


async def _property_problem(settings: Settings) -> str | None:
    async with open_property_management(settings, system_clock) as client:
        found = await client.fetch_leases([_NO_LEASE])
        return _problem(found[_NO_LEASE], settings.property_url, "GATEWAY_PROPERTY_USER, _PASSWORD and _COMPANY")


async def _billing_problem(settings: Settings) -> str | None:
    async with open_billing(settings, system_clock) as client:
        found = await client.fetch_balances([_NO_ACCOUNT])
        return _problem(found[_NO_ACCOUNT], settings.billing_url, "GATEWAY_BILLING_USER and _SECRET")


def _problem(outcome: object, address: str, credentials: str) -> str | None:
    match outcome:
        case UpstreamClosed():
            return "closed now (night or maintenance); it will answer when it opens"
        case UpstreamTimeout():
            return f"no answer in time from {address}; is the address reachable from here?"
        case UpstreamMalformed():
            return f"{address} answers, but not by the contract ({outcome.detail}); is it the right address?"
        case UpstreamUnavailable(detail="cannot connect"):
            return f"cannot connect to {address}; is it the right address, and does anything listen there?"
        case UpstreamError():
            return f"{outcome.detail} at {address}; are the address, {credentials} right?"
    return None

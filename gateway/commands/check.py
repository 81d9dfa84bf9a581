"""`check`: tries settings, database and both legacy systems, and says in plain words what is wrong."""

import argparse
import asyncio
import logging

from gateway.accounts import open_accounts
from gateway.advice import load_advice
from gateway.clock import system_clock
from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamTimeout, UpstreamUnavailable
from gateway.settings import Settings, load_settings, unknown_settings
from gateway.sharing.opening import Sharing, open_sharing
from gateway.sharing.valkey import Valkey
from gateway.upstreams import open_billing, open_property_management

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
    outcomes = [_told("database", await database_problem(settings))]
    async with open_sharing(settings, system_clock) as shared:
        # With the database the session and token of the nodes that run are used: the landlord's are few.
        sharing = shared if outcomes[0] else None
        if shared.valkey is not None:
            outcomes.append(_told("valkey", await _valkey_problem(shared.valkey)))
        outcomes.append(_told("property management", await _property_problem(settings, sharing)))
        outcomes.append(_told("billing", await _billing_problem(settings, sharing)))
    return outcomes


def _told(name: str, problem: str | None) -> bool:
    print(f"{name:<22} {problem or 'answers'}")
    return problem is None


async def _valkey_problem(valkey: Valkey) -> str | None:
    answer = await valkey.ask(valkey.server.ping)
    return None if answer else "does not answer; is GATEWAY_VALKEY_URL right?"


async def database_problem(settings: Settings) -> str | None:
    """What is wrong with the database, in plain words."""
    try:
        async with open_accounts(settings, system_clock) as accounts:
            return await accounts.find_problem()
    except OSError as error:
        return f"cannot be opened ({error.strerror}); is GATEWAY_DATABASE_URL right?"


async def _property_problem(settings: Settings, sharing: Sharing | None) -> str | None:
    async with open_property_management(settings, system_clock, sharing) as client:
        found = await client.fetch_leases([_NO_LEASE])
        return _problem(found[_NO_LEASE], settings.property_url, "GATEWAY_PROPERTY_USER, _PASSWORD and _COMPANY")


async def _billing_problem(settings: Settings, sharing: Sharing | None) -> str | None:
    async with open_billing(settings, system_clock, sharing) as client:
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

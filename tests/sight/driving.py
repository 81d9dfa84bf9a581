"""Drives a whole gateway through what people do, and through what goes wrong."""

import asyncio
import re
import sqlite3
from contextlib import closing
from typing import Any

from gateway.simulator import BILLING_SECRET, EXAMPLE_LABEL, EXAMPLE_LEASE, PROPERTY_PASSWORD, Tenant
from tests.support import HOME, PASSWORD, Gateway

CHOSEN, WRONG, TYPED = "Mirabelles-2026!", "Quetsches-1999!", "typed.by.somebody@example.org"
FAULTS = ("html500", "garbage", "truncated", "empty", "reset", "dropped", "doubled", "foreign", "item_code", "code")
OPERATIONS = ("ConsulterContrats", "ListerTravaux", "rechercherComptes", "rechercherAvis", "IdentifierTitulaire")
AGENT = "Mozilla/5.0 (of somebody's own telephone)"
BODIES: tuple[Any, ...] = (
    "no object",
    {"query": "{ me { nothing } }"},
    {"query": f'mutation {{ logIn(input: {{accountLabel: "{EXAMPLE_LABEL}", password: "{PASSWORD}"}}) {{ no }} }}'},
    {"query": f'{{ __typename @skip(if: "{PASSWORD}") }}'},
    {"query": "query($first: Int!) { __typename }", "variables": {"first": PASSWORD}},
    {"query": "{ " * 500},
)


async def drive(gateway: Gateway) -> set[str]:
    """Does it all; what must not be found in the log afterwards."""
    gateway.http.headers["User-Agent"] = AGENT
    tenant = _newcomer(gateway)
    secrets = await _open_account(gateway, tenant) | await _sign_in_and_out(gateway)
    await _ask_sick_systems(gateway)
    for body in BODIES:
        await gateway.post(body)
        await gateway.post(body, token="eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl")
    await asyncio.to_thread(_break_database, gateway.settings.database_url.removeprefix("sqlite:///"))
    await _log_in(gateway, EXAMPLE_LABEL, PASSWORD)
    return secrets | _belongings(tenant) | {PASSWORD, CHOSEN, WRONG, TYPED, AGENT, "eyJ", "c2lnbmF0dXJl"}


async def _open_account(gateway: Gateway, tenant: Tenant) -> set[str]:
    """Creates an account, confirms it, forgets its password; the mailed tokens."""
    principal, address = tenant.principal, (tenant.principal.email or "").strip()
    names = f'lastName: "{principal.last_name}", firstName: "{principal.first_name}"'
    given = f'accountLabel: "{tenant.account_number}", {names}, email: "{TYPED}"'
    await gateway.post(
        {"query": f'mutation {{ createAccount(input: {{{given}, password: "{CHOSEN}" }}) {{ __typename }} }}'}
    )
    first = _token((await gateway.links(address))[0].text)
    confirm = f'confirmAccount(input: {{token: "{first}", password: "{CHOSEN}", client: APP}}) {{ __typename }}'
    await gateway.post({"query": f"mutation Confirm {{ {confirm} }}"})
    reset = f'requestPasswordReset(input: {{accountLabel: "{tenant.account_number}"}}) {{ __typename }}'
    await gateway.post({"query": f"mutation Forgotten {{ {reset} }}"})
    second = _token((await gateway.links(address, count=2))[0].text)
    complete = f'completePasswordReset(input: {{token: "{second}", newPassword: "{CHOSEN}x"}}) {{ __typename }}'
    await gateway.post({"query": f"mutation Complete {{ {complete} }}"})
    return {first, second}


async def _sign_in_and_out(gateway: Gateway) -> set[str]:
    """Right and wrong passwords; the tokens that came of it."""
    tokens = await _log_in(gateway, EXAMPLE_LABEL, PASSWORD)
    for label in (EXAMPLE_LABEL, "L9999999"):
        for _ in range(4):
            await _log_in(gateway, label, WRONG)
    refresh = f'mutation {{ refreshSession(input: {{refreshToken: "{tokens["refreshToken"]}"}}) {{ __typename }} }}'
    await gateway.post({"query": refresh})
    await gateway.post({"query": "mutation { logOut { __typename } }"}, token=tokens["accessToken"])
    gateway.clock.advance(minutes=11)
    return set(tokens.values()) | {"L9999999"}


async def _ask_sick_systems(gateway: Gateway) -> None:
    for kind in FAULTS:
        details: dict[str, Any] = {"code": "99"} if kind == "item_code" else {"code": "20"} if kind == "code" else {}
        for operation in OPERATIONS:
            try:
                gateway.simulator.add_fault(operation, kind, **details)
            except ValueError:  # not of this system
                continue
        gateway.tokens.clear()
        for _ in range(6):  # enough for breakers to open
            await gateway.ask(HOME)
        gateway.simulator.clear_faults()
        gateway.clock.advance(hours=25)


async def _log_in(gateway: Gateway, label: str, password: str) -> dict[str, str]:
    variables = {"label": label, "password": password}
    mutation = """mutation SignIn($label: String!, $password: String!) {
      logIn(input: {accountLabel: $label, password: $password, client: APP}) {
        ... on SignedIn { tokens { accessToken refreshToken } }
      }
    }"""
    _, answer = await gateway.post({"query": mutation, "variables": variables})
    signed_in: dict[str, Any] = (answer.get("data") or {}).get("logIn") or {}
    tokens: dict[str, str] = signed_in.get("tokens", {})
    return tokens


def _newcomer(gateway: Gateway) -> Tenant:
    tenants = gateway.simulator.landlord.tenants
    return next(
        each
        for each in tenants
        if each.account_number != EXAMPLE_LABEL and each.principal.email and each.principal.first_name
    )


def _belongings(tenant: Tenant) -> set[str]:
    """What is on file of both tenants, and what the gateway and the systems hide from everybody."""
    own = {EXAMPLE_LABEL, EXAMPLE_LEASE, "elodie.martin", "MARTIN", "lodie", "0639981234", "1987-05-14", "14/05/1987"}
    others = {tenant.account_number, tenant.lease_reference, (tenant.principal.email or "").strip()}
    return own | others | {tenant.principal.last_name, BILLING_SECRET, PROPERTY_PASSWORD, "a secret of the tests"}


def _token(text: str) -> str:
    found = re.search(r"#token=(\S+)", text)
    assert found
    return found[1]


def _break_database(file: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE accounts RENAME TO lost")

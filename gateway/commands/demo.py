"""`demo`: the gateway with both legacy systems simulated, a demo account, and nothing to set up."""

import argparse
import asyncio
import json
import secrets
import tempfile
from pathlib import Path

from gateway.accounts import migrate_database
from gateway.accounts.opening import build_tools, insert_account
from gateway.app import create_app
from gateway.clients.mail import PrintedMails
from gateway.clock import Clock, clock_from
from gateway.commands.listening import Server, address_of, listen
from gateway.graphiql import BUILT
from gateway.logs import configure_logs
from gateway.settings import Settings, given_settings
from gateway.simulator import (
    BILLING_SECRET,
    BILLING_USER,
    DEMO_NOW,
    EXAMPLE_LABEL,
    EXAMPLE_LEASE,
    PAYMENT_KEY,
    PAYMENT_SITE,
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_USER,
    Case,
    Simulator,
    SimulatorOptions,
    run_simulator,
)

DEMO_PASSWORD = "Soleil-de-Metz-57"  # noqa: S105 - of an account that exists only while the demo runs

_BANNER = """
The gateway            {address}/graphql   {page}
Demo account           {label}   password {password}
More accounts          same password: the first tenant of each edge case, {admin_url}/tenants
No account yet         {newcomer}
It is                  3 November 2026, 10:00 in Paris; the clock runs on
Legacy systems         {property_url}
                       {billing_url}
Payment page           {payment_url}
Their knobs, counters  {admin_url}
Mails                  {address}/mails   (and here, below)

Sign in and ask, in another terminal:

  TOKEN=$(curl -s {address}/graphql -H 'Content-Type: application/json' -H 'GraphQL-Preflight: 1' \\
    -d '{sign_in}' \\
    | sed 's/.*"accessToken":"\\([^"]*\\).*/\\1/')
  curl -s {address}/graphql -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \\
    -d '{query}'

Ctrl-C stops everything."""
_SIGN_IN = """mutation {{ logIn(input: {{accountLabel: "{label}", password: "{password}", client: APP}}) \
{{ ... on SignedIn {{ tokens {{ accessToken }} }} }} }}"""
_QUERY = "{ me { leaseHolder { fullName } balance { amount { formatted } due { formatted } direction } } }"


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C; the database lives in a temporary folder and goes with the demo."""
    configure_logs(readable=True)
    sock = listen(options.host, options.port)
    address = address_of(options.host, sock)

    async def serve(folder: Path) -> None:
        clock = clock_from(DEMO_NOW)
        simulated = SimulatorOptions(
            tenants=options.tenants,
            seed=options.seed,
            latency=options.latency,
            nights=options.nights,
            now=clock,
            host="127.0.0.1",
            notification_url=f"{address}/payments/notification",
        )
        async with run_simulator(simulated) as simulator:
            settings = demo_settings(simulator, folder, address, nights=options.nights)
            await asyncio.to_thread(migrate_database, settings.database_url)
            await _create_accounts(settings, clock, simulator)
            account = (EXAMPLE_LABEL, DEMO_PASSWORD)
            app = create_app(settings, clock=clock, mail_server=PrintedMails(), demo_account=account)
            banner = _banner(simulator, address)
            await Server(app, lambda: print(banner, flush=True), grace_seconds=1).serve(sockets=[sock])

    with tempfile.TemporaryDirectory(prefix="tenant-gateway-") as folder:
        asyncio.run(serve(Path(folder)))
    return 0


def demo_settings(simulator: Simulator, folder: Path, address: str, *, nights: bool) -> Settings:
    """Settings that point at the simulator; the environment is not read."""
    return given_settings(
        environment="development",
        property_url=simulator.property_url,
        property_user=PROPERTY_USER,
        property_password=PROPERTY_PASSWORD,
        property_company=PROPERTY_COMPANY,
        billing_url=simulator.billing_url,
        billing_user=BILLING_USER,
        billing_secret=BILLING_SECRET,
        database_url=f"sqlite:///{folder / 'gateway.sqlite'}",
        public_url=address,
        secret_key=secrets.token_urlsafe(48),
        property_closure=Settings.model_fields["property_closure"].default if nights else "",
        billing_closure=Settings.model_fields["billing_closure"].default if nights else "",
        payment_page_url=simulator.payment_url,
        payment_site_id=PAYMENT_SITE,
        payment_test_key=PAYMENT_KEY,
        payment_return_urls=f"{address}/",
        hashing_queue_seconds=30,
        warm_up_at="",
    )


def _banner(simulator: Simulator, address: str) -> str:
    built = (BUILT / "index.html").exists()
    return _BANNER.format(
        address=address,
        page="GraphiQL in a browser" if built else "(`make graphiql` builds the page for browsers)",
        label=EXAMPLE_LABEL,
        password=DEMO_PASSWORD,
        newcomer=_newcomer(simulator),
        property_url=simulator.property_url,
        billing_url=simulator.billing_url,
        payment_url=simulator.payment_url,
        admin_url=simulator.admin_url,
        sign_in=json.dumps({"query": _SIGN_IN.format(label=EXAMPLE_LABEL, password=DEMO_PASSWORD)}),
        query=json.dumps({"query": _QUERY}),
    )


async def _create_accounts(settings: Settings, clock: Clock, simulator: Simulator) -> None:
    tools = build_tools(settings, clock)
    holders = _account_holders(simulator).items()
    await asyncio.gather(*(insert_account(tools, label, lease, DEMO_PASSWORD) for label, lease in holders))
    tools.passwords.close()
    await tools.store.close()


def _account_holders(simulator: Simulator) -> dict[str, str]:
    """Leases by label: the worked example, and the first tenant of each edge case."""
    first = (next(iter(simulator.landlord.with_case(case)), None) for case in Case)
    return {EXAMPLE_LABEL: EXAMPLE_LEASE} | {each.account_number: each.lease_reference for each in first if each}


def _newcomer(simulator: Simulator) -> str:
    holders = _account_holders(simulator)
    tenants = (tenant for tenant in simulator.landlord.tenants if tenant.account_number not in holders)
    somebody = next((each for each in tenants if each.principal.first_name and each.principal.email), None)
    if somebody is None:
        return "nobody: all the landlord's tenants have one"
    return f"{somebody.account_number}   {somebody.principal.first_name} {somebody.principal.last_name}"

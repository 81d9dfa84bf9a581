"""`simulate`: both legacy systems and the payment page alone, for front-end and load work."""

import argparse
import asyncio

from gateway.clock import clock_from, system_clock
from gateway.commands import CommandError
from gateway.commands.listening import stopped
from gateway.simulator import (
    BILLING_SECRET,
    BILLING_USER,
    PAYMENT_KEY,
    PAYMENT_PASSWORD,
    PAYMENT_SITE,
    PROPERTY_COMPANY,
    PROPERTY_PASSWORD,
    PROPERTY_USER,
    Simulator,
    SimulatorOptions,
    run_simulator,
)


def run(options: argparse.Namespace) -> int:
    """Serves until Ctrl-C."""
    asyncio.run(_simulate(options))
    return 0


async def _simulate(options: argparse.Namespace) -> None:
    simulated = SimulatorOptions(
        tenants=options.tenants,
        seed=options.seed,
        latency=options.latency,
        nights=options.nights,
        now=system_clock if options.now is None else clock_from(options.now),
        host=options.host,
        property_port=options.property_port,
        billing_port=options.billing_port,
        payment_port=options.payment_port,
        admin_port=options.admin_port,
        notification_url=options.notification_url,
    )
    try:
        async with run_simulator(simulated) as simulator:
            print(f"Property management (SOAP)  {simulator.property_url}   WSDL: {simulator.property_url}?wsdl")
            print(f"Billing (REST)              {simulator.billing_url}")
            print(f"Knobs and counters          {simulator.admin_url}")
            print(f"Payment page                {simulator.payment_url}")
            print(f"Its transactions            {simulator.payment_journal_url}   password {PAYMENT_PASSWORD}")
            print("For the .env of a gateway, with GATEWAY_PUBLIC_URL and GATEWAY_SECRET_KEY of its own:\n")
            print(_environment(simulator, nights=options.nights))
            print("\nPayments are told to --notification-url (…/payments/notification). Ctrl-C stops it.", flush=True)
            await stopped()
    except OSError as error:
        raise CommandError(f"cannot listen on {options.host}: {error.strerror or error}; choose other ports") from None


def _environment(simulator: Simulator, *, nights: bool) -> str:
    values = {
        "PROPERTY_URL": simulator.property_url,
        "PROPERTY_USER": PROPERTY_USER,
        "PROPERTY_PASSWORD": PROPERTY_PASSWORD,
        "PROPERTY_COMPANY": PROPERTY_COMPANY,
        "BILLING_URL": simulator.billing_url,
        "BILLING_USER": BILLING_USER,
        "BILLING_SECRET": BILLING_SECRET,
        "PAYMENT_PAGE_URL": simulator.payment_url,
        "PAYMENT_SITE_ID": PAYMENT_SITE,
        "PAYMENT_TEST_KEY": PAYMENT_KEY,
        "PAYMENT_RETURN_URLS": "http://127.0.0.1:8000/",
    }
    if not nights:  # the simulated systems are open all night
        values |= {"PROPERTY_CLOSURE": "", "BILLING_CLOSURE": ""}
    return "\n".join(f"GATEWAY_{name}={value}" for name, value in values.items())

"""`payments reconcile`: what the payment page holds to be paid against what billing shows, for operators."""

import argparse
import asyncio
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from gateway.clients.payment_page.journal import JournalMalformed, parse_journal
from gateway.clock import system_clock
from gateway.commands import CommandError
from gateway.errors import UpstreamError
from gateway.payments import Payments, Tools
from gateway.payments.reconciliation import Finding, Reconciliation
from gateway.sealing import Secrets
from gateway.settings import Settings, load_settings
from gateway.store import Store
from gateway.upstreams import open_billing

DAYS = 7


def run(options: argparse.Namespace) -> int:
    """Prints a line for each payment that differs; 0 where none does, 1 where some do."""
    today = system_clock().date()
    since, until = options.since or today - timedelta(days=DAYS), options.until or today
    journal = None if options.report is None else read_journal(options.report)
    found = asyncio.run(_reconcile(load_settings(), since, until, journal))
    for finding in found.findings:
        print(_described(finding))
    counts = f"{found.agreed} agree, {found.on_their_way} on their way, {len(found.findings)} to look at"
    print(f"{since} to {until}: {counts}")
    return 1 if found.findings else 0


def read_journal(file: Path) -> dict[str, int]:
    """The page's report. Raises CommandError."""
    try:
        return parse_journal(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None
    except (JournalMalformed, UnicodeDecodeError) as error:
        raise CommandError(f"{file} is no transaction report of the payment page: {error}") from None


async def _reconcile(settings: Settings, since: date, until: date, journal: dict[str, int] | None) -> Reconciliation:
    store, secrets = Store(settings.database_url), Secrets(settings.secret_keys)
    try:
        async with open_billing(settings, system_clock) as billing:
            payments = Payments(Tools(settings, system_clock, store, secrets, billing))
            return await payments.reconcile(since, until, journal)
    except UpstreamError as error:
        raise CommandError(f"billing cannot be asked now ({error.code}); try again later") from None
    finally:
        await store.close()


def _described(finding: Finding) -> str:
    return "  ".join(
        [
            f"{finding.difference.value:<16}",
            finding.reference,
            finding.account_number or "not placed here",
            f"{finding.started_on or '-'}",
            f"paid {_euros(finding.paid_cents)}",
            f"booked {_euros(finding.booked_cents)}",
            f"{finding.state or ''} {finding.flags}".strip(),
        ]
    ).rstrip()


def _euros(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"

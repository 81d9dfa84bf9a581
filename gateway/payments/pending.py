"""What has been paid and is not in the balance yet, and the balance that comes of it.

Billing computes the balance at 04:30 and dates it; a payment enters the ledger with its run (06:30 … 18:30), so it is
in every balance dated after that run and in none before. That is all that is asked: never when the gateway heard of it.
"""

from datetime import datetime

from gateway.models.balance import Balance
from gateway.models.dates import civil_date
from gateway.models.money import Money
from gateway.models.payment import Payment, PaymentState
from gateway.payments.lots import first_lot_of, run_of
from gateway.payments.rows import amount_of, present
from gateway.payments.tools import Tools
from gateway.store import Transaction, payments
from gateway.store.payment_tables import PaymentRow


async def fetch_pending(tx: Transaction, tools: Tools, balance: Balance) -> list[PaymentRow]:
    """Payments that the balance does not hold yet and will."""
    as_of = balance.freshness.as_of or balance.freshness.fetched_at
    keys = tools.account_keys(balance.account_number)
    paid = await payments.fetch_paid(tx, keys, first_lot_of(civil_date(as_of)))
    return [row for row in paid if not _is_in_balance(row, as_of)]


async def list_pending(tools: Tools, balance: Balance) -> tuple[Payment, ...]:
    """The same as their tenant sees them, the earliest first."""
    async with tools.store.read() as tx:
        return tuple(present(row) for row in await fetch_pending(tx, tools, balance))


async def expect_balance(tools: Tools, balance: Balance) -> Money:
    """The balance once pending payments are booked."""
    async with tools.store.read() as tx:
        return expected(balance, await fetch_pending(tx, tools, balance))


def expected(balance: Balance, pending: list[PaymentRow]) -> Money:
    """The balance less what is pending."""
    return Money.of(balance.amount.amount - sum(amount_of(row).amount for row in pending))


def _is_in_balance(row: PaymentRow, as_of: datetime) -> bool:
    if row.lot is None:
        return False
    run = run_of(row.lot)
    # A run of a form that nobody knows: booked is booked.
    return row.state == PaymentState.BOOKED.value if run is None else run <= as_of

"""Compares what is paid on the page with what billing shows, payment by payment, and says where they differ."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Final

from gateway.models.payment import DepositState, DepositStatus, PaymentState
from gateway.moments import DAY, milliseconds, moment_of
from gateway.payments.rows import open_particulars
from gateway.payments.tools import Tools
from gateway.store import payments
from gateway.store.payment_tables import PaymentRow

UNHURRIED: Final = 200
"""So many calls of billing may come at once; more are spread out: tenants need their share of its 500 a minute."""
PAUSE_SECONDS: Final = 0.25

_UNPAID: Final = frozenset(
    {PaymentState.STARTED, PaymentState.REFUSED, PaymentState.ABANDONED, PaymentState.EXPIRED, PaymentState.REFUNDED}
)


class Difference(Enum):
    """What is wrong with a payment."""

    PAID_NOT_BOOKED = "PAID_NOT_BOOKED"
    BOOKED_NOT_PAID = "BOOKED_NOT_PAID"
    AMOUNTS_DIFFER = "AMOUNTS_DIFFER"
    FLAGGED = "FLAGGED"


@dataclass(frozen=True, slots=True)
class Finding:
    """A payment that somebody must look at; amounts in cents. An order that the gateway never placed has no state."""

    difference: Difference
    reference: str
    paid_cents: int
    booked_cents: int
    account_number: str | None = None
    started_on: date | None = None
    state: str | None = None
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of a comparison; `on_their_way` are paid and will be booked by themselves."""

    findings: tuple[Finding, ...]
    agreed: int
    on_their_way: int


async def reconcile(tools: Tools, since: date, until: date, journal: Mapping[str, int] | None) -> Reconciliation:
    """Payments of these UTC days, both included. Raises UpstreamError.

    What is paid comes from the page's own report (cents by order) where there is one, else from its notifications.
    """
    rows = await _rows(tools, since, until, journal or {})
    orders = sorted({*rows, *(order for order, cents in (journal or {}).items() if cents)})
    findings, agreed, on_their_way = [], 0, 0
    for order in orders:
        row = rows.get(order)
        paid = journal.get(order, 0) if journal is not None else _heard(row)
        booked = _booked(await tools.billing.fetch_deposit_status(order))
        await asyncio.sleep(PAUSE_SECONDS if len(orders) > UNHURRIED else 0)
        if row is not None and not booked and paid and _is_fresh(tools, row):
            on_their_way += 1
        elif (finding := _compare(tools, order, row, paid, booked)) is not None:
            findings.append(finding)
        else:
            agreed += paid > 0  # where neither says anything, nothing agrees
    return Reconciliation(tuple(findings), agreed, on_their_way)


async def _rows(tools: Tools, since: date, until: date, journal: Mapping[str, int]) -> dict[str, PaymentRow]:
    begins, ends = _midnight(since), _midnight(until + timedelta(days=1))
    async with tools.store.read() as tx:
        # What is flagged belongs to every day, until somebody has looked at it.
        found = {row.id: row for row in await payments.fetch_between(tx, begins, ends)}
        rows = {
            key: row
            for key, row in found.items()
            if row.flags or begins <= (row.authorised_at or row.started_at) < ends
        }
        for order in journal.keys() - rows.keys():
            if (row := found.get(order) or await payments.fetch(tx, order)) is not None:
                rows[order] = row
    return rows


def _compare(tools: Tools, order: str, row: PaymentRow | None, paid: int, booked: int) -> Finding | None:
    if paid == booked and not (row is not None and row.flags):
        return None
    if paid == booked:
        difference = Difference.FLAGGED
    elif paid > 0 and booked > 0:
        difference = Difference.AMOUNTS_DIFFER
    else:
        difference = Difference.PAID_NOT_BOOKED if paid > booked else Difference.BOOKED_NOT_PAID
    if row is None:
        return Finding(difference, order, paid, booked)
    account_number = open_particulars(tools.secrets, row).account_number
    started_on = moment_of(row.started_at).date()
    return Finding(difference, order, paid, booked, account_number, started_on, row.state, row.flags)


def _heard(row: PaymentRow | None) -> int:
    return row.cents if row is not None and PaymentState(row.state) not in _UNPAID else 0


def _booked(status: DepositStatus | None) -> int:
    return 0 if status is None or status.state is DepositState.REJECTED else status.amount.cents


def _is_fresh(tools: Tools, row: PaymentRow) -> bool:
    recent = row.authorised_at is not None and tools.now() - row.authorised_at < DAY
    return row.state == PaymentState.AUTHORISED.value and recent


def _midnight(day: date) -> int:
    return milliseconds(datetime.combine(day, time(), UTC))

"""Takes in what the payment page reports: nothing else changes whether a payment is paid."""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from gateway.clients.payment_page.form import EURO, trans_date
from gateway.clients.payment_page.parsing import NotificationForged, NotificationMalformed, parse_notification
from gateway.models.dates import civil_date
from gateway.models.payment import PageReport, PageWord, PaymentState
from gateway.moments import milliseconds, moment_of
from gateway.payments.booking import UNDER_WAY
from gateway.payments.states import Flag, Step, next_step, with_flag
from gateway.payments.tools import Tools
from gateway.sealing import new_ordered_id
from gateway.store import Transaction, payments
from gateway.store.payment_tables import PageReportRow, PaymentRow

logger = logging.getLogger(__name__)


class Taken(Enum):
    """What became of a notification; only STORED tells the page not to come again."""

    STORED = "STORED"
    MALFORMED = "MALFORMED"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    ORDER_UNKNOWN = "ORDER_UNKNOWN"
    ORDER_DIFFERS = "ORDER_DIFFERS"
    NOT_AVAILABLE = "NOT_AVAILABLE"


async def take_notification(tools: Tools, body: bytes) -> Taken:
    """Checks and keeps a notification, and moves its payment on. Committed when this returns."""
    if not tools.settings.payment_keys:
        return Taken.NOT_AVAILABLE
    try:
        report = parse_notification(body, tools.settings.payment_keys)
    except NotificationMalformed:
        return _refused(Taken.MALFORMED)
    except NotificationForged:
        return _refused(Taken.SIGNATURE_INVALID)
    async with tools.store.write() as tx:
        row = await payments.fetch(tx, report.order_id, lock=True)
        if row is None:
            return _refused(Taken.ORDER_UNKNOWN)
        taken = await _take(tx, tools, row, report)
    tools.bell.ring()
    return taken


async def _take(tx: Transaction, tools: Tools, row: PaymentRow, report: PageReport) -> Taken:
    if row.mode != tools.settings.payment_mode or not _is_of_order(row, report):
        # The page's own word, and not what was asked for: kept for people to look at, believed in nothing.
        await _keep(tx, tools, row, report, Step(flag=Flag.MISMATCH))
        logger.error("payment %s: a notification (%s) differs from what was sent", row.id, report.status)
        return Taken.ORDER_DIFFERS
    step = next_step(PaymentState(row.state), report.word, told_billing=row.attempts > 0)
    if report.refund and report.word is PageWord.RETURNED and report.cents != row.cents:
        step = Step(flag=Flag.REFUNDED_IN_PART)
    if await _keep(tx, tools, row, report, step):
        logger.info("payment %s: %s, now %s", row.id, report.status, (step.state or PaymentState(row.state)).value)
    return Taken.STORED


async def _keep(tx: Transaction, tools: Tools, row: PaymentRow, report: PageReport, step: Step) -> bool:
    """Stores the notification with what it leads to; false where the very same is stored already."""
    now, report_id = tools.now(), new_ordered_id(tools.now())
    kept = PageReportRow(
        id=report_id,
        payment_id=row.id,
        at=now,
        status=report.status,
        flag=step.flag.value if step.flag else None,
        digest=_digest(report.fields),
        sealed=tools.secrets.seal("page-report", report_id, report.fields),
    )
    if not await payments.add_report(tx, kept):
        return False
    changes: dict[str, Any] = {}
    if step.flag is not None:
        logger.error("payment %s, %s: %s is to be looked at", row.id, row.state, step.flag.value)
        changes["flags"] = with_flag(row.flags, step.flag)
    if report.word is PageWord.WAITING and row.state == PaymentState.STARTED.value:
        changes["expires_at"] = now + UNDER_WAY  # it has been paid, as far as the payer knows: nothing else may start
    if step.state is not None:
        changes["state"] = step.state.value
    if step.state is PaymentState.AUTHORISED:
        paid_at = _paid_at(tools, row, report)
        changes |= {
            "authorised_at": milliseconds(paid_at),
            "value_date": civil_date(paid_at).isoformat(),
            "next_at": now,
        }
    if changes:
        await payments.change(tx, row.id, **changes)
    return True


def _is_of_order(row: PaymentRow, report: PageReport) -> bool:
    """Whether the notification is about what was sent: for refunds, which have numbers of their own, at most that."""
    if (report.site_id, report.mode, report.currency) != (row.site_id, row.mode, EURO):
        return False
    if report.refund:
        return report.cents <= row.cents
    sent = row.trans_id, trans_date(moment_of(row.started_at)), row.cents
    return (report.trans_id, report.trans_date, report.cents) == sent


def _paid_at(tools: Tools, row: PaymentRow, report: PageReport) -> datetime:
    """When the page says that it was paid, if that can be: a payment of the 10th counts from the 10th."""
    now = tools.clock().astimezone(UTC)
    earliest = moment_of(row.started_at).replace(microsecond=0)  # the page writes whole seconds
    paid_at = report.paid_at
    return paid_at if paid_at is not None and earliest <= paid_at <= now else now


def _digest(fields: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(fields.items())).encode()).hexdigest()


def _refused(taken: Taken) -> Taken:
    logger.warning("a notification of the payment page was refused: %s", taken.value)
    return taken

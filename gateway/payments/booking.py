"""Books paid payments at billing, once in effect: sent until it is known to be taken, followed until it is posted."""

import logging
from datetime import timedelta
from typing import Any, Final

from gateway.errors import UpstreamClosed, UpstreamError
from gateway.models.payment import DepositReceipt, DepositRefusal, DepositState, DepositStatus, PaymentState
from gateway.moments import DAY, HOUR, MINUTE, SECOND, milliseconds
from gateway.payments.lots import run_of
from gateway.payments.rows import amount_of, deposit_of, open_particulars
from gateway.payments.states import Flag, with_flag
from gateway.payments.tools import Tools
from gateway.store import Transaction, payments
from gateway.store.duties import Duty
from gateway.store.payment_tables import PaymentRow

BATCH: Final = 20
GRACE: Final = 60 * MINUTE
"""From its start on a payment may still be paid for so long: the page takes a form for 30 minutes, gives the payer 10
more, and tells it once more a quarter of an hour later. Only then may another payment be started."""
UNDER_WAY: Final = 7 * DAY
"""How long a payment that the page calls under way is waited for."""
AGAIN_WHEN_CLOSED: Final = 5 * MINUTE
LONGEST_WAIT: Final = 5 * MINUTE
"""Between two tries to deposit a payment."""
LATE: Final = DAY

logger = logging.getLogger(__name__)

Changes = dict[str, Any]


async def work_once(tools: Tools, duty: Duty) -> int:
    """Does what is due, while this node has the duty; how many payments were looked at."""
    done = await _expire_overdue(tools, duty)
    for _ in range(BATCH):
        if (row := await duty.take(payments.find_due)) is None:
            break
        if not await _advance(tools, row):
            break
        done += 1
    return done


async def _expire_overdue(tools: Tools, duty: Duty) -> int:
    async def look(tx: Transaction, now: int) -> list[PaymentRow] | None:
        return await payments.find_overdue(tx, now - GRACE, now) or None

    overdue = await duty.take(look) or []
    if overdue:
        async with tools.store.write() as tx:
            await payments.expire(tx, [row.id for row in overdue])
    return len(overdue)


async def _advance(tools: Tools, row: PaymentRow) -> bool:
    """Takes a payment one step further; false where billing is unwell and the others had better wait."""
    wait = min(5 * SECOND * 2 ** min(row.attempts, 10), LONGEST_WAIT)
    async with tools.store.write() as tx:
        # Before the call: a node that dies in it leaves a payment that is tried again, and known to be told of.
        if not await payments.note_attempt(tx, row.id, tools.now() + wait):
            return True
    try:
        changes = await (_deposit(tools, row) if row.lot is None else _follow(tools, row))
    except UpstreamError as error:
        return await _postpone(tools, row, error)
    except Exception as error:  # one payment that cannot be handled must not stop the others
        logger.error("payment %s: booking failed: %s", row.id, type(error).__name__)
        await _flag_if_late(tools, row)
        return True
    await _record(tools, row, changes)
    return True


async def _deposit(tools: Tools, row: PaymentRow) -> Changes:
    answer = await tools.billing.post_deposit(deposit_of(tools.secrets, row))
    if isinstance(answer, DepositReceipt):
        return _taken(tools, answer.lot)
    if answer is DepositRefusal.REFERENCE_TAKEN:
        status = await tools.billing.fetch_deposit_status(row.id)
        if status is None:
            return {}  # it cannot be both: asked again later
        if _is_same(tools, row, status):
            return _taken(tools, status.lot) | _flagged(row, Flag.BOOKED_DIFFERENTLY)
    elif row.attempts > 0:  # an earlier try whose answer was lost may have been taken, whatever billing says now
        status = await tools.billing.fetch_deposit_status(row.id)
        if status is not None and _is_same(tools, row, status):
            return _taken(tools, status.lot)
    return _rejected(row, answer.value)


async def _follow(tools: Tools, row: PaymentRow) -> Changes:
    status = await tools.billing.fetch_deposit_status(row.id)
    if status is None:
        logger.error("payment %s: billing has lost a deposit that it took; it is sent again", row.id)
        return {"lot": None, "next_at": tools.now() + MINUTE}
    match status.state:
        case DepositState.POSTED:
            changes: Changes = {"state": PaymentState.BOOKED.value, "lot": status.lot, "next_at": None}
            return changes if _is_same(tools, row, status) else changes | _flagged(row, Flag.BOOKED_DIFFERENTLY)
        case DepositState.REJECTED:
            return _rejected(row, status.reject_reason or status.state_code)
    wait = HOUR if status.state is DepositState.OTHER else 10 * MINUTE
    run = run_of(status.lot)
    late = run is not None and tools.now() > milliseconds(run) + LATE
    changes = {"lot": status.lot, "next_at": max(tools.now() + wait, _after_run(tools, status.lot))}
    return changes | _flagged(row, Flag.BOOKED_LATE) if late else changes


def _taken(tools: Tools, lot: str) -> Changes:
    return {"lot": lot, "attempts": 1, "next_at": _after_run(tools, lot)}


def _rejected(row: PaymentRow, reason: str) -> Changes:
    changes = {"state": PaymentState.REJECTED.value, "reason": reason[:200], "next_at": None}
    return changes | _flagged(row, Flag.NOT_BOOKED)


def _flagged(row: PaymentRow, flag: Flag) -> Changes:
    if flag.value not in row.flags.split():
        logger.error("payment %s: %s is to be looked at", row.id, flag.value)
    return {"flags": with_flag(row.flags, flag)}


def _after_run(tools: Tools, lot: str) -> int:
    run = run_of(lot)
    return tools.now() + HOUR if run is None else milliseconds(run + timedelta(minutes=1))


def _is_same(tools: Tools, row: PaymentRow, status: DepositStatus) -> bool:
    account_number = open_particulars(tools.secrets, row).account_number
    return (status.account_number, status.amount) == (account_number, amount_of(row))


async def _record(tools: Tools, row: PaymentRow, changes: Changes) -> None:
    if not changes:
        return
    async with tools.store.write() as tx:
        current = await payments.fetch(tx, row.id, lock=True)
        if current is None:
            return
        if current.state != PaymentState.AUTHORISED.value:
            # Given back meanwhile, and flagged: what billing has of it is kept for whoever looks.
            changes = {"lot": changes.get("lot", current.lot), "next_at": None}
        elif "flags" in changes:
            changes["flags"] = " ".join(sorted({*current.flags.split(), *str(changes["flags"]).split()}))
        await payments.change(tx, row.id, **changes)
    if changes.get("state") is not None:
        logger.info("payment %s: %s", row.id, changes["state"])
        tools.account_changed(open_particulars(tools.secrets, row).account_number)


async def _postpone(tools: Tools, row: PaymentRow, error: UpstreamError) -> bool:
    if isinstance(error, UpstreamClosed):
        async with tools.store.write() as tx:
            await payments.postpone_due(tx, tools.now(), tools.now() + AGAIN_WHEN_CLOSED)
            await payments.change(tx, row.id, next_at=tools.now() + AGAIN_WHEN_CLOSED)
    logger.info("payment %s waits: %s", row.id, error.code)
    await _flag_if_late(tools, row)
    return False


async def _flag_if_late(tools: Tools, row: PaymentRow) -> None:
    if row.lot is None and row.authorised_at is not None and tools.now() - row.authorised_at > LATE:
        await _record(tools, row, _flagged(row, Flag.BOOKED_LATE))

"""Starting a payment: the same key gives the same payment, one is open at a time, and none is above what is owed."""

import hashlib
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gateway.clients.payment_page.form import LAST_TRANS_ID, trans_date
from gateway.errors import BadUserInput, Unauthenticated
from gateway.models.account import RateLimited
from gateway.models.balance import AccountState, Balance
from gateway.models.money import Locale, Money
from gateway.models.payment import (
    PaymentRefusalReason,
    PaymentRefused,
    PaymentStarted,
    PaymentState,
    RentPaymentOrder,
)
from gateway.models.principal import Principal
from gateway.moments import HOUR, MINUTE, moment_of
from gateway.payments.booking import GRACE
from gateway.payments.pending import expected, fetch_pending
from gateway.payments.rows import Particulars, open_particulars, present, present_start
from gateway.payments.tools import Tools
from gateway.sealing import new_ordered_id
from gateway.store import Transaction, accounts, payments
from gateway.store.payment_tables import PaymentRow

HIGHEST: Final = Decimal("99999.99")
"""What billing takes in one deposit."""
STARTS_AN_HOUR: Final = 12

_KEY: Final = re.compile(r"[!-~]{8,128}")

logger = logging.getLogger(__name__)

StartOutcome = PaymentStarted | PaymentRefused | RateLimited


@dataclass(frozen=True, slots=True)
class Facts:
    """What is asked of billing, and only where it is needed: the balance, and whether a notice is the tenant's own."""

    load_balance: Callable[[], Awaitable[Balance | None]]
    has_notice: Callable[[str], Awaitable[bool]]


async def start_payment(
    tools: Tools, principal: Principal, order: RentPaymentOrder, locale: Locale, facts: Facts
) -> StartOutcome:
    """A payment to be made on the page. Raises BadUserInput, Unauthenticated, UpstreamError."""
    cents = _cents(order.amount)
    if not _KEY.fullmatch(order.idempotency_key):
        raise BadUserInput("idempotency_key_malformed")
    if (refused := _refused_unseen(tools, order)) is not None:
        return refused
    keys = tools.account_keys(principal.account_number)
    async with tools.store.read() as tx:
        known = await _find_known(tx, tools, keys, order)
    if known is not None:  # no need to ask billing, which may be closed
        return known
    balance = await facts.load_balance()
    if order.due_notice_id is not None and not await facts.has_notice(order.due_notice_id):
        return PaymentRefused(PaymentRefusalReason.DUE_NOTICE_UNKNOWN)
    async with tools.store.write() as tx:
        account = await accounts.fetch(tx, principal.account_id, lock=True)
        if account is None or account.closed_at is not None:
            raise Unauthenticated
        await _close_overdue(tx, tools, keys)
        refusal = await _find_known(tx, tools, keys, order) or await _find_obstacle(tx, tools, keys, order, balance)
        if refusal is not None:
            return refusal
        row = await _insert(tx, tools, principal, order, cents, locale)
    if row is None:
        logger.error("the shop's payment numbers of today are used up")
        return PaymentRefused(PaymentRefusalReason.NOT_AVAILABLE)
    return present_start(tools, row)


def _refused_unseen(tools: Tools, order: RentPaymentOrder) -> PaymentRefused | None:
    """Refusals for which nothing has to be looked up."""
    if tools.settings.payments_lack:
        return PaymentRefused(PaymentRefusalReason.NOT_AVAILABLE)
    if not any(place.admits(order.return_url) for place in tools.settings.payment_return_places):
        return PaymentRefused(PaymentRefusalReason.RETURN_URL_NOT_ALLOWED)
    if not 0 < order.amount <= HIGHEST:
        return PaymentRefused(PaymentRefusalReason.AMOUNT_OUT_OF_RANGE)
    return None


async def _find_known(
    tx: Transaction, tools: Tools, keys: tuple[str, ...], order: RentPaymentOrder
) -> PaymentStarted | PaymentRefused | None:
    """What the key stands for already, or else the payment that is on the page."""
    row = await payments.find_by_key(tx, keys, _key_hash(order))
    if row is not None:
        given = open_particulars(tools.secrets, row)
        same = (row.cents, given.due_notice_id, given.return_url) == (
            _cents(order.amount),
            order.due_notice_id,
            order.return_url,
        )
        return present_start(tools, row) if same else PaymentRefused(PaymentRefusalReason.KEY_REUSED, present(row))
    row = await payments.find_open(tx, keys)
    if row is None or _is_overdue(tools, row):
        return None
    return PaymentRefused(PaymentRefusalReason.OTHER_PAYMENT_OPEN, present(row))


async def _find_obstacle(
    tx: Transaction, tools: Tools, keys: tuple[str, ...], order: RentPaymentOrder, balance: Balance | None
) -> PaymentRefused | RateLimited | None:
    started = await payments.fetch_started_since(tx, keys, tools.now() - HOUR)
    if len(started) >= STARTS_AN_HOUR:
        return RateLimited(max(1, (started[-STARTS_AN_HOUR] + HOUR - tools.now()) // 1000))
    if balance is None or balance.freshness.stale:
        # Nobody is to pay what may have been paid otherwise since.
        return PaymentRefused(PaymentRefusalReason.BALANCE_UNKNOWN)
    if balance.state is AccountState.CLOSED:
        return PaymentRefused(PaymentRefusalReason.ACCOUNT_CLOSED)
    owed = expected(balance, await fetch_pending(tx, tools, balance)).amount
    if order.amount > owed and not tools.settings.payment_in_advance:
        return PaymentRefused(PaymentRefusalReason.AMOUNT_ABOVE_BALANCE, maximum=_at_least_nothing(owed))
    debit = balance.next_direct_debit
    if debit is not None and order.amount > owed - debit.amount.amount:
        maximum = _at_least_nothing(owed - debit.amount.amount)
        return PaymentRefused(PaymentRefusalReason.DIRECT_DEBIT_PLANNED, maximum=maximum)
    return None


async def _insert(
    tx: Transaction, tools: Tools, principal: Principal, order: RentPaymentOrder, cents: int, locale: Locale
) -> PaymentRow | None:
    now, settings = tools.now(), tools.settings
    assert settings.payment_site_id is not None
    trans_day = trans_date(moment_of(now))[:8]
    number = await payments.reserve_number(tx, settings.payment_site_id, trans_day, LAST_TRANS_ID)
    if number is None:
        return None
    payment_id = new_ordered_id(now)
    particulars = Particulars(principal.account_number, order.due_notice_id, order.return_url, locale)
    row = PaymentRow(
        id=payment_id,
        account_key=tools.account_keys(principal.account_number)[0],
        key_hash=_key_hash(order),
        state=PaymentState.STARTED.value,
        cents=cents,
        sealed=particulars.seal(tools.secrets, payment_id),
        site_id=settings.payment_site_id,
        mode=settings.payment_mode,
        trans_day=trans_day,
        trans_id=f"{number:06d}",
        started_at=now,
        expires_at=now + settings.payment_minutes * MINUTE,
    )
    await payments.insert(tx, row)
    return row


async def _close_overdue(tx: Transaction, tools: Tools, keys: tuple[str, ...]) -> None:
    """What the worker has not come to yet must not be in the way."""
    overdue = await payments.find_overdue(tx, tools.now() - GRACE, tools.now(), keys)
    await payments.expire(tx, [row.id for row in overdue])


def _is_overdue(tools: Tools, row: PaymentRow) -> bool:
    return row.started_at + GRACE <= tools.now() and row.expires_at <= tools.now()


def _cents(amount: Decimal) -> int:
    cents = amount.scaleb(2)
    if cents != cents.to_integral_value():
        raise BadUserInput("amount_malformed")
    return int(cents)


def _key_hash(order: RentPaymentOrder) -> str:
    """A plain digest: only beside an account's key, which is a keyed one, does it name anything."""
    return hashlib.sha256(order.idempotency_key.encode()).hexdigest()


def _at_least_nothing(amount: Decimal) -> Money:
    return Money.of(max(amount, Decimal(0)))

"""Rent paid on line: the payment as the gateway follows it, and the deposit (encaissement) as billing does."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from gateway.models.lease import PaymentMode
from gateway.models.money import Money
from gateway.models.node import node_id
from gateway.models.problem import ProblemCode


class PaymentState(Enum):
    """Where a payment stands; `gateway/payments/states.py` draws the ways between."""

    STARTED = "STARTED"
    AUTHORISED = "AUTHORISED"
    BOOKED = "BOOKED"
    REJECTED = "REJECTED"
    REFUSED = "REFUSED"
    ABANDONED = "ABANDONED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as its tenant sees it; `booked_on` is the day on which it came into the ledger."""

    key: str
    amount: Money
    state: PaymentState
    started_at: datetime
    authorised_at: datetime | None
    booked_on: date | None

    @property
    def id(self) -> str:
        """Unique across the graph."""
        return node_id("Payment", self.key)


@dataclass(frozen=True, slots=True)
class RentPaymentOrder:
    """What a tenant asks to pay; `idempotency_key` makes asking again harmless."""

    amount: Decimal
    due_notice_id: str | None
    return_url: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of the form that takes the tenant to the payment page."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class PaymentStarted:
    """The form to send, while the payment is STARTED; until then `form_fields` hold what the page needs."""

    payment: Payment
    form_action: str
    form_fields: tuple[FormField, ...]
    expires_at: datetime


class PaymentRefusalReason(Enum):
    """Why a payment is not started."""

    NOT_AVAILABLE = "NOT_AVAILABLE"
    RETURN_URL_NOT_ALLOWED = "RETURN_URL_NOT_ALLOWED"
    AMOUNT_OUT_OF_RANGE = "AMOUNT_OUT_OF_RANGE"
    AMOUNT_ABOVE_BALANCE = "AMOUNT_ABOVE_BALANCE"
    DIRECT_DEBIT_PLANNED = "DIRECT_DEBIT_PLANNED"
    BALANCE_UNKNOWN = "BALANCE_UNKNOWN"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    DUE_NOTICE_UNKNOWN = "DUE_NOTICE_UNKNOWN"
    OTHER_PAYMENT_OPEN = "OTHER_PAYMENT_OPEN"
    KEY_REUSED = "KEY_REUSED"


_CONFLICTS = {PaymentRefusalReason.OTHER_PAYMENT_OPEN, PaymentRefusalReason.KEY_REUSED}


@dataclass(frozen=True, slots=True)
class PaymentRefused:
    """Nothing was started. `conflicts_with` is the payment in the way, `maximum` what could be paid now."""

    reason: PaymentRefusalReason
    conflicts_with: Payment | None = None
    maximum: Money | None = None

    @property
    def problem_code(self) -> ProblemCode:
        """CONFLICT where another payment is in the way."""
        return ProblemCode.CONFLICT if self.reason in _CONFLICTS else ProblemCode.PAYMENT_REFUSED


class PageWord(Enum):
    """What a notification of the payment page comes down to."""

    PAID = "PAID"
    REFUSED = "REFUSED"
    ABANDONED = "ABANDONED"
    EXPIRED = "EXPIRED"
    RETURNED = "RETURNED"
    WAITING = "WAITING"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class PageReport:
    """A notification whose signature is right; amounts in cents, `trans_date` as written, `paid_at` where it says.

    `refund` where money goes back to the tenant; its `trans_id` and `trans_date` are then those of the refund.
    """

    order_id: str
    site_id: str
    mode: str
    currency: str
    cents: int
    trans_id: str
    trans_date: str
    refund: bool
    word: PageWord
    status: str
    paid_at: datetime | None
    fields: dict[str, str] = field(repr=False)


class DepositState(Enum):
    """What billing has done with a deposited payment."""

    PENDING = "PENDING"
    POSTED = "POSTED"
    REJECTED = "REJECTED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Deposit:
    """A payment to be booked; `external_reference` makes repeating it harmless."""

    account_number: str
    amount: Money
    mode: PaymentMode
    external_reference: str
    value_date: date


@dataclass(frozen=True, slots=True)
class DepositReceipt:
    """Billing has the deposit; `already_known` where it had it before."""

    lot: str
    already_known: bool


class DepositRefusal(Enum):
    """Why billing does not take a deposit; repeating it is of no use."""

    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    REFERENCE_TAKEN = "REFERENCE_TAKEN"
    MALFORMED = "MALFORMED"


@dataclass(frozen=True, slots=True)
class DepositStatus:
    """How far a deposit has come; `entry_id` is its ledger entry once posted."""

    external_reference: str
    account_number: str
    amount: Money
    state: DepositState
    state_code: str
    lot: str
    entry_id: str | None
    reject_reason: str | None

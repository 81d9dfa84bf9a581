"""Rent paid on line."""

from datetime import date, datetime
from decimal import Decimal

import strawberry

from gateway.models import payment
from gateway.resolvers.payment import resolve_reason
from gateway.schema.common import Money, Node
from gateway.schema.fields import described, fetched, plain, shows
from gateway.schema.problem import Problem

described(
    payment.PaymentState,
    "Where a payment stands.",
    STARTED="The tenant is on the payment page.",
    AUTHORISED="Paid; on its way into the ledger.",
    BOOKED="In the ledger; the balance holds it from the next night on.",
    REJECTED="Paid, but billing could not book it; staff look at it.",
    REFUSED="The bank refused it; nothing was paid.",
    ABANDONED="The tenant left the payment page; nothing was paid.",
    EXPIRED="Nothing was heard of it in time. Should it turn out to have been paid, it becomes AUTHORISED.",
    REFUNDED="Given back to the tenant.",
)
described(
    payment.PaymentRefusalReason,
    "Why a payment was not started.",
    NOT_AVAILABLE="Paying on line is not possible now, or not at all.",
    RETURN_URL_NOT_ALLOWED="`returnUrl` is none of the landlord's addresses.",
    AMOUNT_OUT_OF_RANGE="The amount is not above 0, or above 99999.99.",
    AMOUNT_ABOVE_BALANCE="The amount is more than `balance.expected`.",
    DIRECT_DEBIT_PLANNED="A direct debit is planned that covers it.",
    BALANCE_UNKNOWN="What is owed cannot be read just now; try later.",
    ACCOUNT_CLOSED="The rent account is closed.",
    DUE_NOTICE_UNKNOWN="The due notice is none of the tenant's.",
    OTHER_PAYMENT_OPEN="Another payment is open: `conflictsWith`.",
    KEY_REUSED="The key was used for another amount, notice or address: `conflictsWith`.",
)


@shows(payment.Payment, "A payment of the rent by card, made on the landlord's payment page.")
class Payment(Node):
    """A payment."""

    amount: Money = plain("What is paid.")
    state: payment.PaymentState = plain("Where it stands.")
    started_at: datetime = plain("When it was started.")
    authorised_at: datetime | None = plain("When it was paid.")
    booked_on: date | None = plain("The day on which it came into the ledger; null before.")
    reason: str | None = fetched(resolve_reason, "Why it was refused, rejected, given back or has expired, for people.")


@strawberry.input(description="What is to be paid.")
class StartRentPaymentInput:
    """A payment to start."""

    amount: Decimal = plain("At most `balance.expected`, unless advance payment is allowed.")
    due_notice_id: strawberry.ID | None = strawberry.field(
        default=None, description="The `id` of the due notice that it is for, where it is for one."
    )
    return_url: str = plain("Where the page sends the tenant back to: one of the landlord's addresses.")
    idempotency_key: str = plain(
        "8 to 128 visible ASCII characters, new for each payment that is meant: the same key gives the same payment."
    )


@shows(payment.FormField, "A hidden field of a form.")
class FormField:
    """A field of a form."""

    name: str = plain("Its name.")
    value: str = plain("Its value.")


@shows(payment.PaymentStarted, "A payment to be made on the payment page; card data never touch this gateway.")
class PaymentStarted:
    """A started payment."""

    payment: Payment = plain("The payment. The same key gives the same one again, as it stands now.")
    form_action: str = plain("Send the fields there with POST, as a form.")
    form_fields: list[FormField] = plain(
        "All of them, unchanged. Empty once the payment is over or out of time: then there is nothing to send.",
        size=30,
    )
    expires_at: datetime = plain("Until then the form can be sent.")


@shows(payment.PaymentRefused, "Nothing was started.")
class PaymentRefused(Problem):
    """A refused payment."""

    reason: payment.PaymentRefusalReason = plain("Why, for programs.")
    conflicts_with: Payment | None = plain("The payment in the way, where `code` is CONFLICT.")
    maximum: Money | None = plain("What could be paid now, where the amount is what is wrong.")

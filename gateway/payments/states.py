"""The ways of a payment between its states.

    STARTED ──paid──► AUTHORISED ──posted to the ledger──► BOOKED
       │                  └──────refused by billing──────► REJECTED
       ├──refused──► REFUSED      a late word that it was paid leads from these three to AUTHORISED all the same:
       ├──left─────► ABANDONED    the money has been taken, so it must be booked. That is also flagged: another
       └──in time──► EXPIRED      payment may have been started meanwhile.

    Money given back leads from anywhere to REFUNDED, and from there nothing leads on.

Whatever else the page says changes nothing: kept, and flagged where it contradicts what was known.
"""

from dataclasses import dataclass
from enum import Enum

from gateway.models.payment import PageWord, PaymentState


class Flag(Enum):
    """What staff must look at."""

    PAID_AFTER_ALL = "PAID_AFTER_ALL"
    CONTRADICTED = "CONTRADICTED"
    MISMATCH = "MISMATCH"
    STATUS_UNKNOWN = "STATUS_UNKNOWN"
    REFUNDED_IN_PART = "REFUNDED_IN_PART"
    REFUNDED_AFTER_BOOKING = "REFUNDED_AFTER_BOOKING"
    NOT_BOOKED = "NOT_BOOKED"
    BOOKED_DIFFERENTLY = "BOOKED_DIFFERENTLY"
    BOOKED_LATE = "BOOKED_LATE"


@dataclass(frozen=True, slots=True)
class Step:
    """What a word of the page leads to: another state, a flag, both or nothing."""

    state: PaymentState | None = None
    flag: Flag | None = None


_NOTHING = Step()
_ENDS = {
    PageWord.REFUSED: PaymentState.REFUSED,
    PageWord.ABANDONED: PaymentState.ABANDONED,
    PageWord.EXPIRED: PaymentState.EXPIRED,
}
_UNPAID = frozenset({PaymentState.REFUSED, PaymentState.ABANDONED, PaymentState.EXPIRED})


def next_step(state: PaymentState, word: PageWord, *, told_billing: bool) -> Step:
    """Where a word of the page leads; `told_billing` where the payment was sent there, or may have been."""
    match word:
        case PageWord.WAITING:
            return _NOTHING
        case PageWord.OTHER:
            return Step(flag=Flag.STATUS_UNKNOWN)
        case PageWord.PAID:
            return _when_paid(state)
        case PageWord.RETURNED:
            return _when_returned(state, told_billing)
    if state is PaymentState.STARTED:
        return Step(_ENDS[word])
    return _NOTHING if state in _UNPAID else Step(flag=Flag.CONTRADICTED)


def with_flag(flags: str, flag: Flag) -> str:
    """The flags with one more."""
    return " ".join(sorted({*flags.split(), flag.value}))


def _when_paid(state: PaymentState) -> Step:
    match state:
        case PaymentState.STARTED:
            return Step(PaymentState.AUTHORISED)
        case PaymentState.REFUSED | PaymentState.ABANDONED | PaymentState.EXPIRED:
            return Step(PaymentState.AUTHORISED, Flag.PAID_AFTER_ALL)
        case PaymentState.REFUNDED:
            return Step(flag=Flag.CONTRADICTED)
    return _NOTHING


def _when_returned(state: PaymentState, told_billing: bool) -> Step:
    match state:
        case PaymentState.REFUNDED:
            return _NOTHING
        case PaymentState.REFUSED | PaymentState.ABANDONED:
            return Step(PaymentState.REFUNDED, Flag.CONTRADICTED)
        case PaymentState.AUTHORISED | PaymentState.BOOKED if told_billing:
            return Step(PaymentState.REFUNDED, Flag.REFUNDED_AFTER_BOOKING)
    return Step(PaymentState.REFUNDED)

"""Payments received (encaissements), as billing takes and follows them."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from gateway.models.lease import PaymentMode
from gateway.models.money import Money


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

"""A rent account's balance (solde) as billing computed it last night."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from gateway.models.freshness import Freshness
from gateway.models.money import Money


class BalanceDirection(Enum):
    """Who owes whom."""

    OWED = "OWED"
    SETTLED = "SETTLED"
    IN_CREDIT = "IN_CREDIT"


class AccountState(Enum):
    """Whether the rent account still takes entries."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class PlannedDebit:
    """The next direct debit that billing has planned."""

    on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """An agreed plan to pay arrears (plan d'apurement)."""

    monthly: Money
    remaining: Money
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Balance:
    """Positive amounts are owed by the tenant; `due` is the part whose date limit has passed."""

    account_number: str
    amount: Money
    due: Money
    state: AccountState
    state_code: str
    next_direct_debit: PlannedDebit | None
    payment_plan: PaymentPlan | None
    freshness: Freshness

    @property
    def direction(self) -> BalanceDirection:
        """OWED, SETTLED or IN_CREDIT, from the amount's sign."""
        if self.amount.cents > 0:
            return BalanceDirection.OWED
        return BalanceDirection.IN_CREDIT if self.amount.cents < 0 else BalanceDirection.SETTLED

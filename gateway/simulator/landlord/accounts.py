"""What billing holds about a tenant: ledger entries, due notices, plan; money in cents, positive = the tenant owes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.simulator.landlord.calendar import Month


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger entry; ``posted_at`` is local time without offset, as billing writes it."""

    id: str
    value_date: date
    posted_at: datetime
    period: Month | None
    kind: str
    label: str
    debit_cents: int | None
    credit_cents: int | None
    reject_reason: str | None = None
    external_reference: str | None = None
    balance_after_cents: int = 0

    @property
    def signed_cents(self) -> int:
        """What the entry adds to what the tenant owes."""
        return (self.debit_cents or 0) - (self.credit_cents or 0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a due notice."""

    code: str
    label: str
    debit_cents: int | None
    credit_cents: int | None
    quantity_thousandths: int | None = None
    unit: str | None = None

    @property
    def signed_cents(self) -> int:
        """What the line adds to what the tenant owes."""
        return (self.debit_cents or 0) - (self.credit_cents or 0)


@dataclass(frozen=True, slots=True)
class Notice:
    """A due notice with its lines; ``document`` is the state the world starts with."""

    id: str
    account_number: str
    period: Month
    issued_on: date
    due_on: date
    direct_debit_on: date | None
    previous_balance_cents: int
    payment_mode: str
    tip_reference: str | None
    mandate_reference: str | None
    receipt: str | None
    document: str
    lines: tuple[Line, ...]

    @property
    def total_cents(self) -> int:
        """The month's total."""
        return sum(line.signed_cents for line in self.lines)

    @property
    def amount_due_cents(self) -> int:
        """What is to be paid, arrears included."""
        return self.previous_balance_cents + self.total_cents


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """A plan to pay arrears off."""

    monthly_cents: int
    remaining_cents: int
    end_date: date


@dataclass(frozen=True, slots=True)
class Account:
    """An account: entries oldest first, notices newest first."""

    number: str
    state_code: str
    entries: tuple[Entry, ...]
    notices: tuple[Notice, ...]
    direct_debit_on: date | None = None
    plan: PaymentPlan | None = None


def chained(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries in the order of posting, each with the balance after it."""
    balance = 0
    found = []
    for entry in sorted(entries, key=lambda each: (each.posted_at, each.id)):
        balance += entry.signed_cents
        found.append(replace(entry, balance_after_cents=balance))
    return tuple(found)

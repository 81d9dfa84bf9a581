"""What the page remembers: transactions, their true status, and every notification with the shop's answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

STATUSES: Final = frozenset(
    {
        *("AUTHORISED", "AUTHORISED_TO_VALIDATE", "CAPTURED", "REFUSED", "ABANDONED", "CANCELLED", "EXPIRED"),
        *("CAPTURE_FAILED", "UNDER_VERIFICATION"),
    }
)
_PAID: Final = frozenset({"AUTHORISED", "CAPTURED"})


class Outcome(StrEnum):
    """What becomes of a payer on the page."""

    PAY = "AUTHORISED"
    REFUSE = "REFUSED"
    ABANDON = "ABANDONED"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a notification; without status the shop did not answer, or a fault kept the two apart."""

    at: datetime
    source: str
    """``vads_url_check_src``"""
    status: int | None
    fault: str = ""
    """The kind of fault that struck, or how the notification was forged."""


@dataclass(slots=True)
class Notification:
    """What the shop is to hear about a transaction, and how often it was told."""

    order_id: str
    url: str
    source: str
    fields: Mapping[str, str]
    """All but ``vads_url_check_src`` and the signature, as of the moment of the event."""
    attempts: list[Attempt] = field(default_factory=list)
    taken: bool = False
    """Whether the page holds it for received: an accepted status, that it has heard."""
    given_up: bool = False
    failures: int = 0
    """How often it was not taken."""


@dataclass(slots=True)
class Transaction:
    """One form and what became of it; ``status`` is None while the payer is on the page."""

    form: Mapping[str, str]
    uuid: str
    token: str
    """Names the page of this payer in its address."""
    opened_at: datetime
    amount_cents: int
    status: str | None = None
    direction: str = "DEBIT"
    """``CREDIT`` for a refund, which is a transaction of its own with the same order number."""
    brand: str = "CB"
    decided_at: datetime | None = None
    notifications: list[Notification] = field(default_factory=list)

    @property
    def order_id(self) -> str:
        """The shop's order number, empty when the form had none."""
        return self.form.get("vads_order_id", "")

    @property
    def paid_cents(self) -> int:
        """What the payer has paid (positive) or got back (negative) by this transaction."""
        if self.status not in _PAID:
            return 0
        return self.amount_cents if self.direction == "DEBIT" else -self.amount_cents


class Transactions:
    """All transactions of one shop, in order of their forms."""

    def __init__(self) -> None:
        self.all: list[Transaction] = []
        self._by_token: dict[str, Transaction] = {}
        self._by_order: dict[str, list[Transaction]] = {}
        self._used: set[tuple[str, str]] = set()
        self.open: dict[str, Transaction] = {}
        """Those whose payer is on the page, by token."""

    def is_used(self, day: str, trans_id: str) -> bool:
        """Whether a form of that UTC day (AAAAMMJJ) had this number already."""
        return (day, trans_id) in self._used

    def add(self, transaction: Transaction) -> None:
        """Remembers one."""
        self.all.append(transaction)
        self._by_token[transaction.token] = transaction
        self._by_order.setdefault(transaction.order_id, []).append(transaction)
        self._used.add((transaction.form["vads_trans_date"][:8], transaction.form["vads_trans_id"]))
        if transaction.status is None:
            self.open[transaction.token] = transaction

    def with_token(self, token: str) -> Transaction | None:
        """The transaction of that page."""
        return self._by_token.get(token)

    def of_order(self, order_id: str) -> list[Transaction]:
        """Payments and refunds of an order, oldest first."""
        return list(self._by_order.get(order_id, ()))

    def payment(self, order_id: str) -> Transaction:
        """The latest payment of an order; KeyError when there is none."""
        payments = [each for each in self._by_order.get(order_id, ()) if each.direction == "DEBIT"]
        if not payments:
            raise KeyError(order_id)
        return payments[-1]

    def paid_cents(self) -> dict[str, int]:
        """What is paid by order number, refunds taken off; only orders with more than nothing."""
        sums: dict[str, int] = {}
        for each in self.all:
            sums[each.order_id] = sums.get(each.order_id, 0) + each.paid_cents
        return {order_id: cents for order_id, cents in sums.items() if cents}

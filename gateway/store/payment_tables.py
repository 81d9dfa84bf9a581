"""The tables about rent paid on line: payments, what the page said of them, and the numbers given out."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ForeignKey, Index, Table, UniqueConstraint

from gateway.store.columns import NOTHING, count, moment, text
from gateway.store.tables import METADATA

_PAYMENT: Final = "13 months after its start: so long can a card payment be disputed"
_NUMBER: Final = "the day after"

PAYMENTS: Final = Table(
    "payments",
    METADATA,
    # Also the page's order id and billing's external reference.
    text("id", primary_key=True, holds="pseudonym of the payment", until=_PAYMENT),
    text("account_key", holds="pseudonym: keyed digest of the rent account's number", until=_PAYMENT),
    text("key_hash", holds=f"{NOTHING}; digest of the idempotency key", until=_PAYMENT),
    text("state", holds="what became of the payment", until=_PAYMENT),
    count("cents", holds="the amount paid", until=_PAYMENT),
    text("sealed", holds="rent account's number, due notice, return address and language, sealed", until=_PAYMENT),
    text("site_id", holds=NOTHING, until=_PAYMENT),
    text("mode", holds=NOTHING, until=_PAYMENT),
    text("trans_day", holds="day of the payment, UTC", until=_PAYMENT),
    text("trans_id", holds="pseudonym of the payment at the page", until=_PAYMENT),
    moment("started_at", holds="when the tenant asked to pay", until=_PAYMENT),
    moment("expires_at", until=_PAYMENT),
    moment("authorised_at", nullable=True, holds="when the tenant paid", until=_PAYMENT),
    text("value_date", nullable=True, holds="day of the payment, Paris", until=_PAYMENT),
    text("lot", nullable=True, holds=f"{NOTHING}; billing's booking run", until=_PAYMENT),
    text("reason", nullable=True, holds="why billing did not book it", until=_PAYMENT),
    text("flags", holds="what staff must look at", until=_PAYMENT),
    count("attempts", until=_PAYMENT),
    moment("next_at", nullable=True, until=_PAYMENT),
    UniqueConstraint("account_key", "key_hash"),
    UniqueConstraint("site_id", "trans_day", "trans_id"),
)
# One tenant is on the page at a time, whatever else goes wrong.
OPEN_PAYMENTS: Final = Index(
    "uq_payments_open_account_key",
    PAYMENTS.c.account_key,
    unique=True,
    sqlite_where=PAYMENTS.c.state == "STARTED",
    postgresql_where=PAYMENTS.c.state == "STARTED",
)
Index("ix_payments_state_next_at", PAYMENTS.c.state, PAYMENTS.c.next_at)
Index("ix_payments_started_at", PAYMENTS.c.started_at)

PAGE_REPORTS: Final = Table(
    "page_reports",
    METADATA,
    text("id", primary_key=True, holds=NOTHING, until=_PAYMENT),
    text(
        "payment_id",
        ForeignKey("payments.id", ondelete="CASCADE"),
        holds="pseudonym of the payment",
        until=_PAYMENT,
    ),
    moment("at", holds="when the page reported", until=_PAYMENT),
    text("status", holds="what became of the payment", until=_PAYMENT),
    text("flag", nullable=True, holds="whether it contradicts what was known", until=_PAYMENT),
    text("digest", holds=f"{NOTHING}; digest of the notification", until=_PAYMENT),
    text("sealed", holds="the whole notification (masked card number, bank, country), sealed", until=_PAYMENT),
    UniqueConstraint("payment_id", "digest"),
)

PAYMENT_NUMBERS: Final = Table(
    "payment_numbers",
    METADATA,
    text("site_id", primary_key=True, holds=NOTHING, until=_NUMBER),
    text("trans_day", primary_key=True, holds=NOTHING, until=_NUMBER),
    count("last", until=_NUMBER),
)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment as stored; moments in milliseconds, `value_date` in ISO 8601, `flags` separated by blanks."""

    id: str
    account_key: str
    key_hash: str
    state: str
    cents: int
    sealed: str
    site_id: str
    mode: str
    trans_day: str
    trans_id: str
    started_at: int
    expires_at: int
    authorised_at: int | None = None
    value_date: str | None = None
    lot: str | None = None
    reason: str | None = None
    flags: str = ""
    attempts: int = 0
    next_at: int | None = None


@dataclass(frozen=True, slots=True)
class PageReportRow:
    """A notification of the page as stored."""

    id: str
    payment_id: str
    at: int
    status: str
    flag: str | None
    digest: str
    sealed: str

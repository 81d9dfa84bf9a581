"""Due notices (avis d'échéance): what a month costs, line by line."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness
from gateway.models.lease import PaymentMode
from gateway.models.money import Money
from gateway.models.node import node_id


class DueNoticeCategory(Enum):
    """What a line of a due notice is for."""

    RENT = "RENT"
    CHARGES = "CHARGES"
    WATER = "WATER"
    HEATING = "HEATING"
    PARKING = "PARKING"
    SURCHARGE = "SURCHARGE"
    BENEFIT = "BENEFIT"
    ADJUSTMENT = "ADJUSTMENT"
    PAYMENT_PLAN = "PAYMENT_PLAN"
    MISC = "MISC"
    OTHER = "OTHER"


class Receipt(Enum):
    """Whether a receipt exists: none (or none that we know of), for a part (reçu), in full (quittance)."""

    NONE = "NONE"
    PARTIAL = "PARTIAL"
    FULL = "FULL"


class DocumentState(Enum):
    """Whether billing has the notice's PDF."""

    AVAILABLE = "AVAILABLE"
    PENDING = "PENDING"
    MISSING = "MISSING"
    OTHER = "OTHER"


class DueNoticeLine(Struct, frozen=True, gc=False, array_like=True):
    """`amount` is signed: what the tenant is charged is positive, a benefit negative."""

    code: str
    label: str
    category: DueNoticeCategory
    amount: Money
    quantity: Decimal | None
    unit: str | None


class DueNotice(Struct, frozen=True, gc=False, array_like=True):
    """A notice; `number` is its id at billing. `previous_balance` + `period_total` = `amount_due`, positive = owed."""

    number: str
    account_number: str
    period: YearMonth
    issued_on: date | None
    due_on: date | None
    direct_debit_on: date | None
    previous_balance: Money
    period_total: Money
    amount_due: Money
    payment_mode: PaymentMode
    payment_mode_code: str
    tip_reference: str | None
    sepa_mandate_reference: str | None
    receipt: Receipt
    receipt_code: str | None
    document: DocumentState
    document_code: str
    lines: tuple[DueNoticeLine, ...]
    freshness: Freshness

    @property
    def id(self) -> str:
        """Unique across the graph."""
        return node_id("DueNotice", self.number)

    @property
    def file_name(self) -> str:
        """What its PDF is called where it is saved: a notice that is paid serves as a receipt (quittance, reçu)."""
        return f"{_FILE_NAMES[self.receipt]}-{self.period}.pdf"


_FILE_NAMES = {Receipt.NONE: "avis-echeance", Receipt.PARTIAL: "recu", Receipt.FULL: "quittance"}


@dataclass(frozen=True, slots=True)
class Document:
    """A notice's PDF, and the address that it has for one session until `expires_at`."""

    notice: DueNotice
    url: str
    expires_at: datetime
    content_type: str = "application/pdf"

    @property
    def ready(self) -> bool:
        """Whether billing has drawn it."""
        return self.notice.document is DocumentState.AVAILABLE

    @property
    def file_name(self) -> str:
        """What it is called where it is saved."""
        return self.notice.file_name


@dataclass(frozen=True, slots=True)
class DocumentPending:
    """Billing is still drawing the PDF; to be asked for again after so many seconds."""

    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class DocumentStream:
    """Billing's answer to a request for a PDF: status 200, 206, 304 or 416, headers, and the bytes as they come.

    `headers` holds ETag, Content-Length, Content-Range and Accept-Ranges, those that were sent.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]

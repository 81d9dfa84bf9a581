"""The ledger (mouvements): what makes the balance, entry by entry."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from msgspec import Struct

from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness
from gateway.models.money import Money


class LedgerKind(Enum):
    """What an entry of the ledger is."""

    RENT_CALL = "RENT_CALL"
    DIRECT_DEBIT = "DIRECT_DEBIT"
    CARD = "CARD"
    TRANSFER = "TRANSFER"
    TIP = "TIP"
    CHEQUE = "CHEQUE"
    CASH = "CASH"
    HOUSING_BENEFIT = "HOUSING_BENEFIT"
    DIRECT_DEBIT_REJECTED = "DIRECT_DEBIT_REJECTED"
    CHARGE_ADJUSTMENT = "CHARGE_ADJUSTMENT"
    WATER_ADJUSTMENT = "WATER_ADJUSTMENT"
    SOLIDARITY_SURCHARGE = "SOLIDARITY_SURCHARGE"
    DEPOSIT = "DEPOSIT"
    REFUND = "REFUND"
    WRITE_OFF = "WRITE_OFF"
    OTHER = "OTHER"


class LedgerEntry(Struct, frozen=True, gc=False, array_like=True):
    """One entry: `debit` raises what the tenant owes, `credit` lowers it; `posted_at` in UTC.

    `running_balance` is the balance after it, positive = owed. `reject_reason` is the bank's raw SEPA code.
    """

    id: str
    value_date: date
    posted_at: datetime
    period: YearMonth | None
    kind: LedgerKind
    kind_code: str
    label: str
    debit: Money | None
    credit: Money | None
    running_balance: Money | None
    reject_reason: str | None
    external_reference: str | None
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One page of billing's answer, newest first; `last` where nothing follows."""

    entries: tuple[LedgerEntry, ...]
    last: bool

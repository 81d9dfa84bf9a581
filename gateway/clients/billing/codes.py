"""The code lists of billing (docs/legacy/README.md, 3.2): a code not listed is OTHER, its text is kept."""

from enum import Enum
from typing import TypeVar

from gateway.models.balance import AccountState
from gateway.models.due_notice import DocumentState, DueNoticeCategory, Receipt
from gateway.models.lease import PaymentMode
from gateway.models.ledger import LedgerKind
from gateway.models.payment import DepositState

E = TypeVar("E", bound=Enum)


class Codes(dict[str, E]):
    """What codes mean; any other than those listed means `otherwise`."""

    def __init__(self, otherwise: E, listed: dict[str, E]) -> None:
        super().__init__(listed)
        self._otherwise = otherwise

    def __missing__(self, code: str) -> E:
        return self._otherwise


ACCOUNT_STATES = Codes(AccountState.OTHER, {"OUVERT": AccountState.OPEN, "CLOS": AccountState.CLOSED})
PAYMENT_MODES = Codes(
    PaymentMode.OTHER,
    {
        "PRL": PaymentMode.DIRECT_DEBIT,
        "CBE": PaymentMode.CARD,
        "VIR": PaymentMode.TRANSFER,
        "TIP": PaymentMode.TIP,
        "CHQ": PaymentMode.CHEQUE,
        "ESP": PaymentMode.CASH,
    },
)
LEDGER_KINDS = Codes(
    LedgerKind.OTHER,
    {
        "QUI": LedgerKind.RENT_CALL,
        "PRL": LedgerKind.DIRECT_DEBIT,
        "CBE": LedgerKind.CARD,
        "VIR": LedgerKind.TRANSFER,
        "TIP": LedgerKind.TIP,
        "CHQ": LedgerKind.CHEQUE,
        "ESP": LedgerKind.CASH,
        "APL": LedgerKind.HOUSING_BENEFIT,
        "REJ": LedgerKind.DIRECT_DEBIT_REJECTED,
        "RGC": LedgerKind.CHARGE_ADJUSTMENT,
        "RGE": LedgerKind.WATER_ADJUSTMENT,
        "SLS": LedgerKind.SOLIDARITY_SURCHARGE,
        "DDG": LedgerKind.DEPOSIT,
        "RBT": LedgerKind.REFUND,
        "ANV": LedgerKind.WRITE_OFF,
    },
)
CATEGORIES = Codes(
    DueNoticeCategory.OTHER,
    {
        "LOY": DueNoticeCategory.RENT,
        "PCG": DueNoticeCategory.CHARGES,
        "PEF": DueNoticeCategory.WATER,
        "PEC": DueNoticeCategory.WATER,
        "PCH": DueNoticeCategory.HEATING,
        "GAR": DueNoticeCategory.PARKING,
        "SLS": DueNoticeCategory.SURCHARGE,
        "RLS": DueNoticeCategory.BENEFIT,
        "APL": DueNoticeCategory.BENEFIT,
        "RGC": DueNoticeCategory.ADJUSTMENT,
        "RGE": DueNoticeCategory.ADJUSTMENT,
        "RAP": DueNoticeCategory.ADJUSTMENT,
        "PLA": DueNoticeCategory.PAYMENT_PLAN,
        "DIV": DueNoticeCategory.MISC,
    },
)
DOCUMENT_STATES = Codes(
    DocumentState.OTHER,
    {
        "DISPONIBLE": DocumentState.AVAILABLE,
        "EN_COURS": DocumentState.PENDING,
        "ABSENT": DocumentState.MISSING,
    },
)
RECEIPTS = Codes(Receipt.NONE, {"AUCUNE": Receipt.NONE, "PARTIELLE": Receipt.PARTIAL, "TOTALE": Receipt.FULL})
DEPOSIT_STATES = Codes(
    DepositState.OTHER,
    {
        "EN_ATTENTE": DepositState.PENDING,
        "COMPTABILISE": DepositState.POSTED,
        "REJETE": DepositState.REJECTED,
    },
)

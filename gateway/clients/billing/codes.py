"""The code lists of billing (docs/legacy/README.md, 3.2): a code not listed is OTHER, its text is kept."""

from gateway.models.balance import AccountState
from gateway.models.due_notice import DocumentState, DueNoticeCategory, Receipt
from gateway.models.lease import PaymentMode
from gateway.models.ledger import LedgerKind
from gateway.models.payment import DepositState

ACCOUNT_STATES = {"OUVERT": AccountState.OPEN, "CLOS": AccountState.CLOSED}
PAYMENT_MODES = {
    "PRL": PaymentMode.DIRECT_DEBIT,
    "CBE": PaymentMode.CARD,
    "VIR": PaymentMode.TRANSFER,
    "TIP": PaymentMode.TIP,
    "CHQ": PaymentMode.CHEQUE,
    "ESP": PaymentMode.CASH,
}
LEDGER_KINDS = {
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
}
CATEGORIES = {
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
}
DOCUMENT_STATES = {
    "DISPONIBLE": DocumentState.AVAILABLE,
    "EN_COURS": DocumentState.PENDING,
    "ABSENT": DocumentState.MISSING,
}
RECEIPTS = {"AUCUNE": Receipt.NONE, "PARTIELLE": Receipt.PARTIAL, "TOTALE": Receipt.FULL}
DEPOSIT_STATES = {
    "EN_ATTENTE": DepositState.PENDING,
    "COMPTABILISE": DepositState.POSTED,
    "REJETE": DepositState.REJECTED,
}

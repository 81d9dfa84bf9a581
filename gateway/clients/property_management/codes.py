"""The code lists of property management (docs/legacy/README.md, 3.1): a code not listed is OTHER, its text is kept."""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from gateway.models.advisor import ContactTopic
from gateway.models.dwelling import Construction
from gateway.models.lease import LeaseStatus, PaymentMode, Title
from gateway.models.water import LeakKind, ReadingMethod, WaterKind
from gateway.models.work import Trade, WorkPriority, WorkScope, WorkState

E = TypeVar("E", bound=Enum)

TITLES = {"1": Title.MR, "2": Title.MRS}
LEASE_STATUSES = {"A": LeaseStatus.ACTIVE, "P": LeaseStatus.NOTICE_GIVEN, "R": LeaseStatus.ENDED}
PAYMENT_MODES = {
    "PRL": PaymentMode.DIRECT_DEBIT,
    "CBE": PaymentMode.CARD,
    "VIR": PaymentMode.TRANSFER,
    "TIP": PaymentMode.TIP,
    "CHQ": PaymentMode.CHEQUE,
    "ESP": PaymentMode.CASH,
}
CONSTRUCTIONS = {"C": Construction.BLOCK, "I": Construction.HOUSE}
WATER_KINDS = {"EF": WaterKind.COLD, "EC": WaterKind.HOT}
READING_METHODS = {
    "R": ReadingMethod.REMOTE,
    "M": ReadingMethod.MANUAL,
    "E": ReadingMethod.ESTIMATED,
    "A": ReadingMethod.MISSING,
}
LEAK_KINDS = {"FUI": LeakKind.LEAK, "SUR": LeakKind.HIGH, "RET": LeakKind.REVERSE, "NOS": LeakKind.NO_SIGNAL}
SCOPES = {"L": WorkScope.DWELLING, "C": WorkScope.COMMON, "I": WorkScope.BUILDING}
TRADES = {
    "PLB": Trade.PLUMBING,
    "ELE": Trade.ELECTRICITY,
    "CHF": Trade.HEATING,
    "MEN": Trade.JOINERY,
    "RAV": Trade.FACADE,
    "VMC": Trade.VENTILATION,
    "ASC": Trade.LIFT,
    "PEI": Trade.PAINTING,
}
WORK_STATES = {
    "010": WorkState.REQUESTED,
    "020": WorkState.ORDERED,
    "030": WorkState.APPOINTMENT_SET,
    "040": WorkState.IN_PROGRESS,
    "050": WorkState.DONE,
    "060": WorkState.VERIFIED,
    "090": WorkState.CANCELLED,
}
PRIORITIES = {
    "U24": WorkPriority.URGENT_24H,
    "U72": WorkPriority.URGENT_72H,
    "NOR": WorkPriority.NORMAL,
    "PRG": WorkPriority.PROGRAMMED,
}
TOPICS = {
    "AST": ContactTopic.ON_CALL,
    "ASC": ContactTopic.LIFT,
    "CHF": ContactTopic.HEATING,
    "ROB": ContactTopic.PLUMBING,
    "ANT": ContactTopic.TV,
    "GAZ": ContactTopic.GAS,
    "ELE": ContactTopic.ELECTRICITY,
    "GAR": ContactTopic.CARETAKER,
}


def translated(code: str | None, codes: Mapping[str, E], other: E) -> E:
    """The enum member of a code; blank and unlisted codes are `other`."""
    return other if code is None else codes.get(code, other)


def translated_or_none(code: str | None, codes: Mapping[str, E], other: E) -> E | None:
    """As `translated`, but a blank code is no value."""
    return None if code is None else codes.get(code, other)

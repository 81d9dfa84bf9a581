"""The code lists of property management (docs/legacy/README.md, 3.1): a code not listed is OTHER, its text is kept."""

from gateway.clients.property_management.values import coded, coded_or_none
from gateway.models.advisor import ContactTopic
from gateway.models.dwelling import Construction
from gateway.models.lease import LeaseStatus, PaymentMode, Title
from gateway.models.water import LeakKind, ReadingMethod, WaterKind
from gateway.models.work import Trade, WorkPriority, WorkScope, WorkState

TITLES = coded_or_none(Title.OTHER, {"1": Title.MR, "2": Title.MRS})
LEASE_STATUSES = coded(
    LeaseStatus.OTHER, {"A": LeaseStatus.ACTIVE, "P": LeaseStatus.NOTICE_GIVEN, "R": LeaseStatus.ENDED}
)
PAYMENT_MODES = coded(
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
CONSTRUCTIONS = coded_or_none(Construction.OTHER, {"C": Construction.BLOCK, "I": Construction.HOUSE})
WATER_KINDS = coded(WaterKind.OTHER, {"EF": WaterKind.COLD, "EC": WaterKind.HOT})
READING_METHODS = coded(
    ReadingMethod.OTHER,
    {
        "R": ReadingMethod.REMOTE,
        "M": ReadingMethod.MANUAL,
        "E": ReadingMethod.ESTIMATED,
        "A": ReadingMethod.MISSING,
    },
)
LEAK_KINDS = coded(
    LeakKind.OTHER, {"FUI": LeakKind.LEAK, "SUR": LeakKind.HIGH, "RET": LeakKind.REVERSE, "NOS": LeakKind.NO_SIGNAL}
)
SCOPES = coded(WorkScope.OTHER, {"L": WorkScope.DWELLING, "C": WorkScope.COMMON, "I": WorkScope.BUILDING})
TRADES = coded(
    Trade.OTHER,
    {
        "PLB": Trade.PLUMBING,
        "ELE": Trade.ELECTRICITY,
        "CHF": Trade.HEATING,
        "MEN": Trade.JOINERY,
        "RAV": Trade.FACADE,
        "VMC": Trade.VENTILATION,
        "ASC": Trade.LIFT,
        "PEI": Trade.PAINTING,
    },
)
WORK_STATES = coded(
    WorkState.OTHER,
    {
        "010": WorkState.REQUESTED,
        "020": WorkState.ORDERED,
        "030": WorkState.APPOINTMENT_SET,
        "040": WorkState.IN_PROGRESS,
        "050": WorkState.DONE,
        "060": WorkState.VERIFIED,
        "090": WorkState.CANCELLED,
    },
)
PRIORITIES = coded_or_none(
    WorkPriority.OTHER,
    {
        "U24": WorkPriority.URGENT_24H,
        "U72": WorkPriority.URGENT_72H,
        "NOR": WorkPriority.NORMAL,
        "PRG": WorkPriority.PROGRAMMED,
    },
)
TOPICS = coded(
    ContactTopic.OTHER,
    {
        "AST": ContactTopic.ON_CALL,
        "ASC": ContactTopic.LIFT,
        "CHF": ContactTopic.HEATING,
        "ROB": ContactTopic.PLUMBING,
        "ANT": ContactTopic.TV,
        "GAZ": ContactTopic.GAS,
        "ELE": ContactTopic.ELECTRICITY,
        "GAR": ContactTopic.CARETAKER,
    },
)

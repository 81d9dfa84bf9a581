"""The balance, the ledger that makes it, and the due notices."""

from datetime import date, datetime
from decimal import Decimal

import strawberry

from gateway.models import balance, due_notice, lease, ledger
from gateway.models.dates import YearMonth
from gateway.resolvers.balance import resolve_byte_size, resolve_document, resolve_document_title
from gateway.resolvers.payment import resolve_expected_balance, resolve_pending_payments
from gateway.schema.common import Freshness, Money, Node
from gateway.schema.fields import described, fetched, plain, shows
from gateway.schema.payment import Payment

described(
    balance.BalanceDirection,
    "Who owes whom.",
    OWED="The tenant owes the landlord.",
    SETTLED="Nobody owes anything.",
    IN_CREDIT="The landlord owes the tenant.",
)
described(
    ledger.LedgerKind,
    "What an entry of the ledger is.",
    RENT_CALL="The monthly call for rent and charges (quittancement).",
    DIRECT_DEBIT="A direct debit.",
    CARD="A card payment.",
    TRANSFER="A bank transfer.",
    TIP="A payment slip (TIP).",
    CHEQUE="A cheque.",
    CASH="Cash.",
    HOUSING_BENEFIT="Housing benefit (APL), paid to the landlord.",
    DIRECT_DEBIT_REJECTED="A direct debit that the bank sent back.",
    CHARGE_ADJUSTMENT="Yearly adjustment of charges.",
    WATER_ADJUSTMENT="Adjustment of water.",
    SOLIDARITY_SURCHARGE="Solidarity surcharge (SLS).",
    DEPOSIT="Deposit.",
    REFUND="A refund to the tenant.",
    WRITE_OFF="A cancelled claim.",
    OTHER="A kind that this version does not know.",
)
described(
    due_notice.DueNoticeCategory,
    "What a line of a due notice is for.",
    RENT="Principal rent.",
    CHARGES="Provision for general charges.",
    WATER="Provision for water.",
    HEATING="Provision for heating.",
    PARKING="Garage or parking space.",
    SURCHARGE="Solidarity surcharge.",
    BENEFIT="A benefit or reduction, which lowers the amount.",
    ADJUSTMENT="An adjustment or reminder.",
    PAYMENT_PLAN="An instalment of an agreed payment plan.",
    MISC="Anything else that billing calls so.",
    OTHER="A category that this version does not know.",
)
described(
    due_notice.Receipt,
    "Whether a receipt exists.",
    NONE="Not paid, no receipt.",
    PARTIAL="Paid in part (reçu).",
    FULL="Paid in full (quittance).",
)


@shows(balance.PlannedDebit, "A direct debit that billing has planned.")
class PlannedDebit:
    """A planned direct debit."""

    on: date = plain("The day on which it is presented.")
    amount: Money = plain("What is debited.")


@shows(balance.PaymentPlan, "An agreed plan to pay arrears (plan d'apurement).")
class PaymentPlan:
    """A payment plan."""

    monthly: Money = plain("What is paid each month beside the rent.")
    remaining: Money = plain("What is left of the arrears.")
    ends_on: date | None = plain("When the last instalment is due.")


@shows(balance.Balance, "The rent account's balance, computed by billing every night at 04:30.")
class Balance:
    """The balance."""

    amount: Money = plain("Positive is owed by the tenant, negative by the landlord.")
    due: Money = plain("What is overdue today.")
    direction: balance.BalanceDirection = plain("Who owes whom.")
    next_direct_debit: PlannedDebit | None = plain("The next direct debit, where one is planned.")
    payment_plan: PaymentPlan | None = plain("The payment plan, where one was agreed.")
    pending_payments: list[Payment] = fetched(
        resolve_pending_payments,
        "Paid on line and not in `amount` yet: on their way, or booked since last night's computation.",
        size=2,
    )
    expected: Money = fetched(resolve_expected_balance, "`amount` once `pendingPayments` are in it.")
    freshness: Freshness = plain("Where this comes from; `asOf` is last night's computation.")


@shows(ledger.LedgerEntry, "An entry of the ledger (mouvement): debits raise what the tenant owes, credits lower it.")
class LedgerEntry:
    """A ledger entry."""

    id: strawberry.ID = plain("Billing's number of the entry.")
    value_date: date = plain("The day from which it counts.")
    posted_at: datetime | None = plain("When it was keyed in.")
    period: YearMonth | None = plain("The month that it is for.")
    kind: ledger.LedgerKind = plain("What it is.")
    label: str = plain("Billing's own words.")
    debit: Money | None = plain("What it adds to the debt; null for credits.")
    credit: Money | None = plain("What it takes off the debt; null for debits.")
    running_balance: Money | None = plain("The balance after it.")
    reject_reason: str | None = plain(
        "The bank's reason for a rejected debit: a SEPA code, AM04 is insufficient funds."
    )
    freshness: Freshness = plain("Where this comes from and how old it is.")


@shows(due_notice.DueNoticeLine, "A line of a due notice (rubrique).")
class DueNoticeLine:
    """A line of a due notice."""

    code: str = plain("Billing's code, `LOY`.")
    label: str = plain("Billing's own words.")
    category: due_notice.DueNoticeCategory = plain("What it is for.")
    amount: Money = plain("What it adds; negative for benefits and credits.")
    quantity: Decimal | None = plain("Quantity, where the line has one.")
    unit: str | None = plain("Unit of the quantity, `m3`.")


@shows(due_notice.Document, "A PDF behind a short-lived signed address of the gateway, streamed from billing.")
class Document:
    """A due notice's PDF."""

    url: str = plain(
        "To be opened with GET as it is, for 5 minutes and as long as the session lasts that asked for it: keep it as "
        "you keep a password. While the PDF is being drawn it answers 202, and says when to come again."
    )
    content_type: str = plain("`application/pdf`.")
    title: str = fetched(
        resolve_document_title, "What it is: a notice, or the receipt that a notice is once it is paid; for people."
    )
    file_name: str = plain("What it is called where it is saved: `avis-echeance-2026-10.pdf`, `quittance-…`, `recu-…`.")
    byte_size: int | None = fetched(
        resolve_byte_size, "Its size, for which billing is asked once; null while it is being drawn.", calls=1
    )
    expires_at: datetime = plain("When the address ends, if the session does not end before. Ask for a new one then.")
    ready: bool = plain("False while billing is drawing it; ask again some seconds later.")


@shows(due_notice.DueNotice, "A due notice (avis d'échéance): what a month costs and when it is to be paid.")
class DueNotice(Node):
    """A due notice."""

    number: str = plain("Its number at billing.")
    period: YearMonth = plain("The month that it is for.")
    issued_on: date | None = plain("The day of issue.")
    due_on: date | None = plain("To be paid by.")
    direct_debit_on: date | None = plain("The day on which it is debited, where it is.")
    previous_balance: Money = plain("The balance before this month.")
    period_total: Money = plain("This month alone: the sum of the lines.")
    amount_due: Money = plain("Both together: what is to be paid.")
    payment_mode: lease.PaymentMode = plain("How it is to be paid.")
    tip_reference: str | None = plain("Reference of the payment slip.")
    sepa_mandate_reference: str | None = plain("Reference of the SEPA mandate (RUM).")
    lines: list[DueNoticeLine] = plain("What the month's total is made of.", size=12)
    receipt: due_notice.Receipt = plain("Whether a receipt exists.")
    document: Document | None = fetched(
        resolve_document, "The PDF: the notice, which is the receipt too once it is paid. Null where billing has none."
    )
    freshness: Freshness = plain("Where this comes from and how old it is.")

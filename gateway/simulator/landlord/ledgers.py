"""Writes a tenant's ledger and notices month by month, so that every amount agrees with every other."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from typing import Final

from gateway.simulator.landlord import places
from gateway.simulator.landlord.accounts import Account, Entry, Notice, PaymentPlan
from gateway.simulator.landlord.calendar import BALANCE_TIME, LAST_MONTH, MONTH_NAMES, Month, month_of, months
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.leases import Lease
from gateway.simulator.landlord.notice_lines import NoticeLines

MAXIMUM_NOTICES: Final = 36


class Habit(IntEnum):
    """How a tenant pays: the index modulo 8."""

    REGULAR = 0
    REGULAR_TOO = 1
    EARLY = 2
    TOO_MUCH = 3
    TOO_LITTLE = 4
    REJECTED = 5
    PLAN = 6
    REJECTED_THEN_CARD = 7


_PAYMENT_LABELS: Final = {
    "PRL": "Prélèvement",
    "CBE": "Paiement carte bancaire",
    "VIR": "Virement reçu – merci",
    "TIP": "TIP SEPA",
    "CHQ": "Chèque n° 0001234",
    "ESP": "Espèces en agence",
}
_EXTRAS: Final = (
    ("RGC", "Régularisation de charges", -4_500),
    ("RGE", "Régularisation d’eau", 2_310),
    ("SLS", "Supplément de loyer de solidarité", 5_210),
    ("APL", "Rappel d'APL", -9_000),
    ("RBT", "Remboursement de trop-perçu", 3_000),
    ("ANV", "Admission en non-valeur", -1_250),
    ("DDG", "Complément de dépôt de garantie", 2_000),
    ("ZZE", "Écriture diverse – œuvres sociales", 250),
)
_REJECT_REASONS: Final = ("AM04", "MD01", "AC04", "MS03", "ZZ99")


def account_of(seed: int, index: int, lease: Lease) -> Account:
    """The account of the tenant at this index."""
    ledger = _Ledger(index, lease)
    if Case.NEW_ACCOUNT.applies_to(index):
        ledger.write(date(2026, 10, 20), time(11, 5), "DDG", "Dépôt de garantie", lease.deposit_cents or 40_000)
    else:
        ledger.live_through(NoticeLines(seed, index, lease.rent_cents))
    if Case.KEYED_AFTER_BALANCE.applies_to(index):
        ledger.write(date(2026, 11, 3), time(9, 12), "VIR", "Virement reçu le matin", -5_000)
    state = "CLOS" if lease.state_code == "R" else "OUVERT"
    if Case.UNKNOWN_BILLING_CODES.applies_to(index):
        state = "CONTENTIEUX"
    owing = ledger.balance > 0
    return Account(
        number=lease.account_number,
        state_code=state,
        entries=tuple(ledger.entries),
        notices=tuple(reversed(ledger.notices)),
        direct_debit_on=date(2026, 11, 5) if owing and lease.payment_mode == "PRL" and state == "OUVERT" else None,
        plan=PaymentPlan(5_000, 40_000, date(2027, 6, 30)) if index % 8 == Habit.PLAN and state == "OUVERT" else None,
    )


class _Ledger:
    """A ledger being written, oldest entry first."""

    def __init__(self, index: int, lease: Lease) -> None:
        self._index = index
        self._lease = lease
        self._number = places.number_of(index)
        self.balance = 0
        self.entries: list[Entry] = []
        self.notices: list[Notice] = []

    def write(
        self,
        day: date,
        moment: time,
        kind: str,
        label: str,
        signed_cents: int,
        *,
        period: Month | None = None,
        reject_reason: str | None = None,
        external_reference: str | None = None,
    ) -> None:
        """Adds one entry; positive = a debit."""
        self.balance += signed_cents
        self.entries.append(
            Entry(
                id=f"M{self._number:07d}-{len(self.entries) + 1:06d}",
                value_date=day,
                posted_at=datetime.combine(day, moment),
                period=period,
                kind=kind,
                label=label,
                debit_cents=signed_cents if signed_cents >= 0 else None,
                credit_cents=-signed_cents if signed_cents < 0 else None,
                reject_reason=reject_reason,
                external_reference=external_reference,
                balance_after_cents=self.balance,
            )
        )

    def live_through(self, lines: NoticeLines) -> None:
        """Rent call and payment of every month of the tenant's history."""
        last = LAST_MONTH if self._lease.state_code != "R" else month_of(self._lease.end_date or LAST_MONTH.last_day)
        long = Case.LONG_LEDGER.applies_to(self._index)
        count = MAXIMUM_NOTICES if long else 14 + self._index % 11
        for month in months(last.plus(1 - count), last):
            self._call_rent(month, lines)
            if month == Month(2026, 5):
                kind, label, cents = _EXTRAS[self._index % len(_EXTRAS)]
                self.write(date(2026, 6, 2), time(15, 0), kind, label, cents)
            self._pay(month, last=month == last, in_two=long)
            if month != last:
                self._give_receipt()

    def _call_rent(self, month: Month, lines: NoticeLines) -> None:
        latest = month == LAST_MONTH
        direct = self._lease.payment_mode == "PRL"
        unknown = Case.UNKNOWN_BILLING_CODES.applies_to(self._index)
        notice = Notice(
            id=f"AE-{month.number}-{self._number:07d}",
            account_number=self._lease.account_number,
            period=month,
            issued_on=month.last_day,
            due_on=month.plus(1).first_day.replace(day=10),
            direct_debit_on=month.plus(1).first_day.replace(day=5) if direct else None,
            previous_balance_cents=self.balance,
            payment_mode="CRY" if unknown else self._lease.payment_mode,
            tip_reference=f"TIP{self._number:07d}{month.number}" if self._lease.payment_mode == "TIP" else None,
            mandate_reference=f"RUM-{self._number:07d}-01" if direct else None,
            receipt=None if latest and self._index % 2 else "AUCUNE",
            document=self._document(month),
            lines=lines.of(month, plan_cents=5_000 if latest and self._index % 8 == Habit.PLAN else 0),
        )
        self.notices.append(notice)
        label = f"Quittancement {MONTH_NAMES[month.month - 1]} {month.year}"
        self.write(month.last_day, BALANCE_TIME, "QUI", label, notice.total_cents, period=month)

    def _document(self, month: Month) -> str:
        if month == LAST_MONTH and Case.DOCUMENT_PENDING.applies_to(self._index):
            return "EN_COURS"
        if month == LAST_MONTH.plus(-2) and Case.DOCUMENT_MISSING.applies_to(self._index):
            return "ABSENT"
        unknown = month == LAST_MONTH.plus(-3) and Case.UNKNOWN_BILLING_CODES.applies_to(self._index)
        return "ARCHIVE" if unknown else "DISPONIBLE"

    def _pay(self, month: Month, *, last: bool, in_two: bool) -> None:
        habit = self._index % 8
        due = max(self.balance, 0)
        first = month.plus(1).first_day
        if last and self._lease.state_code != "R":
            if habit in {Habit.EARLY, Habit.TOO_MUCH}:
                self._receive(first.replace(day=2), due + (15_000 if habit == Habit.TOO_MUCH else 0))
        elif habit == Habit.TOO_LITTLE and month.month != 12:
            self._receive(first.replace(day=5), due * 7 // 10)
        elif habit in {Habit.REJECTED, Habit.REJECTED_THEN_CARD} and month >= LAST_MONTH.plus(-2):
            self._bounce(first, due, month, paid_later=habit == Habit.REJECTED_THEN_CARD)
        elif in_two:
            self._receive(first.replace(day=4), due // 2)
            self._receive(first.replace(day=8), due - due // 2)
        else:
            self._receive(first.replace(day=5), due)

    def _receive(self, day: date, cents: int) -> None:
        mode = self._lease.payment_mode if self._lease.payment_mode in _PAYMENT_LABELS else "VIR"
        reference = f"L{self._number:07d}-{day:%Y%m}" if mode == "CBE" else None
        if cents:
            self.write(day, time(6, 30), mode, _PAYMENT_LABELS[mode], -cents, external_reference=reference)

    def _bounce(self, first: date, due: int, month: Month, *, paid_later: bool) -> None:
        if not due:
            return
        reason = _REJECT_REASONS[(self._index // 8 + month.month) % len(_REJECT_REASONS)]
        self.write(first.replace(day=5), time(6, 30), "PRL", _PAYMENT_LABELS["PRL"], -due)
        rejected = first.replace(day=5) + timedelta(days=4)
        self.write(rejected, time(10, 30), "REJ", "Rejet de prélèvement", due, reject_reason=reason)
        if paid_later:
            self.write(first.replace(day=20), time(14, 30), "CBE", _PAYMENT_LABELS["CBE"], -due)

    def _give_receipt(self) -> None:
        latest = self.notices[-1]
        paid = latest.amount_due_cents - self.balance
        receipt = "TOTALE" if self.balance <= 0 else "PARTIELLE" if paid > 0 else "AUCUNE"
        self.notices[-1] = replace(latest, receipt=receipt)

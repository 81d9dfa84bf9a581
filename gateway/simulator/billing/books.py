"""Billing's own memory: deposits and their lots, entries posted later, balances as of the last 04:30."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import count
from typing import Final

from gateway.simulator.landlord import Tenant
from gateway.simulator.landlord.accounts import Entry, chained
from gateway.simulator.windows import Lot, last_balance, local, next_lot

ANCHOR_BALANCE: Final = datetime.fromisoformat("2026-11-03T04:30:00")
"""The world's data are complete up to here; an earlier clock does not take entries away."""

ACCOUNT_CLOSED: Final = "COMPTE_CLOS"

LABELS: Final = {
    "CBE": "Paiement carte bancaire",
    "PRL": "Prélèvement",
    "VIR": "Virement reçu",
    "TIP": "TIP SEPA",
    "CHQ": "Chèque",
    "ESP": "Espèces en agence",
}


@dataclass(frozen=True, slots=True)
class Deposit:
    """A payment received; with a reason it will be rejected, without it has the id of its entry to come."""

    reference: str
    account_number: str
    cents: int
    mode: str
    value_date: date
    lot: Lot
    entry_id: str | None
    reject_reason: str | None = None

    def is_booked(self, now: datetime) -> bool:
        """Whether its lot has run."""
        return local(now) >= self.lot.runs_at

    def status(self, now: datetime) -> str:
        """The contract's word for how it stands."""
        if not self.is_booked(now):
            return "EN_ATTENTE"
        return "COMPTABILISE" if self.reject_reason is None else "REJETE"

    def same_as(self, account_number: str, cents: int, mode: str, value_date: date) -> bool:
        """Whether another deposit of this reference says the same."""
        return (self.account_number, self.cents, self.mode, self.value_date) == (
            account_number,
            cents,
            mode,
            value_date,
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance with the part whose date limit has passed; positive = the tenant owes."""

    cents: int
    due_cents: int
    computed_at: datetime


class Books:
    """What has happened since the world began."""

    def __init__(self) -> None:
        self.deposits: dict[str, Deposit] = {}
        self._later: dict[str, list[Entry]] = {}
        self._numbers: dict[str, count[int]] = {}

    def deposit(
        self,
        tenant: Tenant,
        reference: str,
        cents: int,
        mode: str,
        value_date: date,
        now: datetime,
        *,
        reject_reason: str | None = None,
    ) -> Deposit:
        """Takes a deposit; it is in the ledger once its lot has run, unless it is to be rejected then."""
        lot = next_lot(now)
        if tenant.account.state_code == "CLOS":
            reject_reason = ACCOUNT_CLOSED
        entry_id = None if reject_reason else self._next_id(tenant)
        deposit = Deposit(reference, tenant.account_number, cents, mode, value_date, lot, entry_id, reject_reason)
        self.deposits[reference] = deposit
        if entry_id is not None:
            self._add(
                tenant,
                Entry(entry_id, value_date, lot.runs_at, None, mode, LABELS[mode], None, cents, None, reference),
            )
        return deposit

    def run_lots(self, now: datetime) -> int:
        """Runs every lot at once and returns how many deposits it booked or rejected."""
        here = local(now).replace(microsecond=0)
        pending = [deposit for deposit in self.deposits.values() if not deposit.is_booked(now)]
        for deposit in pending:
            self.deposits[deposit.reference] = replace(deposit, lot=Lot(deposit.lot.code, here))
            entries = self._later.get(deposit.account_number, [])
            entries[:] = [
                replace(entry, posted_at=here) if entry.id == deposit.entry_id else entry for entry in entries
            ]
        return len(pending)

    def post(self, tenant: Tenant, kind: str, signed_cents: int, now: datetime) -> Entry:
        """Keys an entry in now, as staff would; positive = a debit."""
        here = local(now).replace(microsecond=0)
        debit, credit = (signed_cents, None) if signed_cents >= 0 else (None, -signed_cents)
        entry = Entry(self._next_id(tenant), here.date(), here, None, kind, "Saisie manuelle", debit, credit)
        self._add(tenant, entry)
        return entry

    def ledger(self, tenant: Tenant, now: datetime) -> tuple[Entry, ...]:
        """The ledger as of now, oldest entry first."""
        later = self._later.get(tenant.account_number)
        if not later:
            return tenant.account.entries
        here = local(now)
        return chained((*tenant.account.entries, *(entry for entry in later if entry.posted_at <= here)))

    def balance(self, tenant: Tenant, now: datetime) -> Balance:
        """The balance as stored at the last 04:30."""
        computed_at = last_balance(now)
        cut = max(computed_at, ANCHOR_BALANCE)
        owed = 0
        for entry in reversed(self.ledger(tenant, now)):
            if entry.posted_at <= cut:
                owed = entry.balance_after_cents
                break
        if owed <= 0:
            return Balance(owed, owed, computed_at)
        pending = sum(notice.total_cents for notice in tenant.account.notices if notice.due_on >= cut.date())
        return Balance(owed, max(0, owed - max(0, pending)), computed_at)

    def has_moved(self, tenant: Tenant) -> bool:
        """Whether the account differs from how the world began."""
        return tenant.account_number in self._later

    def _add(self, tenant: Tenant, entry: Entry) -> None:
        self._later.setdefault(tenant.account_number, []).append(entry)

    def _next_id(self, tenant: Tenant) -> str:
        number = tenant.account_number
        if number not in self._numbers:
            last = max((int(entry.id[-6:]) for entry in tenant.account.entries), default=0)
            self._numbers[number] = count(last + 1)
        return f"M{number[1:]}-{next(self._numbers[number]):06d}"

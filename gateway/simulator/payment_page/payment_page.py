"""The payment page without its HTTP: takes forms, decides, notifies, and does what a merchant's back office can."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from gateway.simulator.counting import Records
from gateway.simulator.faults import Faults
from gateway.simulator.options import PAYMENT_KEY, PAYMENT_SITE, SimulatorOptions
from gateway.simulator.payment_page.answers import CARDS, answer, notice_hash
from gateway.simulator.payment_page.forms import FormRefused, Shop, check_form
from gateway.simulator.payment_page.notifications import Notifier
from gateway.simulator.payment_page.signing import signed
from gateway.simulator.payment_page.transactions import STATUSES, Notification, Outcome, Transaction, Transactions

SESSION: Final = timedelta(minutes=10)
"""How long a payer has (documented), counted from the form and prolonged by nothing."""
_RETURNS: Final = {"AUTHORISED": "success", "REFUSED": "refused", "ABANDONED": "cancel"}
_SOURCES: Final = {"CANCELLED": "MERCH_BO", "AUTHORISED": "MERCH_BO"}
"""``vads_url_check_src`` of a later status; any other comes from a batch."""


class Return(NamedTuple):
    """The way back to the shop: a method, an address, and the fields that go along."""

    method: str
    address: str
    fields: dict[str, str]


class PaymentPage:
    """One shop's payment page and back office."""

    def __init__(self, options: SimulatorOptions, records: Records, faults: Faults) -> None:
        self.shop = Shop(PAYMENT_SITE, PAYMENT_KEY, "Votre bailleur")
        self.notification_url = options.notification_url
        """Where the shop hears of payments unless a form says otherwise; empty: it does not."""
        self.transactions = Transactions()
        self.notifier = Notifier(records, faults, self.now, self.shop.key)
        self._clock: Callable[[], datetime] = options.now
        self._records = records
        self._rng = Random(f"{options.seed}/payment_page")  # noqa: S311 -- names of pages, nothing secret

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self._clock().astimezone(UTC)

    async def run(self) -> None:
        """Sends what becomes due and ends sessions as the clock goes, until cancelled."""
        await self.notifier.run(self.end_sessions)

    async def settle(self) -> None:
        """Ends the sessions and sends the notifications that are due on the clock, and waits for all under way."""
        self.end_sessions()
        await self.notifier.settle()

    def open(self, fields: Mapping[str, str]) -> Transaction:
        """Takes a form: its payer is on the page now; FormRefused when a rule is broken."""
        now = self.now()
        with self._records.call("payment_form", (fields.get("vads_order_id", ""),)):
            try:
                check_form(fields, self.shop, now)
                day, trans_id = fields["vads_trans_date"][:8], fields["vads_trans_id"]
                if self.transactions.is_used(day, trans_id):
                    raise FormRefused("03", "vads_trans_id", "ce numéro a déjà servi ce jour-là (UTC)")
            except FormRefused as refused:
                self._records.violation(f"payment_form_{refused.code}")
                raise
        amount = int(fields["vads_amount"])
        uuid = _uuid(self.shop.site_id, day, trans_id)
        transaction = Transaction(dict(fields), uuid, f"{self._rng.getrandbits(96):024x}", now, amount)
        self.transactions.add(transaction)
        return transaction

    async def decide(self, transaction: Transaction, outcome: Outcome, brand: str = "CB") -> None:
        """Pays, refuses or abandons, and tells the shop once; what is decided already stays as it is."""
        if brand not in CARDS:
            raise ValueError(f"unknown brand {brand!r}; known: {', '.join(CARDS)}")
        self.end_sessions()
        if transaction.status is not None:
            return
        status = "AUTHORISED_TO_VALIDATE" if _is_to_validate(transaction, outcome) else str(outcome)
        transaction.brand = brand
        self._mark(transaction, status)
        await self._notify(transaction, "PAY")

    async def pay(
        self, fields: Mapping[str, str], outcome: Outcome | str = Outcome.PAY, brand: str = "CB"
    ) -> Transaction:
        """What a payer does in a browser, at once: sends the form and decides; FormRefused when a rule is broken."""
        transaction = self.open(fields)
        await self.decide(transaction, Outcome(outcome), brand)
        return transaction

    def end_sessions(self) -> None:
        """Payers who have been away too long have abandoned; the shop hears of it."""
        now = self.now()
        for transaction in [each for each in self.transactions.open.values() if now >= each.opened_at + SESSION]:
            self._mark(transaction, "ABANDONED")
            self.notifier.start(self._notify(transaction, "PAY"))

    def way_back(self, transaction: Transaction) -> Return | None:
        """Where the browser goes from a decided transaction; None when the form names no address."""
        form = transaction.form
        particular = _RETURNS.get(transaction.status or "", "return")
        address = form.get(f"vads_url_{particular}") or form.get("vads_url_return")
        if not address:
            return None
        mode = form.get("vads_return_mode") or "NONE"
        fields = signed(answer(transaction), self.shop.key) if mode in {"GET", "POST"} else {}
        return Return("POST" if mode == "POST" else "GET", address, fields)

    async def change_status(self, order_id: str, status: str, source: str | None = None) -> None:
        """Gives the payment of an order another status, any that there is, and tells the shop."""
        if status not in STATUSES:
            raise ValueError(f"unknown status {status!r}; known: {', '.join(sorted(STATUSES))}")
        transaction = self.transactions.payment(order_id)
        self._mark(transaction, status)
        await self._notify(transaction, source or _SOURCES.get(status, "BATCH"))

    async def refund(self, order_id: str, cents: int | None = None) -> Transaction:
        """Gives money back, all that is paid unless told, as a transaction of its own, and tells the shop."""
        payment = self.transactions.payment(order_id)
        paid = sum(each.paid_cents for each in self.transactions.of_order(order_id))
        amount = paid if cents is None else cents
        if not 0 < amount <= paid:
            raise ValueError(f"{amount} cents cannot be refunded of {paid}")
        # Numbers from 900000 belong to the back office.
        trans_id = str(900_000 + sum(each.direction == "CREDIT" for each in self.transactions.all))
        now = self.now()
        changes = {"vads_trans_id": trans_id, "vads_trans_date": f"{now:%Y%m%d%H%M%S}", "vads_amount": str(amount)}
        uuid = _uuid(self.shop.site_id, changes["vads_trans_date"][:8], trans_id)
        form = {**payment.form, **changes}
        credit = Transaction(form, uuid, uuid, now, amount, "AUTHORISED", "CREDIT", payment.brand, decided_at=now)
        self.transactions.add(credit)
        await self._notify(credit, "MERCH_BO")
        return credit

    async def resend(self, order_id: str) -> None:
        """Tells the shop once more how the payment of an order stands, as a merchant's click does."""
        await self._notify(self.transactions.payment(order_id), "BO")

    async def forge(self, order_id: str, how: str = "changed", **changes: str) -> int | None:
        """Sends a forged notification of an order and returns the shop's answer; see ``forgeries`` for the kinds."""
        transaction = self.transactions.payment(order_id)
        kept = transaction.notifications or [self._notification(transaction, "PAY")]
        return await self.notifier.forge(kept[-1], how, changes)

    def _mark(self, transaction: Transaction, status: str) -> None:
        transaction.status = status
        transaction.decided_at = transaction.decided_at or self.now()
        self.transactions.open.pop(transaction.token, None)

    async def _notify(self, transaction: Transaction, source: str) -> None:
        notification = self._notification(transaction, source)
        if notification.url:
            transaction.notifications.append(notification)
            await self.notifier.send(notification)

    def _notification(self, transaction: Transaction, source: str) -> Notification:
        fields = answer(transaction)
        fields["vads_hash"] = notice_hash(transaction, len(transaction.notifications))
        url = transaction.form.get("vads_url_check") or self.notification_url
        return Notification(transaction.order_id, url, source, fields)


def _is_to_validate(transaction: Transaction, outcome: Outcome) -> bool:
    return outcome is Outcome.PAY and transaction.form.get("vads_validation_mode") == "1"


def _uuid(site_id: str, day: str, trans_id: str) -> str:
    """The same for the same transaction, also after a restart, and another for any other."""
    return hashlib.sha256(f"{site_id}/{day}/{trans_id}".encode()).hexdigest()[:32]

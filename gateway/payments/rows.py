"""Payments as they are stored against payments as they are shown and sent."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from gateway.clients.payment_page.form import PageOrder, build_form
from gateway.models.lease import PaymentMode
from gateway.models.money import Locale, Money
from gateway.models.payment import Deposit, Payment, PaymentStarted, PaymentState
from gateway.moments import moment_of
from gateway.payments.lots import day_of
from gateway.payments.tools import Tools
from gateway.sealing import Secrets
from gateway.store.payment_tables import PaymentRow


@dataclass(frozen=True, slots=True)
class Particulars:
    """What is sealed in a payment's row."""

    account_number: str
    due_notice_id: str | None
    return_url: str
    locale: Locale

    def seal(self, secrets: Secrets, payment_id: str) -> str:
        """For the row of that payment."""
        contents: dict[str, Any] = {
            "account": self.account_number,
            "notice": self.due_notice_id,
            "return": self.return_url,
            "locale": self.locale.value,
        }
        return secrets.seal("payment", payment_id, contents)


def open_particulars(secrets: Secrets, row: PaymentRow) -> Particulars:
    """What was sealed in the row."""
    opened = secrets.open("payment", row.id, row.sealed)
    return Particulars(opened["account"], opened["notice"], opened["return"], Locale(opened["locale"]))


def present(row: PaymentRow) -> Payment:
    """The payment as its tenant sees it."""
    state = PaymentState(row.state)
    return Payment(
        key=row.id,
        amount=amount_of(row),
        state=state,
        started_at=moment_of(row.started_at),
        authorised_at=None if row.authorised_at is None else moment_of(row.authorised_at),
        booked_on=day_of(row.lot) if state is PaymentState.BOOKED and row.lot else None,
    )


def present_start(tools: Tools, row: PaymentRow) -> PaymentStarted:
    """The payment with the form that takes the tenant to the page, as long as it can be sent."""
    on_the_page = row.state == PaymentState.STARTED.value and tools.now() < row.expires_at
    key = tools.settings.payment_keys.get(row.mode)
    return PaymentStarted(
        payment=present(row),
        form_action=tools.settings.payment_page_url,
        form_fields=build_form(_page_order(tools, row), key) if on_the_page and key else (),
        expires_at=moment_of(row.expires_at),
    )


def deposit_of(secrets: Secrets, row: PaymentRow) -> Deposit:
    """The same every time it is sent, so that billing knows it again."""
    assert row.value_date is not None
    return Deposit(
        account_number=open_particulars(secrets, row).account_number,
        amount=amount_of(row),
        mode=PaymentMode.CARD,
        external_reference=row.id,
        value_date=date.fromisoformat(row.value_date),
    )


def amount_of(row: PaymentRow) -> Money:
    """The amount of a payment."""
    return Money.of(Decimal(row.cents).scaleb(-2))


def _page_order(tools: Tools, row: PaymentRow) -> PageOrder:
    particulars = open_particulars(tools.secrets, row)
    return PageOrder(
        order_id=row.id,
        cents=row.cents,
        site_id=row.site_id,
        mode=row.mode,
        trans_id=row.trans_id,
        started_at=moment_of(row.started_at),
        return_url=particulars.return_url,
        locale=particulars.locale,
    )

"""The form that takes a tenant to the payment page: what is asked for, signed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.clients.payment_page.signing import SIGNATURE, sign
from gateway.models.money import Locale
from gateway.models.payment import FormField

EURO: Final = "978"
"""ISO 4217, numeric."""
LAST_TRANS_ID: Final = 899_999
"""900000 to 999999 are the platform's own."""


@dataclass(frozen=True, slots=True)
class PageOrder:
    """One payment as the page is told of it; `order_id` holds letters, digits, `-` and `_` only."""

    order_id: str
    cents: int
    site_id: str
    mode: str
    trans_id: str
    started_at: datetime
    return_url: str
    locale: Locale


def build_form(order: PageOrder, key: str) -> tuple[FormField, ...]:
    """The fields to post, the signature last.

    The page tells the browser nothing on its way back (`vads_return_mode` NONE): no signed word about a payment ever
    passes through it, and only notifications count.
    """
    fields = {
        "vads_action_mode": "INTERACTIVE",
        "vads_amount": str(order.cents),
        "vads_capture_delay": "0",
        "vads_ctx_mode": order.mode,
        "vads_currency": EURO,
        "vads_language": order.locale.value.lower(),
        "vads_order_id": order.order_id,
        "vads_page_action": "PAYMENT",
        "vads_payment_config": "SINGLE",
        "vads_return_mode": "NONE",
        "vads_site_id": order.site_id,
        "vads_trans_date": trans_date(order.started_at),
        "vads_trans_id": order.trans_id,
        "vads_url_return": order.return_url,
        "vads_validation_mode": "0",
        "vads_version": "V2",
    }
    fields[SIGNATURE] = sign(fields, key)
    return tuple(FormField(name, value) for name, value in fields.items())


def trans_date(moment: datetime) -> str:
    """`20261103090000`, UTC."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}"

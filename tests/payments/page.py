"""The payment page's side of the protocol, as its documentation has it: what a notification holds, how it is signed."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

KEY = "1122334455667788"
SITE = "12345678"


def signature(fields: Mapping[str, str], key: str = KEY) -> str:
    message = "+".join(fields[name] for name in sorted(fields) if name.startswith("vads_")) + "+" + key
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def signed(fields: Mapping[str, str], key: str = KEY) -> dict[str, str]:
    bare = {name: value for name, value in fields.items() if name != "signature"}
    return bare | {"signature": signature(bare, key)}


def encoded(fields: Mapping[str, str]) -> bytes:
    return urlencode(fields).encode()


def report(form: Mapping[str, str], status: str = "AUTHORISED", *, key: str = KEY, **changes: str) -> dict[str, str]:
    """A notification about the payment of a form, with fields that nobody needs as the platform sends them."""
    echoed = ("vads_amount", "vads_ctx_mode", "vads_currency", "vads_order_id", "vads_site_id", "vads_trans_date")
    fields = {name: form[name] for name in (*echoed, "vads_trans_id", "vads_page_action", "vads_payment_config")}
    fields |= {
        "vads_action_mode": "INTERACTIVE",
        "vads_auth_mode": "FULL",
        "vads_card_brand": "CB",
        "vads_card_number": "497010XXXXXX0055",
        "vads_effective_amount": form["vads_amount"],
        "vads_effective_creation_date": form["vads_trans_date"],
        "vads_extra_result": "",
        "vads_hash": "299d81f4b175bfb7583d904cd19ef5e38b2b79b2373d9b2b4aab674e5a2b1b11",
        "vads_operation_type": "DEBIT",
        "vads_result": "00" if status in {"AUTHORISED", "CAPTURED"} else "05",
        "vads_trans_status": status,
        "vads_trans_uuid": "5b158f084502428499b2d34ad074df05",
        "vads_url_check_src": "PAY",
        "vads_version": "V2",
        "vads_ext_info_résidence": "Les Tilleuls + jardin",
    }
    return signed(fields | changes, key)


def refund(form: Mapping[str, str], cents: int | None = None, **changes: str) -> dict[str, str]:
    """A notification about money that went back: a transaction of its own."""
    own = {"vads_operation_type": "CREDIT", "vads_trans_id": "900017", "vads_trans_date": "20261104080000"}
    amount = form["vads_amount"] if cents is None else str(cents)
    return report(form, "AUTHORISED", vads_amount=amount, **(own | changes))

"""The fields that the page sends to the shop, in notifications and with the returning browser."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from gateway.simulator.payment_page.transactions import Transaction

_NOT_ECHOED: Final = ("vads_url_", "vads_redirect_", "vads_return_", "signature")
"""Fields of the form that do not come back."""
_RESULTS: Final[Mapping[str, tuple[str, str]]] = {
    "REFUSED": ("05", "05"),
    "ABANDONED": ("17", ""),
}
"""``vads_result`` and ``vads_auth_result`` by status; any other status was accepted once."""
CARDS: Final[Mapping[str, str]] = {
    "CB": "497010XXXXXX0055",
    "VISA": "497011XXXXXX1003",
    "MASTERCARD": "597010XXXXXX0018",
}
"""The brands that a payer may choose, and their masked numbers."""


def answer(transaction: Transaction) -> dict[str, str]:
    """The fields that say how a transaction stands, unsigned; without those that only a notification has."""
    result, authorisation = _RESULTS.get(transaction.status or "", ("00", "00"))
    echo = {
        name: value
        for name, value in transaction.form.items()
        if name.startswith("vads_") and not name.startswith(_NOT_ECHOED)
    }
    fields = {
        "vads_capture_delay": "0",
        "vads_validation_mode": "0",
        "vads_language": "fr",
        **echo,
        "vads_trans_status": transaction.status or "",
        "vads_result": result,
        "vads_extra_result": "",
        "vads_auth_result": authorisation,
        "vads_payment_src": "EC",
        "vads_sequence_number": "1",
        "vads_pays_ip": "FR",
    }
    return fields | (_NO_CARD if transaction.status == "ABANDONED" else _card(transaction, authorisation == "00"))


def notice_hash(transaction: Transaction, number: int) -> str:
    """``vads_hash``: a key of 64 characters that only notifications have; the same in every sending of one."""
    return hashlib.sha256(f"{transaction.uuid}/{number}".encode()).hexdigest()


# An abandoned payment has made no transaction: no number of its own, no type of operation.
_NO_CARD: Final = {"vads_card_brand": "", "vads_card_number": "", "vads_auth_mode": "", "vads_auth_number": ""}


def _card(transaction: Transaction, accepted: bool) -> dict[str, str]:
    moment = _utc(transaction.decided_at or transaction.opened_at)
    certificate = hashlib.sha1(transaction.uuid.encode(), usedforsecurity=False).hexdigest()
    return {
        "vads_operation_type": transaction.direction,
        "vads_trans_uuid": transaction.uuid,
        "vads_effective_amount": transaction.form["vads_amount"],
        "vads_effective_currency": transaction.form["vads_currency"],
        "vads_effective_creation_date": moment,
        "vads_presentation_date": moment,
        "vads_occurrence_type": "UNITAIRE",
        "vads_card_brand": transaction.brand,
        "vads_card_number": CARDS.get(transaction.brand, ""),
        "vads_card_country": "FR",
        "vads_expiry_month": "6",
        "vads_expiry_year": str((transaction.decided_at or transaction.opened_at).year + 2),
        "vads_bank_label": "Banque de démonstration",
        "vads_contract_used": "5785350",
        "vads_auth_mode": "FULL",
        "vads_auth_number": certificate[:6].upper() if accepted else "",
        "vads_payment_certificate": certificate if accepted else "",
        "vads_warranty_result": "YES" if accepted else "",
        "vads_threeds_enrolled": "Y",
        "vads_threeds_status": "Y",
        "vads_threeds_eci": "05",
    }


def _utc(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"

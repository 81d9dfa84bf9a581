"""The page's notifications as models: shape first, then signature, then meaning. No I/O."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from gateway.clients.payment_page.signing import SIGNATURE, SIGNED, is_signed
from gateway.models.payment import PageReport, PageWord

MOST_FIELDS: Final = 200

_SHAPES: Final = {
    "vads_amount": re.compile(r"[0-9]{1,12}"),
    "vads_ctx_mode": re.compile(r"TEST|PRODUCTION"),
    "vads_currency": re.compile(r"[0-9]{3}"),
    "vads_order_id": re.compile(r"[A-Za-z0-9_-]{1,64}"),
    "vads_site_id": re.compile(r"[0-9]{8}"),
    "vads_trans_date": re.compile(r"[0-9]{14}"),
    "vads_trans_id": re.compile(r"[A-Za-z0-9]{6}"),
    "vads_trans_status": re.compile(r"[A-Z_]{1,64}"),
}
_WORDS: Final = {
    "ACCEPTED": PageWord.PAID,
    "AUTHORISED": PageWord.PAID,
    "CAPTURED": PageWord.PAID,
    "REFUSED": PageWord.REFUSED,
    "CAPTURE_FAILED": PageWord.REFUSED,
    "ABANDONED": PageWord.ABANDONED,
    "NOT_CREATED": PageWord.ABANDONED,
    "EXPIRED": PageWord.EXPIRED,
    "CANCELLED": PageWord.RETURNED,
    "AUTHORISED_TO_VALIDATE": PageWord.WAITING,
    "INITIAL": PageWord.WAITING,
    "PRE_AUTHORISED": PageWord.WAITING,
    "SUSPENDED": PageWord.WAITING,
    "UNDER_VERIFICATION": PageWord.WAITING,
    "WAITING_AUTHORISATION": PageWord.WAITING,
    "WAITING_AUTHORISATION_TO_VALIDATE": PageWord.WAITING,
}


class NotificationMalformed(Exception):
    """Not a notification: no form, a field twice, without a signature, or one of a wrong shape."""


class NotificationForged(Exception):
    """The signature is not right, or there is something that it does not cover."""


def parse_notification(body: bytes, keys: Mapping[str, str]) -> PageReport:
    """What a notification says; `keys` by mode. Raises NotificationMalformed, NotificationForged."""
    fields = _fields(body)
    key = keys.get(fields.get("vads_ctx_mode", ""))
    unsigned = [name for name in fields if not name.startswith(SIGNED) and name != SIGNATURE]
    if key is None or unsigned or not is_signed(fields, key):
        raise NotificationForged
    # Values are signed without their names, so each that is used must also look like what its name says.
    if any(not shape.fullmatch(fields.get(name, "")) for name, shape in _SHAPES.items()):
        raise NotificationMalformed
    return _report(fields)


def _report(fields: dict[str, str]) -> PageReport:
    status = fields["vads_trans_status"]
    refund = fields.get("vads_operation_type", "DEBIT") == "CREDIT"
    word = _WORDS.get(status, PageWord.OTHER)
    if refund:
        word = PageWord.RETURNED if word is PageWord.PAID else PageWord.WAITING
    return PageReport(
        order_id=fields["vads_order_id"],
        site_id=fields["vads_site_id"],
        mode=fields["vads_ctx_mode"],
        currency=fields["vads_currency"],
        cents=int(fields["vads_amount"]),
        trans_id=fields["vads_trans_id"],
        trans_date=fields["vads_trans_date"],
        refund=refund,
        word=word,
        status=status,
        paid_at=_moment(fields.get("vads_effective_creation_date", "")),
        fields=fields,
    )


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:  # and UnicodeDecodeError, which is one
        raise NotificationMalformed from error
    fields = dict(pairs)
    if len(fields) != len(pairs) or SIGNATURE not in fields:
        raise NotificationMalformed
    return fields


def _moment(written: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{14}", written):
        return None
    try:
        return datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None

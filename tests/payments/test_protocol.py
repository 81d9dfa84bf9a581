"""The payment page's protocol, against its documentation and against a program that others wrote."""

from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.clients.payment_page.form import PageOrder, build_form
from gateway.clients.payment_page.parsing import NotificationForged, NotificationMalformed, parse_notification
from gateway.clients.payment_page.signing import is_signed, sign
from gateway.models.money import Locale
from gateway.models.payment import PageWord

from .page import KEY, SITE, encoded, report, signed

ORDER = PageOrder(
    order_id="019a4b1c2d3e00000001a1b2c3d4e5f6",
    cents=36965,
    site_id=SITE,
    mode="TEST",
    trans_id="000042",
    started_at=datetime(2026, 11, 3, 9, 0, 7, 123456, UTC),
    return_url="https://tenants.example/paiements/retour?de=page",
    locale=Locale.FR,
)
FORM = {each.name: each.value for each in build_form(ORDER, KEY)}
KEYS = {"TEST": KEY}


def test_the_documented_signature() -> None:
    fields = {
        "vads_action_mode": "INTERACTIVE",
        "vads_amount": "5124",
        "vads_ctx_mode": "TEST",
        "vads_currency": "978",
        "vads_page_action": "PAYMENT",
        "vads_payment_config": "SINGLE",
        "vads_site_id": "12345678",
        "vads_trans_date": "20170129130025",
        "vads_trans_id": "123456",
        "vads_version": "V2",
        "something_else": "does not count",
    }
    assert sign(fields, KEY) == "ycA5Do5tNvsnKdc/eP1bj2xa19z9q3iWPy9/rpesfS0="


def test_a_form_asks_for_what_was_ordered_and_no_word_to_the_browser() -> None:
    assert FORM["vads_amount"] == "36965"
    assert FORM["vads_trans_date"] == "20261103090007"
    assert FORM["vads_return_mode"] == "NONE"
    assert signed(FORM) == FORM


def test_a_notification_is_read() -> None:
    fields = report(FORM, vads_effective_creation_date="20261103090512")
    told = parse_notification(encoded(fields), KEYS)
    assert (told.order_id, told.cents, told.word) == (ORDER.order_id, 36965, PageWord.PAID)
    assert told.paid_at == datetime(2026, 11, 3, 9, 5, 12, tzinfo=UTC)
    assert told.fields == fields


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"vads_amount",
        b"\xff=1",
        b"vads_amount=%ff&signature=a",
        b"&".join(b"vads_%d=1" % number for number in range(300)),
        encoded(report(FORM)) + b"&vads_amount=36965",
        encoded(report(FORM)) + b"&signature=again",
        encoded({name: value for name, value in report(FORM).items() if name != "signature"}),
    ],
    ids=["empty", "no value", "not ASCII", "not UTF-8", "too many", "a field twice", "two signatures", "no signature"],
)
def test_what_is_no_notification(body: bytes) -> None:
    with pytest.raises(NotificationMalformed):
        parse_notification(body, KEYS)


@pytest.mark.parametrize("name", [name for name in report(FORM) if name != "signature"])
def test_no_field_can_be_changed_added_or_left_out(name: str) -> None:
    fields = report(FORM)
    changed = fields | {name: fields[name] + "1"}
    without = {each: value for each, value in fields.items() if each != name}
    for forged in (changed, without, fields | {"vads_added": fields[name]}):
        with pytest.raises(NotificationForged):
            parse_notification(encoded(forged), KEYS)


@pytest.mark.parametrize("name", ["amount", "ctx_mode", "currency", "order_id", "site_id", "trans_id", "trans_status"])
def test_what_counts_cannot_be_called_otherwise(name: str) -> None:
    """The signature covers values only; a name that keeps its place in the order would pass unnoticed."""
    renamed = {each + "_" if each == f"vads_{name}" else each: value for each, value in report(FORM).items()}
    with pytest.raises((NotificationForged, NotificationMalformed)):
        parse_notification(encoded(renamed), KEYS)


@pytest.mark.parametrize("added", ["order_id", "Vads_amount", "vads", ""])
def test_nothing_can_be_added_beside_what_is_signed(added: str) -> None:
    with pytest.raises(NotificationForged):
        parse_notification(encoded(report(FORM) | {added: "1"}), KEYS)


def test_another_key_another_mode_no_key() -> None:
    foreign = report(FORM, key="8877665544332211")
    unkeyed = report(FORM | {"vads_ctx_mode": "PRODUCTION"})
    for fields in (foreign, unkeyed):
        with pytest.raises(NotificationForged):
            parse_notification(encoded(fields), KEYS)


def test_a_form_is_no_notification_however_its_fields_are_named() -> None:
    """The tenant holds a form that the gateway signed, and the signature covers values, not names."""
    values = [FORM[name] for name in sorted(FORM) if name.startswith("vads_")]
    for status_at in range(len(values)):
        names = sorted(FORM.keys() - {"signature"})
        names[status_at] = "vads_trans_status"
        renamed = dict(zip(names, values, strict=True)) | {"signature": FORM["signature"]}
        with pytest.raises((NotificationForged, NotificationMalformed)):
            parse_notification(encoded(renamed), KEYS)


def test_why_a_return_address_must_hold_no_plus() -> None:
    """With one it could be cut in two, the second half being the state of the payment."""
    order = ORDER.__class__(**{name: getattr(ORDER, name) for name in ORDER.__slots__} | {"return_url": "x+AUTHORISED"})
    form = {each.name: each.value for each in build_form(order, KEY)}
    cut = {name: value for name, value in form.items() if name not in {"vads_url_return", "vads_validation_mode"}}
    cut |= {"vads_trans_s": "x", "vads_trans_status": "AUTHORISED", "vads_u": form["vads_validation_mode"]}
    assert is_signed(cut, KEY)
    assert parse_notification(encoded(cut), KEYS).word is PageWord.PAID


@pytest.fixture
def eopayment() -> ModuleType:
    module: ModuleType = pytest.importorskip("eopayment.systempayv2", reason="the GPL'd eopayment is not installed")
    return module


def other_side(eopayment: ModuleType) -> Any:
    options = {"secret_test": KEY, "secret_production": "unused", "vads_site_id": SITE, "vads_ctx_mode": "TEST"}
    return eopayment.Payment(options | {"signature_algo": "hmac_sha256"})


def test_an_independent_program_accepts_the_form(eopayment: ModuleType) -> None:
    eopayment.check_vads({name: value for name, value in FORM.items() if name != "signature"}, exclude=["vads_contrib"])
    assert other_side(eopayment).signature(dict(FORM)) == FORM["signature"]


@pytest.mark.parametrize(("status", "word"), [("AUTHORISED", PageWord.PAID), ("REFUSED", PageWord.REFUSED)])
def test_its_notifications_are_accepted(eopayment: ModuleType, status: str, word: PageWord) -> None:
    fields = report(FORM, status, vads_auth_result="00" if status == "AUTHORISED" else "05")
    fields["signature"] = other_side(eopayment).signature(fields)
    assert parse_notification(encoded(fields), KEYS).word is word
    assert other_side(eopayment).response(urlencode(fields)).signed

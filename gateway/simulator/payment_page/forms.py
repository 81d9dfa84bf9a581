"""The rules of a payment form, each with the code of the public documentation's list of form errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from gateway.simulator.payment_page.signing import is_signed

LARGEST_BODY: Final = 64 * 1024
_MOST_FIELDS: Final = 200
_LATE: Final = timedelta(minutes=30)
_EARLY: Final = timedelta(minutes=90)
"""How far ``vads_trans_date`` may lie behind and ahead of the platform's clock (documented under error 04)."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop: its number, its key of test mode, the name that payers read."""

    site_id: str
    key: str
    name: str
    mode: str = "TEST"


class FormRefused(ValueError):
    """A form that the page does not take: the documented code, the field, and why in French."""

    def __init__(self, code: str, field: str, why: str) -> None:
        super().__init__(f"{code} {field}: {why}")
        self.code = code
        self.field = field
        self.why = why


class Rule(NamedTuple):
    """What a field must look like; a field that may be left out may be empty too."""

    code: str
    pattern: str
    why: str
    needed: bool = False


_ADDRESS: Final = r"https?://[^\s<>\"]{1,1017}"
_IDENTITY: Final[Mapping[str, Rule]] = {
    "vads_version": Rule("01", "V2", "la version du protocole est V2", needed=True),
    "vads_site_id": Rule("02", r"\d{8}", "le numéro de boutique a 8 chiffres", needed=True),
    "vads_ctx_mode": Rule("11", "TEST|PRODUCTION", "le mode est TEST ou PRODUCTION", needed=True),
}
_RULES: Final[Mapping[str, Rule]] = {
    "vads_trans_id": Rule("03", r"[0-8]\d{5}", "6 chiffres, de 000000 à 899999", needed=True),
    "vads_trans_date": Rule("04", r"\d{14}", "date et heure UTC attendues : AAAAMMJJHHMMSS", needed=True),
    "vads_validation_mode": Rule("05", "[01]", "0 ou 1 attendu"),
    "vads_capture_delay": Rule("06", r"\d{1,3}", "nombre de jours attendu"),
    "vads_payment_config": Rule("07", "SINGLE", "cette boutique n’accepte que SINGLE", needed=True),
    "vads_payment_cards": Rule("08", r"[A-Z0-9_;-]{1,127}", "liste de moyens de paiement attendue"),
    "vads_amount": Rule("09", r"[1-9]\d{0,11}", "montant entier positif attendu, en centimes", needed=True),
    "vads_currency": Rule("10", "978", "cette boutique n’accepte que l’euro (978)", needed=True),
    "vads_language": Rule("12", "[a-z]{2}", "code de langue de deux lettres attendu"),
    "vads_order_id": Rule("13", r"[A-Za-z0-9_-]{1,64}", "64 lettres, chiffres, tirets ou soulignés au plus"),
    **dict.fromkeys(("vads_order_info", "vads_order_info2", "vads_order_info3"), Rule("14", ".{1,255}", "trop long")),
    "vads_cust_email": Rule("15", r"[^@\s]{1,100}@[^@\s]{1,49}", "adresse électronique attendue"),
    "vads_cust_id": Rule("16", ".{1,63}", "63 caractères au plus"),
    "vads_cust_title": Rule("17", ".{1,63}", "63 caractères au plus"),
    "vads_cust_name": Rule("18", ".{1,127}", "127 caractères au plus"),
    "vads_cust_address": Rule("19", ".{1,255}", "255 caractères au plus"),
    "vads_cust_zip": Rule("20", ".{1,63}", "63 caractères au plus"),
    "vads_cust_city": Rule("21", ".{1,63}", "63 caractères au plus"),
    "vads_cust_country": Rule("22", "[A-Z]{2}", "code de pays de deux lettres attendu"),
    "vads_cust_phone": Rule("23", ".{1,63}", "63 caractères au plus"),
    "vads_url_success": Rule("24", _ADDRESS, "adresse http(s) attendue"),
    "vads_url_refused": Rule("25", _ADDRESS, "adresse http(s) attendue"),
    "vads_url_cancel": Rule("27", _ADDRESS, "adresse http(s) attendue"),
    "vads_url_return": Rule("28", _ADDRESS, "adresse http(s) attendue"),
    "vads_url_error": Rule("29", _ADDRESS, "adresse http(s) attendue"),
    "vads_contrib": Rule("31", ".{1,255}", "255 caractères au plus"),
    "vads_url_check": Rule("33", _ADDRESS, "adresse http(s) attendue"),
    "vads_page_action": Rule("46", "PAYMENT", "cette boutique n’accepte que PAYMENT", needed=True),
    "vads_action_mode": Rule("47", "INTERACTIVE", "cette boutique n’accepte que INTERACTIVE", needed=True),
    "vads_return_mode": Rule("48", "GET|POST|NONE", "GET, POST ou NONE attendu"),
    "vads_cust_first_name": Rule("104", ".{1,63}", "63 caractères au plus"),
    "vads_cust_last_name": Rule("105", ".{1,63}", "63 caractères au plus"),
}


def read_fields(body: bytes) -> dict[str, str]:
    """The fields of a body ``application/x-www-form-urlencoded`` in UTF-8; FormRefused when it is none."""
    if len(body) > LARGEST_BODY:
        raise FormRefused("99", "", "formulaire trop grand")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise FormRefused("00", "signature", "le formulaire n’est pas encodé en UTF-8") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormRefused("99", "", "un champ est transmis deux fois")
    return fields


def check_form(fields: Mapping[str, str], shop: Shop, now: datetime) -> None:
    """Raises FormRefused for the first broken rule: who asks, the signature, then field by field."""
    for name, rule in _IDENTITY.items():
        _check(fields, name, rule)
    if fields["vads_site_id"] != shop.site_id:
        raise FormRefused("02", "vads_site_id", "cette boutique n’existe pas")
    if fields["vads_ctx_mode"] != shop.mode:
        raise FormRefused("11", "vads_ctx_mode", f"cette boutique est en mode {shop.mode}")
    if not is_signed(fields, shop.key):
        raise FormRefused("00", "signature", "la signature ne correspond pas aux champs")
    for name, rule in _RULES.items():
        _check(fields, name, rule)
    _check_date(fields["vads_trans_date"], now)


def _check(fields: Mapping[str, str], name: str, rule: Rule) -> None:
    value = fields.get(name, "")
    if not value and not rule.needed:
        return
    if not value:
        raise FormRefused(rule.code, name, "champ obligatoire")
    if not re.fullmatch(rule.pattern, value, re.ASCII):
        raise FormRefused(rule.code, name, rule.why)


def _check_date(text: str, now: datetime) -> None:
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise FormRefused("04", "vads_trans_date", "cette date n’existe pas") from None
    if not now - _LATE <= moment <= now + _EARLY:
        raise FormRefused("04", "vads_trans_date", "trop loin de l’heure UTC de la plateforme")

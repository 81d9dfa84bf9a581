"""Reads REST requests: routes, bodies, parameters; what is wrong is a list of fields with messages."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from gateway.simulator.options import BILLING_PATH

LARGEST_ACCOUNT_BATCH: Final = 100
LARGEST_NOTICE_BATCH: Final = 25
LARGEST_PAGE: Final = 50
DEFAULT_PAGE: Final = 20
LARGEST_AMOUNT: Final = Decimal("99999.99")
MODES: Final = frozenset({"CBE", "PRL", "VIR", "TIP", "CHQ", "ESP"})

_ACCOUNT: Final = re.compile(r"L[0-9]{7}", re.ASCII)
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ROUTES: Final = tuple(
    (method, re.compile(re.escape(BILLING_PATH) + path), operation)
    for method, path, operation in (
        ("POST", "/jetons", "creerJeton"),
        ("POST", "/comptes/recherche", "rechercherComptes"),
        ("GET", "/comptes/([^/]+)", "lireCompte"),
        ("GET", "/comptes/([^/]+)/mouvements", "listerMouvements"),
        ("POST", "/avis-echeance/recherche", "rechercherAvis"),
        ("GET", "/avis-echeance/([^/]+)", "lireAvis"),
        ("GET", "/avis-echeance/([^/]+)/document", "telechargerDocument"),
        ("POST", "/encaissements", "deposerEncaissement"),
        ("GET", "/encaissements", "suivreEncaissement"),
        ("GET", "/sante", "sante"),
    )
)


@dataclass(slots=True)
class Call:
    """A call with its keys and checked arguments; with errors it is a bad request."""

    operation: str
    keys: tuple[str, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    violation: str | None = None

    def wrong(self, name: str, message: str) -> None:
        """Notes a bad field."""
        self.errors.append((name, message))


def find_route(method: str, path: str) -> tuple[str, str | None] | None:
    """The operation and the key in its path; an empty operation when only the method is wrong; None off the map."""
    known = False
    for allowed, pattern, operation in _ROUTES:
        match = pattern.fullmatch(path)
        if match is not None and allowed == method:
            return operation, match[1] if match.groups() else None
        known = known or match is not None
    return ("", None) if known else None


def read_call(operation: str, key: str | None, query: Mapping[str, str], body: bytes) -> Call:
    """The call of an operation, its arguments checked."""
    call = Call(operation, (key,) if key is not None else ())
    reader = _READERS.get(operation)
    if reader is not None:
        reader(call, query if operation in _BY_QUERY else _json_object(call, body))
    return call


def _json_object(call: Call, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    call.wrong("corps", "objet JSON attendu")
    return {}


def _no_number(name: str) -> None:
    raise ValueError(name)


def _read_token_request(call: Call, fields: Mapping[str, Any]) -> None:
    for name in ("identifiant", "secret"):
        if isinstance(fields.get(name), str):
            call.arguments[name] = fields[name]
        else:
            call.wrong(name, "texte obligatoire")


def _read_accounts(call: Call, fields: Mapping[str, Any]) -> None:
    numbers = fields.get("numerosCompte")
    limit = LARGEST_NOTICE_BATCH if call.operation == "rechercherAvis" else LARGEST_ACCOUNT_BATCH
    if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
        call.wrong("numerosCompte", "liste de numéros obligatoire")
        return
    call.keys = tuple(numbers)
    if not numbers:
        call.violation = "empty_batch"
        call.wrong("numerosCompte", "lot vide")
    elif len(numbers) > limit:
        call.violation = "batch_too_large"
        call.wrong("numerosCompte", f"lot trop grand : {limit} au plus")


def _read_notices(call: Call, fields: Mapping[str, Any]) -> None:
    _read_accounts(call, fields)
    since = fields.get("depuisPeriode")
    if isinstance(since, int) and 190001 <= since <= 999912 and 1 <= since % 100 <= 12:
        call.arguments["since"] = since
    else:
        call.wrong("depuisPeriode", "période AAAAMM obligatoire")


def _read_page(call: Call, fields: Mapping[str, Any]) -> None:
    for name in ("du", "au"):
        text = fields.get(name)
        call.arguments[name] = None if text is None else _day(text)
        if text is not None and call.arguments[name] is None:
            call.wrong(name, "date AAAA-MM-JJ attendue")
    for name, default, least, most in (("page", 0, 0, 10**9), ("taille", DEFAULT_PAGE, 1, LARGEST_PAGE)):
        text = fields.get(name, str(default))
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else -1
        call.arguments[name] = number
        if not least <= number <= most:
            call.wrong(name, f"entier de {least} à {most} attendu")


def _read_deposit(call: Call, fields: Mapping[str, Any]) -> None:
    number, reference, mode = fields.get("numeroCompte"), fields.get("referenceExterne"), fields.get("mode")
    if not isinstance(number, str) or not _ACCOUNT.fullmatch(number):
        call.wrong("numeroCompte", "numéro de compte invalide")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        call.wrong("referenceExterne", "référence invalide")
    if not isinstance(mode, str) or mode not in MODES:
        call.wrong("mode", "mode inconnu")
    day = _day(fields.get("dateValeur"))
    if day is None:
        call.wrong("dateValeur", "date AAAA-MM-JJ attendue")
    cents = _cents(fields.get("montant"))
    if cents is None:
        call.wrong("montant", "montant de 0.01 à 99999.99 attendu, deux décimales au plus")
    call.keys = (reference,) if isinstance(reference, str) else ()
    call.arguments |= {"account": number, "reference": reference, "mode": mode, "day": day, "cents": cents}


def _read_tracking(call: Call, fields: Mapping[str, Any]) -> None:
    reference = fields.get("referenceExterne", "")
    call.keys = (reference,)
    if not _REFERENCE.fullmatch(reference):
        call.wrong("referenceExterne", "référence obligatoire")


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) and _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _cents(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    cents = amount * 100 if 0 < amount <= LARGEST_AMOUNT else Decimal("0.5")
    return int(cents) if cents == cents.to_integral_value() else None


_BY_QUERY: Final = frozenset({"listerMouvements", "suivreEncaissement"})
_READERS: Final[dict[str, Callable[[Call, Mapping[str, Any]], None]]] = {
    "creerJeton": _read_token_request,
    "rechercherComptes": _read_accounts,
    "rechercherAvis": _read_notices,
    "listerMouvements": _read_page,
    "deposerEncaissement": _read_deposit,
    "suivreEncaissement": _read_tracking,
}

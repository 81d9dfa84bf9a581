"""What settings may look like: each type checks its text when it is read, and says in one sentence what it must be."""

from datetime import time
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from gateway.models.closure import Closure
from gateway.models.return_url import parse_return_places

# A tenant's own values for a day, what tenants share for a week (docs/decisions/0006).
LAST_KNOWN_HOURS = {
    "leases": 24.0,
    "water": 24.0,
    "works": 24.0,
    "balances": 24.0,
    "due_notices": 24.0,
    "ledger_pages": 24.0,
    "dwellings": 168.0,
    "advisors": 168.0,
    "agencies": 168.0,
}


def _http_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address that begins with http:// or https://")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("must hold no user, query or fragment")
    return text.rstrip("/")


def _database_address(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    try:
        _ = urlsplit(text).port
    except ValueError:
        raise ValueError("must have a number for its port") from None
    return text


def _strong(secret: SecretStr) -> SecretStr:
    if any(len(key.strip()) < 32 for key in secret.get_secret_value().split(",")):
        raise ValueError("must have at least 32 characters (each of them, where there are several)")
    return secret


def _mail_server(address: SecretStr) -> SecretStr:
    parts = urlsplit(address.get_secret_value())
    if parts.scheme not in {"smtp", "smtps", "smtp+starttls"} or not parts.hostname:
        raise ValueError("must begin with smtp://, smtps:// or smtp+starttls://")
    return address


def _valkey_server(address: SecretStr) -> SecretStr:
    parts = urlsplit(address.get_secret_value())
    if parts.scheme not in {"valkey", "valkeys", "redis", "rediss"} or not parts.hostname:
        raise ValueError("must begin with valkey://, valkeys://, redis:// or rediss://")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must have a number for its port") from None
    return address


def _networks(text: str) -> str:
    for each in text.split(","):
        if each.strip():
            ip_network(each.strip())
    return text


def _page_address(text: str) -> str:
    _http_address(text)
    return text  # with the slash at its end, without which the page answers with a redirect


def _return_urls(text: str) -> str:
    parse_return_places(text)
    return text


def _origins(text: str) -> str:
    for origin in filter(None, map(str.strip, text.split(","))):
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or origin.lower() != f"{parts.scheme}://{parts.netloc}".lower():
            raise ValueError("must be origins such as https://app.example.fr, without a path, and never *")
        if not parts.hostname or "@" in parts.netloc or "*" in parts.netloc:
            raise ValueError("must be origins such as https://app.example.fr, without a path, and never *")
    return text


def _closure(text: str) -> str:
    if text.strip():
        Closure.parse(text)
    return text


def _kept_hours(given: dict[str, float]) -> dict[str, float]:
    if unknown := given.keys() - LAST_KNOWN_HOURS.keys():
        raise ValueError(f"knows no kind {', '.join(sorted(unknown))}; kinds are {', '.join(LAST_KNOWN_HOURS)}")
    if not all(0 <= hours <= 24 * 30 for hours in given.values()):
        raise ValueError("must be hours from 0 to 720")
    return LAST_KNOWN_HOURS | given


def _clock_time(text: str) -> str:
    if text.strip():
        time.fromisoformat(text.strip())
    return text.strip()


HttpAddress = Annotated[str, AfterValidator(_http_address)]
PageAddress = Annotated[str, AfterValidator(_page_address)]
DatabaseAddress = Annotated[str, AfterValidator(_database_address)]
ValkeyServer = Annotated[SecretStr, AfterValidator(_valkey_server)]
MailServer = Annotated[SecretStr, AfterValidator(_mail_server)]
StrongSecret = Annotated[SecretStr, AfterValidator(_strong)]
Networks = Annotated[str, AfterValidator(_networks)]
Origins = Annotated[str, AfterValidator(_origins)]
ReturnUrls = Annotated[str, AfterValidator(_return_urls)]
Nights = Annotated[str, AfterValidator(_closure)]
ClockTime = Annotated[str, AfterValidator(_clock_time)]
KeptHours = Annotated[dict[str, float], AfterValidator(_kept_hours)]

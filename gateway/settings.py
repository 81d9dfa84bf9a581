"""The gateway's settings; the only reader of the environment (`GATEWAY_…`, or `.env`)."""

import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.advice import SHIPPED_ADVICE
from gateway.models.closure import Closure
from gateway.models.return_url import ReturnPlace, parse_return_places
from gateway.setting_types import (
    ClockTime,
    DatabaseAddress,
    HttpAddress,
    KeptHours,
    MailServer,
    Networks,
    Nights,
    Origins,
    PageAddress,
    ReturnUrls,
    StrongSecret,
    ValkeyServer,
)

_PLAIN = {
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
}


class SettingsError(Exception):
    """A setting is missing or wrong; one plain line a setting, no values."""


class Settings(BaseSettings):
    """Everything that differs from one installation to the next; each field is documented in the README's table."""

    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    environment: Literal["development", "production"] = "production"
    property_url: HttpAddress = Field(description="SOAP address of property management, …/ws/GestionLocative")
    property_user: str = Field(min_length=1, description="Its identifiant")
    property_password: SecretStr = Field(min_length=1, description="Its password")
    property_company: str = Field(default="01", description="CodeSociete of the landlord")
    billing_url: HttpAddress = Field(description="REST address of billing, with /api/v1")
    billing_user: str = Field(min_length=1, description="Its identifiant")
    billing_secret: SecretStr = Field(min_length=1, description="Its secret")
    database_url: DatabaseAddress = Field(
        default="sqlite:///var/gateway.sqlite", description="sqlite:///file or postgresql://user:password@host/name"
    )
    valkey_url: ValkeyServer | None = Field(
        default=None, description="valkey://, redis:// or, with TLS, valkeys:// or rediss://user:password@host:port/0"
    )
    public_url: HttpAddress = Field(description="Where tenants reach the gateway; issuer of its tokens")
    secret_key: StrongSecret = Field(
        description="At least 32 random characters; everything secret is derived from it. "
        "Several, separated by commas: the first signs, all are believed"
    )
    upstream_deadline_seconds: float = Field(
        default=10.0, gt=0, le=60, description="Longest wait for one answer of a legacy system, body included"
    )
    request_deadline_seconds: float = Field(
        default=10.0, gt=0, le=60, description="Longest wait of one request for all that it asks of legacy systems"
    )
    stale_patience_seconds: float = Field(
        default=2.5, gt=0, le=60, description="Longest wait for a fresh value where a last known one is at hand"
    )
    last_known_hours: KeptHours = Field(
        default={}, validate_default=True, description="How long a last known value may stand in, by kind, as JSON"
    )
    memory_megabytes: int = Field(
        default=256, ge=1, description="Memory for packed values, in each process; those at hand take up to 100 MB more"
    )
    warm_up_at: ClockTime = Field(
        default="05:05", description="When the day's values are read ahead, Paris time; empty for never"
    )
    property_closure: Nights = Field(
        default="22:00-05:00", description="When property management is closed, Paris time; empty where never"
    )
    billing_closure: Nights = Field(
        default="25,26,27 22:00-05:00", description="The same of billing: the nights that begin on those days"
    )
    advice_directory: Path = Field(default=SHIPPED_ADVICE, description="Markdown articles shown as advice")
    trusted_proxies: Networks = Field(
        default="", description="Networks of proxies whose X-Forwarded-For is believed, separated by commas"
    )
    max_body_bytes: int = Field(
        default=65_536, gt=0, description="Longest request body; longer ones are refused unread"
    )
    max_tokens: int = Field(default=1_000, ge=100, description="Most tokens of a document")
    max_depth: int = Field(default=15, ge=1, le=60, description="Deepest nesting of a document")
    max_aliases: int = Field(default=30, ge=0, description="Most aliases of an operation, fragments followed")
    max_root_fields: int = Field(
        default=20, ge=1, description="Most root fields of an operation, and most operations of a document"
    )
    max_directives: int = Field(default=50, ge=0, description="Most directives of an operation, fragments followed")
    max_legacy_calls: int = Field(
        default=40, ge=1, description="Most legacy calls that an operation may cause, by the schema's @cost"
    )
    max_rows: int = Field(default=5_000, ge=1, description="Most objects in an answer, by the schema's @listSize")
    max_errors: int = Field(default=50, ge=1, description="Most errors in an answer")
    max_requests_at_once: int = Field(
        default=500, ge=1, description="GraphQL requests under way beyond which more are answered OVERLOADED"
    )
    slow_client_seconds: float = Field(
        default=10.0, gt=0, le=300, description="Longest time that headers, and then a body, may take to arrive"
    )
    compile_operations: bool = Field(default=True, description="Whether operations used twice are compiled")
    compare_every: int = Field(
        default=0, ge=0, description="One in so many compiled queries is run by graphql-core too; 0 for none"
    )
    get_queries: bool = Field(default=False, description="Whether queries are answered to GET")
    allowed_origins: Origins = Field(
        default="", description="Origins whose pages may call with cookies, separated by commas"
    )

    metrics_networks: Networks = Field(
        default="127.0.0.0/8,::1/128",
        description="Networks that may read /metrics, separated by commas; never through a proxy",
    )
    traces_url: HttpAddress | None = Field(
        default=None, description="Where OpenTelemetry traces go by OTLP/HTTP (…/v1/traces); needs the extra otel"
    )

    landlord_name: str = Field(default="Le bailleur", min_length=1, description="As tenants read it in mails")
    smtp_url: MailServer | None = Field(
        default=None, description="smtp://user:password@host:port; smtps:// or smtp+starttls:// where TLS is a must"
    )
    mail_from: str | None = Field(
        default=None, description="Sender of mails; ne-pas-repondre@ the host of the public address unless set"
    )
    assistance_url: HttpAddress | None = Field(
        default=None, description="Page with the assistance form; /assistance of the public address unless set"
    )
    password_renewal_mandatory: bool = Field(
        default=False, description="Whether a session may only renew the password once the anniversary has come"
    )
    hashing_threads: int = Field(default=2, ge=1, le=64, description="Passwords looked at at the same time")
    hashing_queue_seconds: float = Field(
        default=2.0, gt=0, le=30, description="Longest wait of a password for its turn"
    )
    address_calls: int = Field(
        default=60, ge=1, description="Calls of sign-in and the like that one address may make at once"
    )
    address_window_seconds: int = Field(default=60, ge=1, description="In this time such calls grow back")
    minimum_app_version_android: str = Field(
        default="0.0.0", pattern=r"^\d+(\.\d+)*$", description="Older ones are refused"
    )
    minimum_app_version_ios: str = Field(
        default="0.0.0", pattern=r"^\d+(\.\d+)*$", description="Older ones are refused"
    )
    app_store_url_android: HttpAddress = Field(
        default="https://play.google.com/store/apps", description="Where a newer app is"
    )
    app_store_url_ios: HttpAddress = Field(default="https://apps.apple.com/fr", description="Where a newer app is")

    payment_site_id: str | None = Field(
        default=None, pattern=r"^[0-9]{8}$", description="The landlord's shop at the payment page; unset: no payments"
    )
    payment_mode: Literal["TEST", "PRODUCTION"] = Field(
        default="TEST", description="Whether cards are really charged (PRODUCTION)"
    )
    payment_test_key: SecretStr | None = Field(default=None, min_length=16, description="The shop's key for TEST")
    payment_production_key: SecretStr | None = Field(
        default=None, min_length=16, description="The shop's key for PRODUCTION"
    )
    payment_page_url: PageAddress = Field(
        default="https://secure.payzen.eu/vads-payment/", description="Where the form of a payment is sent"
    )
    payment_return_urls: ReturnUrls = Field(
        default="",
        description="Where tenants may come back to after paying, separated by commas; all below a path that ends "
        "with /, else that very path",
    )
    payment_minutes: int = Field(
        default=20, ge=5, le=30, description="So long the form of a payment can be sent to the page"
    )
    payment_in_advance: bool = Field(default=False, description="Whether more than the expected balance may be paid")

    @cached_property
    def payment_keys(self) -> dict[str, str]:
        """The shop's keys by mode."""
        keys = {"TEST": self.payment_test_key, "PRODUCTION": self.payment_production_key}
        return {mode: key.get_secret_value() for mode, key in keys.items() if key is not None}

    @cached_property
    def payment_return_places(self) -> tuple[ReturnPlace, ...]:
        """Where the payment page may send browsers."""
        return parse_return_places(self.payment_return_urls)

    @cached_property
    def payments_lack(self) -> tuple[str, ...]:
        """The settings without which nobody can pay; empty where all are there."""
        key = f"payment_{self.payment_mode.lower()}_key"
        needed = {
            "payment_site_id": self.payment_site_id,
            key: self.payment_keys.get(self.payment_mode),
            "payment_return_urls": self.payment_return_places,
        }
        return tuple(name for name, value in needed.items() if not value)

    @cached_property
    def public_origin(self) -> str:
        """Scheme, host and port of the public address, as browsers name it."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @cached_property
    def cors_origins(self) -> frozenset[str]:
        """Other origins whose pages may call with cookies, as browsers name them."""
        return frozenset(each.strip().lower() for each in self.allowed_origins.split(",") if each.strip())

    @cached_property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The proxies whose word on the caller's address is believed."""
        return tuple(ip_network(each.strip()) for each in self.trusted_proxies.split(",") if each.strip())

    @cached_property
    def scraping_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Who may read the metrics."""
        return tuple(ip_network(each.strip()) for each in self.metrics_networks.split(",") if each.strip())

    @cached_property
    def planned_property_closure(self) -> Closure | None:
        """When property management is closed."""
        return Closure.parse(self.property_closure) if self.property_closure.strip() else None

    @cached_property
    def planned_billing_closure(self) -> Closure | None:
        """When billing is closed."""
        return Closure.parse(self.billing_closure) if self.billing_closure.strip() else None

    @cached_property
    def development(self) -> bool:
        """Whether developers' comforts (GraphiQL) are on."""
        return self.environment == "development"

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The keys that secrets are derived from; the first signs."""
        return tuple(key.strip() for key in self.secret_key.get_secret_value().split(","))


def load_settings() -> Settings:
    """The settings of this process; SettingsError with one clear line a problem, never showing a value."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_line(problem) for problem in error.errors(include_input=False))) from None
    except UnicodeDecodeError:
        raise SettingsError(".env is not written in UTF-8") from None


def given_settings(**values: Any) -> Settings:
    """Settings of these values and the defaults, whatever the environment holds; for the demo and for tests."""
    return _Given(**values)


class _Given(Settings):
    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def unknown_settings() -> set[str]:
    """Variables of the environment that look like settings and are none."""
    known = {f"GATEWAY_{name.upper()}" for name in Settings.model_fields}
    return {name for name in os.environ if name.upper().startswith("GATEWAY_")} - known


def _line(problem: object) -> str:
    assert isinstance(problem, dict)
    name = "GATEWAY_" + "_".join(str(part) for part in problem["loc"]).upper()
    if problem["type"] == "missing":
        return f"{name} is not set: {Settings.model_fields[str(problem['loc'][0])].description}"
    return f"{name}: {_PLAIN.get(problem['type'], str(problem['msg']).removeprefix('Value error, '))}"

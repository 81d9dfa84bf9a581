"""The gateway's settings; the only reader of the environment (`GATEWAY_…`, or `.env`)."""

import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.advice import SHIPPED_ADVICE
from gateway.models.closure import Closure

_PLAIN = {
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
}


class SettingsError(Exception):
    """A setting is missing or wrong; one plain line a setting, no values."""


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


def _networks(text: str) -> str:
    for each in text.split(","):
        if each.strip():
            ip_network(each.strip())
    return text


def _closure(text: str) -> str:
    if text.strip():
        Closure.parse(text)
    return text


HttpAddress = Annotated[str, AfterValidator(_http_address)]


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
    database_url: Annotated[str, AfterValidator(_database_address)] = Field(
        default="sqlite:///var/gateway.sqlite", description="sqlite:///file or postgresql://user:password@host/name"
    )
    public_url: HttpAddress = Field(description="Where tenants reach the gateway; issuer of its tokens")
    secret_key: Annotated[SecretStr, AfterValidator(_strong)] = Field(
        description="At least 32 random characters; everything secret is derived from it. "
        "Several, separated by commas: the first signs, all are believed"
    )
    upstream_deadline_seconds: float = Field(
        default=10.0, gt=0, le=60, description="Longest wait for one answer of a legacy system, body included"
    )
    property_closure: Annotated[str, AfterValidator(_closure)] = Field(
        default="22:00-05:00", description="When property management is closed, Paris time; empty where never"
    )
    billing_closure: Annotated[str, AfterValidator(_closure)] = Field(
        default="25,26,27 22:00-05:00", description="The same of billing: the nights that begin on those days"
    )
    advice_directory: Path = Field(default=SHIPPED_ADVICE, description="Markdown articles shown as advice")
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        default="", description="Networks of proxies whose X-Forwarded-For is believed, separated by commas"
    )
    max_body_bytes: int = Field(
        default=65_536, gt=0, description="Longest request body; longer ones are refused unread"
    )

    landlord_name: str = Field(default="Le bailleur", min_length=1, description="As tenants read it in mails")
    smtp_url: Annotated[SecretStr, AfterValidator(_mail_server)] | None = Field(
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

    @cached_property
    def public_origin(self) -> str:
        """Scheme, host and port of the public address, as browsers name it."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @cached_property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The proxies whose word on the caller's address is believed."""
        return tuple(ip_network(each.strip()) for each in self.trusted_proxies.split(",") if each.strip())

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

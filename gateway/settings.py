"""The gateway's settings; the only reader of the environment (`GATEWAY_…`, or `.env`)."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.advice import SHIPPED_ADVICE


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
    return text


def _strong(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return secret


HttpAddress = Annotated[str, AfterValidator(_http_address)]


class Settings(BaseSettings):
    """Everything that differs from one installation to the next; each field is documented in the README's table."""

    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    environment: Literal["development", "production"] = "production"
    property_url: HttpAddress = Field(description="SOAP address of property management, …/ws/GestionLocative")
    property_user: str = Field(min_length=1, description="Its identifiant")
    property_password: SecretStr = Field(description="Its password")
    property_company: str = Field(default="01", description="CodeSociete of the landlord")
    billing_url: HttpAddress = Field(description="REST address of billing, with /api/v1")
    billing_user: str = Field(min_length=1, description="Its identifiant")
    billing_secret: SecretStr = Field(description="Its secret")
    database_url: Annotated[str, AfterValidator(_database_address)] = Field(
        default="sqlite:///var/gateway.sqlite", description="sqlite:///file or postgresql://user:password@host/name"
    )
    public_url: HttpAddress = Field(description="Where tenants reach the gateway; issuer of its tokens")
    secret_key: Annotated[SecretStr, AfterValidator(_strong)] = Field(
        description="At least 32 random characters; everything secret is derived from it"
    )
    upstream_deadline_seconds: float = Field(
        default=10.0, gt=0, le=60, description="Longest wait for one answer of a legacy system, body included"
    )
    advice_directory: Path = Field(default=SHIPPED_ADVICE, description="Markdown articles shown as advice")
    max_body_bytes: int = Field(
        default=65_536, gt=0, description="Longest request body; longer ones are refused unread"
    )

    @cached_property
    def development(self) -> bool:
        """Whether developers' comforts (GraphiQL) are on."""
        return self.environment == "development"


def load_settings() -> Settings:
    """The settings of this process; SettingsError with one clear line a problem, never showing a value."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_line(problem) for problem in error.errors(include_input=False))) from None


def _line(problem: object) -> str:
    assert isinstance(problem, dict)
    name = "GATEWAY_" + "_".join(str(part) for part in problem["loc"]).upper()
    if problem["type"] == "missing":
        return f"{name} is not set: {Settings.model_fields[str(problem['loc'][0])].description}"
    return f"{name}: {str(problem['msg']).removeprefix('Value error, ')}"

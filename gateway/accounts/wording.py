"""What people read of an outcome, in their language."""

from datetime import datetime
from typing import Any

from babel.dates import format_datetime

from gateway.accounts.password_policy import MAX_LENGTH, MIN_LENGTH
from gateway.locale import translate
from gateway.models.account import (
    AccountBlocked,
    AccountRequestAccepted,
    AssistanceRequested,
    InvalidCredentials,
    InvalidForm,
    LinkInvalid,
    PasswordAttemptsExhausted,
    PasswordRejected,
    PasswordRule,
    RateLimited,
    ResetRequestAccepted,
    SessionExpired,
)
from gateway.models.dates import PARIS
from gateway.models.money import Locale

Told = (
    AccountBlocked
    | AccountRequestAccepted
    | AssistanceRequested
    | InvalidCredentials
    | InvalidForm
    | LinkInvalid
    | PasswordAttemptsExhausted
    | PasswordRejected
    | RateLimited
    | ResetRequestAccepted
    | SessionExpired
)
_PLAIN = {
    AccountRequestAccepted: "account_request_accepted",
    InvalidForm: "invalid_form",
    LinkInvalid: "link_invalid",
    PasswordAttemptsExhausted: "password_attempts_exhausted_for_good",
    PasswordRejected: "password_rejected",
    ResetRequestAccepted: "reset_request_accepted",
    SessionExpired: "session_expired",
}


def describe_outcome(outcome: Told, locale: Locale) -> str:
    """The message that goes with an outcome."""
    message_id, parameters = _message(outcome, locale)
    return translate(locale, message_id, **parameters)


def describe_rule(rule: PasswordRule, locale: Locale) -> str:
    """What a rule for passwords asks for."""
    return translate(locale, f"rule.{rule.value}", minimum=MIN_LENGTH, maximum=MAX_LENGTH)


def _message(outcome: Told, locale: Locale) -> tuple[str, dict[str, Any]]:
    match outcome:
        case InvalidCredentials(attempts_left):
            return "invalid_credentials", {"count": attempts_left}
        case PasswordAttemptsExhausted(datetime() as retry_at):
            return "password_attempts_exhausted", {"at": written(retry_at, locale)}
        case AccountBlocked(unblock_at):
            return "account_blocked", {"at": written(unblock_at, locale)}
        case RateLimited(seconds):
            return "rate_limited", {"count": seconds}
        case AssistanceRequested(reference):
            return "assistance_requested", {"reference": reference}
    return _PLAIN[type(outcome)], {}


def written(moment: datetime, locale: Locale) -> str:
    """`3 novembre 2026 à 10:10`, Paris time."""
    at = "à" if locale is Locale.FR else "at"
    return format_datetime(moment, f"d MMMM y '{at}' HH:mm", tzinfo=PARIS, locale=locale.value.lower())

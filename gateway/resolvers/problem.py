"""Codes and messages of the outcomes that are problems."""

from gateway.accounts.wording import Told, describe_outcome
from gateway.context import Context
from gateway.models import account
from gateway.models.problem import ProblemCode

CODES: dict[type, ProblemCode] = {
    account.InvalidCredentials: ProblemCode.INVALID_CREDENTIALS,
    account.PasswordAttemptsExhausted: ProblemCode.PASSWORD_ATTEMPTS_EXHAUSTED,
    account.AccountBlocked: ProblemCode.ACCOUNT_BLOCKED,
    account.RateLimited: ProblemCode.RATE_LIMITED,
    account.PasswordRejected: ProblemCode.PASSWORD_REJECTED,
    account.LinkInvalid: ProblemCode.LINK_INVALID,
    account.InvalidForm: ProblemCode.INVALID_FORM,
    account.SessionExpired: ProblemCode.SESSION_EXPIRED,
}


def resolve_code(_: Context, outcome: Told) -> ProblemCode:
    """The code of an outcome."""
    return CODES[type(outcome)]


def resolve_message(context: Context, outcome: Told) -> str:
    """The message of an outcome, in the caller's language."""
    return describe_outcome(outcome, context.locale)

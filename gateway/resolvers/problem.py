"""Codes and messages of the outcomes that are problems."""

from gateway.accounts.wording import Told, describe_outcome
from gateway.context import Context
from gateway.models import account
from gateway.models.payment import PaymentRefused
from gateway.models.problem import ProblemCode
from gateway.resolvers.payment import describe_refusal

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


def resolve_code(_: Context, outcome: Told | PaymentRefused) -> ProblemCode:
    """The code of an outcome."""
    return outcome.problem_code if isinstance(outcome, PaymentRefused) else CODES[type(outcome)]


def resolve_message(context: Context, outcome: Told | PaymentRefused) -> str:
    """The message of an outcome, in the caller's language."""
    if isinstance(outcome, PaymentRefused):
        return describe_refusal(context, outcome)
    return describe_outcome(outcome, context.locale)

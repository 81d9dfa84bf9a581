"""What a mutation answers when it does not do what was asked."""

import strawberry

from gateway.models.problem import ProblemCode
from gateway.resolvers.problem import resolve_code, resolve_message
from gateway.schema.fields import described, fetched

described(
    ProblemCode,
    "Why a mutation did not do what was asked.",
    INVALID_CREDENTIALS="Label or password are wrong.",
    PASSWORD_ATTEMPTS_EXHAUSTED="Too many wrong passwords: they are no longer looked at for a while.",
    ACCOUNT_BLOCKED="The account is blocked for a while.",
    RATE_LIMITED="Too many tries; wait and try again.",
    PASSWORD_REJECTED="The new password breaks the rules.",
    LINK_INVALID="The link is used, replaced or too old.",
    INVALID_FORM="Some fields are missing or unreadable.",
    SESSION_EXPIRED="The session is over; sign in again.",
    PAYMENT_REFUSED="The payment was not started.",
    CONFLICT="Something else is in the way.",
)


@strawberry.interface(description="An expected reason why a mutation did not do what was asked.")
class Problem:
    """A problem with a code for programs and a message for people."""

    code: ProblemCode = fetched(resolve_code, "For programs.")
    message: str = fetched(resolve_message, "For people, in their language.")

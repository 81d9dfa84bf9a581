"""The codes of a mutation's expected failures."""

from enum import Enum


class ProblemCode(Enum):
    """Why a mutation did not do what was asked, as programs tell it apart."""

    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    PASSWORD_ATTEMPTS_EXHAUSTED = "PASSWORD_ATTEMPTS_EXHAUSTED"
    ACCOUNT_BLOCKED = "ACCOUNT_BLOCKED"
    RATE_LIMITED = "RATE_LIMITED"
    PASSWORD_REJECTED = "PASSWORD_REJECTED"
    LINK_INVALID = "LINK_INVALID"
    INVALID_FORM = "INVALID_FORM"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    PAYMENT_REFUSED = "PAYMENT_REFUSED"
    CONFLICT = "CONFLICT"

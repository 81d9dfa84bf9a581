"""What comes of the mutations."""

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.models import account
from gateway.resolvers.account import (
    resolve_assistance_form_url,
    resolve_signed_in_me,
)
from gateway.resolvers.problem import resolve_message
from gateway.schema.account import Account, PasswordRenewal
from gateway.schema.fields import described, fetched, plain, shows
from gateway.schema.payment import PaymentRefused, PaymentStarted
from gateway.schema.problem import Problem
from gateway.schema.tenant import Tenant

described(
    account.FormField,
    "A field of the assistance form.",
    name="AssistanceFormField",
    ACCOUNT_LABEL="The account label.",
    LAST_NAME="The last name.",
    FIRST_NAME="The first name.",
    BIRTH_DATE="The date of birth.",
    EMAIL="The mail address.",
    PHONE="The telephone number.",
    MESSAGE="The message.",
)


@shows(account.Tokens, "What an app holds.")
class Tokens:
    """Tokens."""

    access_token: str = plain("To be sent as `Authorization: Bearer …`.")
    access_token_expires_at: datetime = plain("From then on it is refused: five minutes after its issue.")
    refresh_token: str = plain("Gets the next pair, once; a new one comes with it.")


@shows(account.SignedIn, "Signed in.")
class SignedIn:
    """A new session."""

    me: Tenant = fetched(
        resolve_signed_in_me, "The tenant who is signed in now. While a renewal is mandatory, its fields are FORBIDDEN."
    )
    tokens: Tokens | None = plain("For `client: APP`; a browser gets a cookie instead.")
    renewal: PasswordRenewal | None = plain("Where the password is to be chosen anew.")


@shows(account.InvalidCredentials, "Label or password are wrong, or nobody has that label.")
class InvalidCredentials(Problem):
    """Wrong credentials."""

    attempts_left: int = plain("Passwords are looked at so many times more.")


@shows(
    account.PasswordAttemptsExhausted,
    "Too many wrong passwords: they are no longer looked at until retryAt. The ways on: recreate the account, or reset "
    "the password.",
)
class PasswordAttemptsExhausted(Problem):
    """Held."""

    retry_at: datetime | None = plain("Null: only a reset, a confirmed re-creation or staff help.")


@shows(
    account.AccountBlocked,
    "Blocked until unblockAt if an account exists; if none was ever created, through the assistance form.",
)
class AccountBlocked(Problem):
    """Blocked."""

    unblock_at: datetime = plain("When it opens by itself, if an account exists.")
    assistance_form_url: str = fetched(resolve_assistance_form_url, "The assistance form.")


@shows(account.RateLimited, "Too many tries from one place, or too many people at once.")
class RateLimited(Problem):
    """Rate limited."""

    retry_after_seconds: int = plain("Try again after so many seconds.")


@shows(account.PasswordRejected, "The new password breaks the rules.")
class PasswordRejected(Problem):
    """Password rejected."""

    violations: list[account.PasswordRule] = plain("The rules that it breaks.")
    attempts_left: int | None = plain("Creations left before the account is blocked; null where trying is free.")


@shows(account.LinkInvalid, "The link is unknown, used, replaced by a newer one or older than an hour.")
class LinkInvalid(Problem):
    """Link invalid."""


@shows(account.SessionExpired, "The session is over; sign in again.")
class SessionExpired(Problem):
    """Session expired."""


@shows(account.InvalidForm, "Some fields are missing or unreadable.")
class InvalidForm(Problem):
    """Invalid form."""

    fields: list[account.FormField] = plain("The fields to mend.")


@shows(
    account.AccountRequestAccepted,
    "The same answer whether or not the details match a lease: a message goes to the contact on file.",
)
class AccountRequestAccepted:
    """Creation accepted."""

    message: str = fetched(resolve_message, "What to tell people.")


@shows(account.ResetRequestAccepted, "The same answer whether or not the label has an account.")
class ResetRequestAccepted:
    """Reset accepted."""

    message: str = fetched(resolve_message, "What to tell people.")


@shows(account.PasswordRenewed, "The password is changed; the other sessions have ended.")
class PasswordRenewed:
    """Password renewed."""

    account: Account = plain("The account as it is now.")
    tokens: Tokens | None = plain("New tokens for an app.")


@shows(account.SessionRefreshed, "New tokens for the same session.")
class SessionRefreshed:
    """Session refreshed."""

    tokens: Tokens = plain("The new tokens; the refresh token given is used up.")
    renewal: PasswordRenewal | None = plain("Where the password is to be chosen anew.")


@shows(account.AssistanceRequested, "Staff will look at it.")
class AssistanceRequested:
    """Assistance requested."""

    reference: str = plain("The reference to quote.")
    message: str = fetched(resolve_message, "What to tell people.")


LogInResult = Annotated[
    SignedIn | InvalidCredentials | PasswordAttemptsExhausted | AccountBlocked | RateLimited,
    strawberry.union("LogInResult", description="What comes of signing in."),
]
CreateAccountResult = Annotated[
    AccountRequestAccepted | PasswordRejected | AccountBlocked | RateLimited,
    strawberry.union("CreateAccountResult", description="What comes of creating an account."),
]
ConfirmAccountResult = Annotated[
    SignedIn | LinkInvalid | RateLimited,
    strawberry.union("ConfirmAccountResult", description="What comes of confirming an account."),
]
RequestPasswordResetResult = Annotated[
    ResetRequestAccepted | RateLimited,
    strawberry.union("RequestPasswordResetResult", description="What comes of asking for a reset."),
]
CompletePasswordResetResult = Annotated[
    SignedIn | LinkInvalid | PasswordRejected | RateLimited,
    strawberry.union("CompletePasswordResetResult", description="What comes of setting a new password by link."),
]
RenewPasswordResult = Annotated[
    PasswordRenewed | PasswordRejected | InvalidCredentials | PasswordAttemptsExhausted | RateLimited,
    strawberry.union("RenewPasswordResult", description="What comes of changing the password."),
]
RefreshSessionResult = Annotated[
    SessionRefreshed | SessionExpired,
    strawberry.union("RefreshSessionResult", description="What comes of refreshing a session."),
]
RequestAssistanceResult = Annotated[
    AssistanceRequested | InvalidForm | RateLimited,
    strawberry.union("RequestAssistanceResult", description="What comes of the assistance form."),
]
StartRentPaymentResult = Annotated[
    PaymentStarted | PaymentRefused | RateLimited,
    strawberry.union("StartRentPaymentResult", description="What comes of starting a payment."),
]

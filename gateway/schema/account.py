"""The on-line account and the devices that are signed in to it."""

from datetime import date, datetime

import strawberry

from gateway.models import account
from gateway.resolvers.account import resolve_sessions
from gateway.schema.fields import fetched, plain, shows


@shows(account.PasswordRenewal, "Each year, on the anniversary of the account, the password is to be chosen anew.")
class PasswordRenewal:
    """A renewal that is due."""

    due_since: date = plain("The anniversary.")
    mandatory: bool = plain("True where this session may do nothing but renew the password or sign out.")


@shows(account.Session, "A device that is signed in.")
class Session:
    """A session."""

    id: strawberry.ID = plain("To be given to `endSession`.")
    created_at: datetime = plain("Signed in.")
    last_used_at: datetime = plain("Last used, to about a minute.")
    user_agent: str | None = plain("What the browser or app calls itself.")
    current: bool = plain("Whether this is the session that asks.")


@shows(account.Account, "The tenant's on-line account.")
class Account:
    """The account."""

    created_on: date = plain("The day on which it was created; its anniversaries are those of the password.")
    email: str | None = plain("Where mails go.")
    last_sign_in_at: datetime | None = plain("The last sign-in.")
    password_changed_at: datetime = plain("When the password was last chosen.")
    renewal: PasswordRenewal | None = plain("Where the password is to be chosen anew.")
    sessions: list[Session] = fetched(resolve_sessions, "The devices that are signed in, latest used first.", size=10)

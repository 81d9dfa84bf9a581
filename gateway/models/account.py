"""The tenant's on-line account: what is asked of it, and what comes of it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from gateway.models.money import Locale
from gateway.models.principal import Principal


class ClientKind(Enum):
    """Where the tenant sits: WEB holds a session cookie, APP holds tokens."""

    WEB = "WEB"
    APP = "APP"


class PasswordRule(Enum):
    """What a password must be, or must not be."""

    MIN_LENGTH = "MIN_LENGTH"
    MAX_LENGTH = "MAX_LENGTH"
    DIGIT = "DIGIT"
    UPPERCASE = "UPPERCASE"
    SPECIAL_CHARACTER = "SPECIAL_CHARACTER"
    TOO_COMMON = "TOO_COMMON"
    CONTAINS_PERSONAL_DATA = "CONTAINS_PERSONAL_DATA"
    SAME_AS_CURRENT = "SAME_AS_CURRENT"


@dataclass(frozen=True, slots=True)
class PasswordRuleInfo:
    """A rule and how people read it."""

    rule: PasswordRule
    label: str


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules for passwords; lengths in characters."""

    min_length: int
    max_length: int
    rules: tuple[PasswordRuleInfo, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request comes from. `address` by the trusted proxy's word only; `device_cookie` as it was sent."""

    address: str | None = None
    user_agent: str | None = None
    locale: Locale = Locale.FR
    device_cookie: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AccountForm:
    """What is given to create an account."""

    account_label: str = field(repr=False)
    last_name: str = field(repr=False)
    first_name: str = field(repr=False)
    email: str = field(repr=False)
    password: str = field(repr=False)
    birth_date: date | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AssistanceForm:
    """What is given to ask for help with a blocked label; one of e-mail and phone at least."""

    account_label: str = field(repr=False)
    last_name: str = field(repr=False)
    first_name: str = field(repr=False)
    birth_date: date | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    message: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PasswordRenewal:
    """The password should (or must) be chosen anew since that day."""

    due_since: date
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Account:
    """The account as its holder sees it."""

    created_on: date
    email: str | None = field(repr=False)
    last_sign_in_at: datetime | None
    password_changed_at: datetime
    renewal: PasswordRenewal | None


@dataclass(frozen=True, slots=True)
class Session:
    """A device that is signed in."""

    id: str
    created_at: datetime
    last_used_at: datetime
    user_agent: str | None
    current: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the app holds."""

    access_token: str = field(repr=False)
    access_token_expires_at: datetime
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: `tokens` for APP, `session_cookie` for WEB; `device_cookie` gives the device its own gate."""

    principal: Principal
    tokens: Tokens | None
    session_cookie: str | None = field(repr=False)
    device_cookie: str = field(repr=False)
    renewal: PasswordRenewal | None


@dataclass(frozen=True, slots=True)
class InvalidCredentials:
    """Label or password are wrong; passwords are looked at so many times more."""

    attempts_left: int


@dataclass(frozen=True, slots=True)
class PasswordAttemptsExhausted:
    """Passwords are no longer looked at until then; None: until a reset, a confirmed re-creation or staff help."""

    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountBlocked:
    """Nothing but the reset link and the assistance form is open until then."""

    unblock_at: datetime


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Too many calls from one address, or too many passwords at once."""

    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class AccountRequestAccepted:
    """If the details fit a lease, a message is on its way to the contact on file."""


@dataclass(frozen=True, slots=True)
class ResetRequestAccepted:
    """If the label has an account, a link is on its way to its contact."""


@dataclass(frozen=True, slots=True)
class PasswordRejected:
    """The new password breaks the policy; `attempts_left` where trying costs something."""

    violations: tuple[PasswordRule, ...]
    attempts_left: int | None


@dataclass(frozen=True, slots=True)
class LinkInvalid:
    """The link is unknown, used, too old or replaced, or the password given with it is not the chosen one."""


@dataclass(frozen=True, slots=True)
class PasswordRenewed:
    """The password was changed; the other sessions have ended. `tokens` for APP."""

    account: Account
    tokens: Tokens | None


@dataclass(frozen=True, slots=True)
class SessionRefreshed:
    """New tokens for the same session."""

    principal: Principal
    tokens: Tokens
    renewal: PasswordRenewal | None


@dataclass(frozen=True, slots=True)
class SessionExpired:
    """The session is over."""


@dataclass(frozen=True, slots=True)
class AssistanceRequested:
    """Staff will look at it under this reference."""

    reference: str


class FormField(Enum):
    """The fields of a form that can be wrong."""

    ACCOUNT_LABEL = "ACCOUNT_LABEL"
    LAST_NAME = "LAST_NAME"
    FIRST_NAME = "FIRST_NAME"
    BIRTH_DATE = "BIRTH_DATE"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    MESSAGE = "MESSAGE"


@dataclass(frozen=True, slots=True)
class InvalidForm:
    """These fields are missing or unreadable."""

    fields: tuple[FormField, ...]


class AssistanceState(Enum):
    """Where a request for assistance stands."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class AssistanceRequest:
    """A request for assistance as staff see it; `form` is None once its contents are erased."""

    reference: str
    state: AssistanceState
    created_at: datetime
    closed_at: datetime | None
    form: AssistanceForm | None


SignInOutcome = SignedIn | InvalidCredentials | PasswordAttemptsExhausted | AccountBlocked | RateLimited
CreationOutcome = AccountRequestAccepted | PasswordRejected | AccountBlocked | RateLimited
ConfirmationOutcome = SignedIn | LinkInvalid | RateLimited
ResetRequestOutcome = ResetRequestAccepted | RateLimited
ResetOutcome = SignedIn | LinkInvalid | PasswordRejected | RateLimited
RenewalOutcome = PasswordRenewed | PasswordRejected | InvalidCredentials | PasswordAttemptsExhausted | RateLimited
RefreshOutcome = SessionRefreshed | SessionExpired
AssistanceOutcome = AssistanceRequested | InvalidForm | RateLimited

"""What an account keeps of its holder, sealed."""

from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime

from gateway.accounts.anniversaries import renewal_due_since
from gateway.accounts.tools import Tools
from gateway.models.account import Account, PasswordRenewal
from gateway.models.dates import civil_date
from gateway.models.money import Locale
from gateway.moments import moment_of
from gateway.sealing import Secrets
from gateway.store.rows import AccountRow


@dataclass(frozen=True, slots=True)
class Holder:
    """The keys of the lease, and how to write to whom holds it."""

    lease_reference: str = field(repr=False)
    account_number: str = field(repr=False)
    email: str | None = field(repr=False)
    locale: Locale

    def seal(self, secrets: Secrets, account_id: str) -> str:
        """For keeping in the account's row."""
        return secrets.seal("account", account_id, asdict(self) | {"locale": self.locale.value})

    def with_email(self, email: str) -> "Holder":
        """The same with another address."""
        return replace(self, email=email)


def open_holder(secrets: Secrets, account: AccountRow) -> Holder:
    """The holder of an account."""
    kept = secrets.open("account", account.id, account.sealed)
    return Holder(**(kept | {"locale": Locale(kept["locale"])}))


def find_renewal(tools: Tools, account: AccountRow) -> PasswordRenewal | None:
    """Whether the password is due to be chosen anew."""
    due_since = renewal_due_since(
        _day(account.created_at), _day(account.password_changed_at), civil_date(tools.clock())
    )
    if due_since is None:
        return None
    return PasswordRenewal(due_since, tools.settings.password_renewal_mandatory)


def present_account(tools: Tools, account: AccountRow) -> Account:
    """The account as its holder sees it."""
    return Account(
        created_on=_day(account.created_at),
        email=open_holder(tools.secrets, account).email,
        last_sign_in_at=_moment(account.last_sign_in_at),
        password_changed_at=moment_of(account.password_changed_at),
        renewal=find_renewal(tools, account),
    )


def _day(since_1970: int) -> date:
    return civil_date(moment_of(since_1970))


def _moment(since_1970: int | None) -> datetime | None:
    return None if since_1970 is None else moment_of(since_1970)

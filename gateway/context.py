"""What a resolver may touch: who is asking, this request's loaders, and the process's services."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from gateway.accounts import Accounts
from gateway.clients.health import Health
from gateway.clock import Clock
from gateway.errors import Forbidden, Unauthenticated
from gateway.loaders import Loaders
from gateway.models.account import Caller, SignedIn
from gateway.models.advice import Advice
from gateway.models.dates import YearMonth, civil_date
from gateway.models.due_notice import Document
from gateway.models.money import Locale
from gateway.models.principal import Principal
from gateway.models.tenant import Tenant
from gateway.notice_documents import NoticeDocuments
from gateway.payments import Payments
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process and may be used by any request."""

    settings: Settings
    clock: Clock
    accounts: Accounts
    payments: Payments
    documents: NoticeDocuments
    advice: Mapping[str, Advice]
    upstream_health: tuple[Health, ...]


@dataclass(slots=True)
class NewCookies:
    """What the answer sets in a browser; `session_ended` takes the session's cookie away."""

    session: str | None = field(default=None, repr=False)
    device: str | None = field(default=None, repr=False)
    session_ended: bool = False

    def signed_in(self, outcome: SignedIn) -> None:
        """A browser has signed in."""
        self.session, self.device = outcome.session_cookie, outcome.device_cookie


@dataclass(slots=True)
class Context:
    """One request's surroundings. A sign-in, which stands alone in its operation, changes who is asking.

    `from_own_site` is true where the request carries the header that other sites' pages cannot send, and no sign of
    coming from one. `documents` have one address a request, however often they are asked for.
    """

    principal: Principal | None
    all_loaders: Loaders
    services: Services
    caller: Caller
    from_own_site: bool
    cookies: NewCookies = field(default_factory=NewCookies)
    documents: dict[str, Document | None] = field(default_factory=dict)
    _today: date | None = field(default=None, init=False, repr=False)

    @property
    def locale(self) -> Locale:
        """The language that the caller reads."""
        return self.caller.locale

    @property
    def signed_in(self) -> Principal:
        """Who is signed in. Raises Unauthenticated."""
        if self.principal is None:
            raise Unauthenticated
        return self.principal

    @property
    def loaders(self) -> Loaders:
        """The loaders of this request. Forbidden to a session that may do no more than renew the password."""
        self.require_whole_session()
        return self.all_loaders

    def require_whole_session(self) -> None:
        """Raises Forbidden for a session that may do no more than renew the password or end."""
        if self.principal is not None and self.principal.renewal_only:
            raise Forbidden("password_renewal_due")

    @property
    def tenant(self) -> Tenant:
        """The tenant who is signed in: the only source of keys. Raises Unauthenticated, or Forbidden."""
        self.require_whole_session()
        return tenant_of(self.signed_in)

    @property
    def current_month(self) -> YearMonth:
        """The month that a calendar in Paris shows."""
        return YearMonth.of(self.today)

    @property
    def today(self) -> date:
        """The date that a calendar in Paris shows: one for the whole request, whatever the hour."""
        if self._today is None:
            self._today = civil_date(self.services.clock())
        return self._today


def tenant_of(principal: Principal) -> Tenant:
    """The keys that a session may load by."""
    return Tenant(principal.lease_reference, principal.account_number)

"""What a resolver may touch: who is asking, this request's loaders, and the process's services."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.clients.health import Health
from gateway.clock import Clock
from gateway.errors import Unauthenticated
from gateway.loaders import Loaders
from gateway.models.advice import Advice
from gateway.models.dates import YearMonth, civil_date
from gateway.models.money import Locale
from gateway.models.principal import Principal
from gateway.models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process and may be used by any request."""

    clock: Clock
    advice: Mapping[str, Advice]
    upstream_health: tuple[Health, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """One request's surroundings. `locale` is the language that the caller reads."""

    principal: Principal | None
    loaders: Loaders
    services: Services
    locale: Locale

    @property
    def tenant(self) -> Tenant:
        """The tenant who is signed in: the only source of keys. Raises Unauthenticated."""
        if self.principal is None:
            raise Unauthenticated
        return Tenant(self.principal.lease_reference, self.principal.account_number)

    @property
    def current_month(self) -> YearMonth:
        """The month that a calendar in Paris shows."""
        return YearMonth.of(civil_date(self.services.clock()))

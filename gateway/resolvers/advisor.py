"""The advisor, the agency and useful contacts."""

from datetime import datetime

from gateway.context import Context
from gateway.models.advisor import Advisor, Agency, Contact, ContactTopic
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.lease import Lease
from gateway.models.tenant import Tenant
from gateway.resolvers.lease import of_lease_lived_in, resolve_lease
from gateway.soon import Soon, then

# Numbers of the French emergency services; the legacy system holds none of them (docs/legacy/README.md, 1.4).
_NATIONAL = (("SAMU", "15"), ("Police secours", "17"), ("Sapeurs-pompiers", "18"), ("Urgences, numéro européen", "112"))


def resolve_advisor(context: Context, tenant: Tenant) -> Soon[Advisor | None]:
    """The advisor of the lease's sector; None while the post is vacant."""

    def find(lease: Lease) -> "Soon[Advisor | None]":
        return None if lease.sector is None else context.loaders.advisors.load(lease.sector)

    return of_lease_lived_in(context, tenant, find)


def resolve_agency(context: Context, advisor: Advisor) -> Soon[Agency | None]:
    """The agency that the advisor works at."""
    return None if advisor.agency_code is None else context.loaders.agencies.load(advisor.agency_code)


def resolve_useful_contacts(context: Context, tenant: Tenant) -> Soon[tuple[Contact, ...] | None]:
    """The national emergency numbers, then the contacts of the lease's agency."""
    national = _national_contacts(context.services.clock())

    def find(lease: "Lease | None") -> "Soon[Agency | None]":
        return None if lease is None or lease.agency_code is None else context.loaders.agencies.load(lease.agency_code)

    agency = then(resolve_lease(context, tenant), find)
    return then(agency, lambda found: national + (found.contacts if found else ()))


def _national_contacts(now: datetime) -> tuple[Contact, ...]:
    topic, freshness = ContactTopic.NATIONAL, Freshness(SourceSystem.GATEWAY, now)
    return tuple(Contact(label, topic, None, phone, True, True, None, freshness) for label, phone in _NATIONAL)

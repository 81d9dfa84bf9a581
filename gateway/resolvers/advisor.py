"""The advisor, the agency and useful contacts."""

from datetime import datetime

from gateway.context import Context
from gateway.models.advisor import Advisor, Agency, Contact, ContactTopic
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.tenant import Tenant
from gateway.resolvers.lease import load_lease_lived_in, resolve_lease

# Numbers of the French emergency services; the legacy system holds none of them (docs/legacy/README.md, 1.4).
_NATIONAL = (("SAMU", "15"), ("Police secours", "17"), ("Sapeurs-pompiers", "18"), ("Urgences, numéro européen", "112"))


async def resolve_advisor(context: Context, tenant: Tenant) -> Advisor | None:
    """The advisor of the lease's sector; None while the post is vacant."""
    lease = await load_lease_lived_in(context, tenant)
    if lease is None or lease.sector is None:
        return None
    return await context.loaders.advisors.load(lease.sector)


async def resolve_agency(context: Context, advisor: Advisor) -> Agency | None:
    """The agency that the advisor works at."""
    return None if advisor.agency_code is None else await context.loaders.agencies.load(advisor.agency_code)


async def resolve_useful_contacts(context: Context, tenant: Tenant) -> tuple[Contact, ...] | None:
    """The national emergency numbers, then the contacts of the lease's agency."""
    national = _national_contacts(context.services.clock())
    lease = await resolve_lease(context, tenant)
    if lease is None or lease.agency_code is None:
        return national
    agency = await context.loaders.agencies.load(lease.agency_code)
    return national + (agency.contacts if agency else ())


def _national_contacts(now: datetime) -> tuple[Contact, ...]:
    topic, freshness = ContactTopic.NATIONAL, Freshness(SourceSystem.GATEWAY, now)
    return tuple(Contact(label, topic, None, phone, True, True, None, freshness) for label, phone in _NATIONAL)

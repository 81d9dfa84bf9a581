"""The lease, its holder, and what hangs on the lease alone."""

from gateway.context import Context
from gateway.models.dwelling import Dwelling
from gateway.models.lease import Lease, LeaseHolder
from gateway.models.tenant import Tenant


async def resolve_lease(context: Context, tenant: Tenant) -> Lease | None:
    """The tenant's lease; None where property management no longer knows it."""
    return await context.loaders.leases.load(tenant.lease_reference)


async def load_lease_lived_in(context: Context, tenant: Tenant) -> Lease | None:
    """The lease while it lasts: with its end, works, advisor and water end too (balance and notices do not)."""
    lease = await resolve_lease(context, tenant)
    return None if lease is None or lease.has_ended(context.today) else lease


async def resolve_lease_holder(context: Context, tenant: Tenant) -> LeaseHolder | None:
    """The principal holder of the lease."""
    lease = await resolve_lease(context, tenant)
    return lease.holder if lease else None


async def resolve_dwelling(context: Context, tenant: Tenant) -> Dwelling | None:
    """The dwelling let by the lease."""
    lease = await resolve_lease(context, tenant)
    if lease is None or lease.dwelling_reference is None:
        return None
    return await context.loaders.dwellings.load(lease.dwelling_reference)

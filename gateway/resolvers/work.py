"""Works on the tenant's dwelling, its common parts and its building."""

from gateway.context import Context
from gateway.models.tenant import Tenant
from gateway.models.work import Work, WorkState
from gateway.resolvers.lease import load_lease_lived_in
from gateway.snapshots.kinds import earliest_work, works_since


async def resolve_works(
    context: Context, tenant: Tenant, states: list[WorkState] | None = None
) -> tuple[Work, ...] | None:
    """Works requested within 24 months, newest first, in these states only where some are named."""
    lease = await load_lease_lived_in(context, tenant)
    if lease is None or lease.dwelling_reference is None:
        return None
    works = await context.loaders.works.load((lease.dwelling_reference, works_since(context.today)))
    earliest = earliest_work(context.today)
    wanted = (work for work in works or () if work.requested_on >= earliest)
    return tuple(work for work in wanted if states is None or work.state in states)

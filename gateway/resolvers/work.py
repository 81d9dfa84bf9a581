"""Works on the tenant's dwelling, its common parts and its building."""

from gateway.context import Context
from gateway.models.lease import Lease
from gateway.models.tenant import Tenant
from gateway.models.work import Work, WorkState
from gateway.resolvers.lease import of_lease_lived_in
from gateway.snapshots.kinds import earliest_work, works_since
from gateway.soon import Soon, then


def resolve_works(
    context: Context, tenant: Tenant, states: list[WorkState] | None = None
) -> Soon[tuple[Work, ...] | None]:
    """Works requested within 24 months, newest first, in these states only where some are named."""
    today = context.today
    earliest = earliest_work(today)

    def find(lease: Lease) -> "Soon[tuple[Work, ...] | None]":
        if lease.dwelling_reference is None:
            return None
        return then(context.loaders.works.load((lease.dwelling_reference, works_since(today))), choose)

    def choose(works: "tuple[Work, ...] | None") -> "tuple[Work, ...]":
        wanted = (work for work in works or () if work.requested_on >= earliest)
        return tuple(work for work in wanted if states is None or work.state in states)

    return of_lease_lived_in(context, tenant, find)

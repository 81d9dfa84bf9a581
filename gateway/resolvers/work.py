"""Works on the tenant's dwelling, its common parts and its building."""

from datetime import date

from gateway.context import Context
from gateway.models.tenant import Tenant
from gateway.models.work import Work, WorkState
from gateway.resolvers.lease import load_lease_lived_in

YEARS_BACK = 2


async def resolve_works(
    context: Context, tenant: Tenant, states: list[WorkState] | None = None
) -> tuple[Work, ...] | None:
    """Works requested within 24 months, newest first, in these states only where some are named."""
    lease = await load_lease_lived_in(context, tenant)
    if lease is None or lease.dwelling_reference is None:
        return None
    works = await context.loaders.works.load((lease.dwelling_reference, _years_before(context.today)))
    if works is None or states is None:
        return works
    return tuple(work for work in works if work.state in states)


def _years_before(day: date) -> date:
    return date(day.year - YEARS_BACK, day.month, min(day.day, 28) if day.month == 2 else day.day)

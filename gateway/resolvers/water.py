"""Water of the tenant's dwelling over a range of months."""

from gateway.context import Context
from gateway.errors import BadUserInput
from gateway.models.dates import YearMonth
from gateway.models.lease import Lease
from gateway.models.tenant import Tenant
from gateway.models.water import WaterConsumption
from gateway.resolvers.lease import of_lease_lived_in
from gateway.snapshots.kinds import MAX_MONTHS
from gateway.soon import Soon

EARLIEST_YEAR, LATEST_YEAR = 1950, 2150  # beyond, property management calls a month malformed


def resolve_water_consumption(
    context: Context, tenant: Tenant, from_: YearMonth | None = None, to: YearMonth | None = None
) -> Soon[WaterConsumption | None]:
    """At most 13 months, both ends included; the last 13 where nothing is said, the current one included."""
    last = to if to is not None else (from_.plus(MAX_MONTHS - 1) if from_ is not None else context.current_month)
    if to is None:
        last = min(last, context.current_month)
    first = from_ if from_ is not None else last.plus(1 - MAX_MONTHS)
    if not 0 <= first.months_until(last) < MAX_MONTHS or first.year < EARLIEST_YEAR or last.year > LATEST_YEAR:
        raise BadUserInput("months_out_of_range", maximum=MAX_MONTHS)

    def find(lease: Lease) -> "Soon[WaterConsumption | None]":
        if lease.dwelling_reference is None:
            return None
        return context.loaders.water.load((lease.dwelling_reference, (first, last)))

    return of_lease_lived_in(context, tenant, find)

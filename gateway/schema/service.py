"""How the systems behind the graph are doing."""

from datetime import datetime

import strawberry

from gateway.models import closure, service
from gateway.models.freshness import SourceSystem
from gateway.resolvers.query import resolve_service_status
from gateway.schema.fields import described, fetched, plain, shows

described(
    service.SystemState,
    "How a system is doing, by what the gateway's own calls met.",
    UP="It answers.",
    DEGRADED="The last call or two failed.",
    DOWN="It has failed three times in a row or more.",
    CLOSED="It says that it is closed, for the night or for maintenance.",
)


@shows(closure.TimeWindow, "From one moment to another.")
class TimeWindow:
    """A time window."""

    from_at: datetime = plain("Begins.", name="from")
    to_at: datetime = plain("Ends; at this moment it is over.", name="to")


@shows(service.SystemStatus, "How one system is doing.")
class SystemStatus:
    """A system's state."""

    system: SourceSystem = plain("The system.")
    state: service.SystemState = plain("How it is doing.")
    since: datetime | None = plain("Since when; null before the first call.")
    planned_closure: TimeWindow | None = plain("The planned closure that is on or comes next; null where none is.")


@strawberry.type(description="How the systems behind the graph are doing.")
class ServiceStatus:
    """The systems' states."""

    systems: list[SystemStatus] = fetched(resolve_service_status, "One entry a legacy system.", size=2)

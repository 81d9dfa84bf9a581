"""The roots of the graph: who is signed in, nodes by id, and how the systems behind are doing."""

from dataclasses import replace
from datetime import datetime

from gateway.context import Context
from gateway.errors import Unauthenticated
from gateway.models.advice import Advice
from gateway.models.closure import Closure
from gateway.models.due_notice import DueNotice
from gateway.models.freshness import SourceSystem
from gateway.models.node import parse_node_id
from gateway.models.payment import Payment
from gateway.models.service import SystemState, SystemStatus
from gateway.models.tenant import Tenant
from gateway.models.work import Work
from gateway.resolvers.payment import find_payment
from gateway.resolvers.work import resolve_works
from gateway.soon import come


def resolve_me(context: Context, _: object) -> Tenant:
    """The signed-in tenant. Raises Unauthenticated."""
    return context.tenant


async def resolve_node(
    context: Context,
    _: object,
    id: str,  # noqa: A002
) -> Tenant | DueNotice | Work | Payment | Advice | None:
    """What has that id and may be seen by the caller; None for anything else, whether it exists or not.

    A tenant's things are looked for among what the tenant's own keys load, so an id never widens what is seen.
    """
    kind, key = parse_node_id(id) or ("", "")
    if kind == "Advice":
        return context.services.advice.get(key)
    try:
        return await _find_own(context, context.tenant, kind, key)
    except Unauthenticated:
        return None


async def _find_own(
    context: Context, tenant: Tenant, kind: str, key: str
) -> Tenant | DueNotice | Work | Payment | None:
    match kind:
        case "Tenant":
            return tenant if tenant.lease_reference == key else None
        case "DueNotice":
            notices = await come(context.loaders.due_notices.load(tenant.account_number))
            return next((notice for notice in notices or () if notice.number == key), None)
        case "Work":
            works = await come(resolve_works(context, tenant))
            return next((work for work in works or () if work.reference == key), None)
        case "Payment":
            return await find_payment(context, tenant, key)
    return None


def resolve_service_status(context: Context, _: object) -> tuple[SystemStatus, ...]:
    """Each legacy system as the gateway itself has last met it, and when it is to close."""
    now, settings = context.services.clock(), context.services.settings
    closures = {
        SourceSystem.PROPERTY_MANAGEMENT: settings.planned_property_closure,
        SourceSystem.BILLING: settings.planned_billing_closure,
    }
    statuses = (health.status for health in context.services.upstream_health)
    return tuple(_with_closure(status, closures[status.system], now) for status in statuses)


def _with_closure(status: SystemStatus, closure: Closure | None, now: datetime) -> SystemStatus:
    if closure is None:
        return status
    window = closure.current_or_next(now)
    if window.from_at <= now:
        return SystemStatus(status.system, SystemState.CLOSED, window.from_at, window)
    return replace(status, planned_closure=window)

"""Opens the clients of both legacy systems, within what the landlord's nodes share, and what is remembered of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import time

from gateway.accounts import Accounts
from gateway.background import Bell, repeating
from gateway.clients.base import Upstream, open_http
from gateway.clients.billing import Billing
from gateway.clients.budgets import RateBudget
from gateway.clients.places import Places
from gateway.clients.property_management import PropertyManagement
from gateway.clock import Clock
from gateway.models.freshness import SourceSystem
from gateway.settings import Settings
from gateway.sharing.opening import Sharing
from gateway.snapshots import Memory, Snapshots
from gateway.snapshots.warming import WarmUp
from gateway.store.duties import Duty, always

# What the legacy systems take from the whole landlord (docs/legacy/README.md, 1.6 and 2.7).
PROPERTY_PLACES = 8
BILLING_CALLS_A_MINUTE = 500
BILLING_CALLS_A_DAY = 20_000
# Billing sets no limit of calls at a time; this is what its budget needs where it answers slowly.
BILLING_PLACES = 32


@asynccontextmanager
async def open_property_management(
    settings: Settings, clock: Clock, sharing: Sharing | None = None
) -> AsyncIterator[PropertyManagement]:
    """The client of property management; its session is closed at the end, unless it is shared with others."""
    user, password = settings.property_user, settings.property_password.get_secret_value()
    nodes = _nodes_of(sharing)
    async with open_http() as http:
        upstream = Upstream(
            SourceSystem.PROPERTY_MANAGEMENT,
            http,
            deadline_seconds=settings.upstream_deadline_seconds,
            clock=clock,
            places=Places(lambda: PROPERTY_PLACES // nodes()),
            closure=settings.planned_property_closure,
        )
        client = PropertyManagement(
            upstream,
            settings.property_url,
            company=settings.property_company,
            user=user,
            password=password,
            keeper=sharing.keeper("property management", settings.property_url, user, password) if sharing else None,
        )
        try:
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def open_billing(settings: Settings, clock: Clock, sharing: Sharing | None = None) -> AsyncIterator[Billing]:
    """The client of billing."""
    user, secret = settings.billing_user, settings.billing_secret.get_secret_value()
    budget = RateBudget(
        clock,
        per_minute=BILLING_CALLS_A_MINUTE,
        per_day=BILLING_CALLS_A_DAY,
        starts_anew=sharing is not None,
        nodes=_nodes_of(sharing),
        spent_elsewhere=(lambda: sharing.nodes.spent_elsewhere("billing")) if sharing else (lambda: 0),
    )
    if sharing is not None:
        sharing.nodes.publish("billing", lambda: budget.spent_today)
    async with open_http() as http:
        upstream = Upstream(
            SourceSystem.BILLING,
            http,
            deadline_seconds=settings.upstream_deadline_seconds,
            clock=clock,
            places=Places(lambda: BILLING_PLACES),
            budget=budget,
            closure=settings.planned_billing_closure,
        )
        yield Billing(
            upstream,
            settings.billing_url,
            user=user,
            secret=secret,
            keeper=sharing.keeper("billing", settings.billing_url, user, secret) if sharing else None,
        )


def _nodes_of(sharing: Sharing | None) -> Callable[[], int]:
    return (lambda: sharing.nodes.alive) if sharing else (lambda: 1)


def build_snapshots(
    settings: Settings, clock: Clock, property_management: PropertyManagement, billing: Billing, sharing: Sharing
) -> Snapshots:
    """What this process remembers of both, and shares with others where there is a Valkey."""
    return Snapshots(
        property_management,
        billing,
        clock,
        kept_hours=settings.last_known_hours,
        patience_seconds=settings.stale_patience_seconds,
        memory=Memory(most_bytes=settings.memory_megabytes * 1024 * 1024),
        shared=sharing.valkey,
    )


def warming_up(
    settings: Settings, clock: Clock, accounts: Accounts, snapshots: Snapshots, sharing: Sharing
) -> AbstractAsyncContextManager[None]:
    """Meanwhile each morning's values are read ahead: by one node at a time where they share them, else by each."""
    duty = Duty(sharing.store, clock, "warm-up")

    async def may_go_on() -> bool:
        return sharing.valkey is None or await duty.take(always) is not None

    warm_up = WarmUp(
        snapshots, clock, time.fromisoformat(settings.warm_up_at), accounts.seen_of_late, may_go_on=may_go_on
    )
    return repeating("warm-up", warm_up.run_if_due, Bell(), every_seconds=60)

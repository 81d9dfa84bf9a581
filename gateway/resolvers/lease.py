"""The lease, its holder, and what hangs on the lease alone."""

from collections.abc import Callable
from typing import TypeVar

from gateway.context import Context
from gateway.models.dwelling import Dwelling
from gateway.models.lease import Lease, LeaseHolder
from gateway.models.tenant import Tenant
from gateway.soon import Soon, then

T = TypeVar("T")


def resolve_lease(context: Context, tenant: Tenant) -> Soon[Lease | None]:
    """The tenant's lease; None where property management no longer knows it."""
    return context.loaders.leases.load(tenant.lease_reference)


def of_lease_lived_in(context: Context, tenant: Tenant, find: Callable[[Lease], Soon[T | None]]) -> Soon[T | None]:
    """What is found by the lease while it lasts: works, advisor and water end with it (balance and notices do not)."""

    def find_while_it_lasts(lease: "Lease | None") -> "Soon[T | None]":
        return None if lease is None or lease.has_ended(context.today) else find(lease)

    return then(resolve_lease(context, tenant), find_while_it_lasts)


def resolve_lease_holder(context: Context, tenant: Tenant) -> Soon[LeaseHolder | None]:
    """The principal holder of the lease."""
    return then(resolve_lease(context, tenant), lambda lease: lease.holder if lease else None)


def resolve_dwelling(context: Context, tenant: Tenant) -> Soon[Dwelling | None]:
    """The dwelling let by the lease."""

    def find(lease: "Lease | None") -> "Soon[Dwelling | None]":
        if lease is None or lease.dwelling_reference is None:
            return None
        return context.loaders.dwellings.load(lease.dwelling_reference)

    return then(resolve_lease(context, tenant), find)

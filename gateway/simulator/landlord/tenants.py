"""One tenant: everything both legacy systems hold about a lease, made when first asked for."""

from collections.abc import Hashable
from functools import cached_property
from typing import Any

from gateway.simulator.landlord import example, places
from gateway.simulator.landlord.accounts import Account
from gateway.simulator.landlord.cases import EXAMPLE_INDEX, Case
from gateway.simulator.landlord.dwellings import Dwelling, dwelling_of
from gateway.simulator.landlord.leases import Lease, lease_of
from gateway.simulator.landlord.ledgers import account_of
from gateway.simulator.landlord.people import Holder, holders_of
from gateway.simulator.landlord.water import Water, water_of
from gateway.simulator.landlord.works import Works, works_of_building, works_of_dwelling


class Tenant:
    """A tenant of the landlord, by index; the same for the same seed and index, however many there are."""

    def __init__(self, seed: int, index: int) -> None:
        self.seed = seed
        self.index = index
        self.fragments: dict[Hashable, Any] = {}
        """Wire fragments already written for this tenant, kept by their writers."""

    def __repr__(self) -> str:
        return f"<Tenant {self.lease_reference}>"

    def shows(self, case: Case) -> bool:
        """Whether the tenant shows an edge case."""
        return case.applies_to(self.index)

    @property
    def lease_reference(self) -> str:
        """E.g. 0048217/01."""
        return f"{places.number_of(self.index):07d}/01"

    @property
    def account_number(self) -> str:
        """E.g. L0048217; also the account label."""
        return f"L{places.number_of(self.index):07d}"

    @property
    def dwelling_reference(self) -> str:
        """E.g. 5701-B-0034."""
        return places.dwelling_reference_of(self.index)

    @property
    def sector(self) -> str:
        """E.g. MZ3."""
        return places.sector_code(places.sector_position_of(self.index))

    @property
    def agency(self) -> str:
        """E.g. 57A."""
        return places.town_of_sector(places.sector_position_of(self.index)).agency

    @cached_property
    def lease(self) -> Lease:
        """The lease."""
        return example.LEASE if self.index == EXAMPLE_INDEX else lease_of(self.seed, self.index)

    @cached_property
    def holders(self) -> tuple[Holder, ...]:
        """The holders in the order of the wire."""
        return example.HOLDERS if self.index == EXAMPLE_INDEX else holders_of(self.seed, self.index)

    @property
    def principal(self) -> Holder:
        """The principal holder."""
        return next(holder for holder in self.holders if holder.is_principal)

    @cached_property
    def dwelling(self) -> Dwelling | None:
        """The dwelling; None when property management does not know it."""
        return example.DWELLING if self.index == EXAMPLE_INDEX else dwelling_of(self.seed, self.index)

    @cached_property
    def water(self) -> Water:
        """Meters and prices."""
        return example.water() if self.index == EXAMPLE_INDEX else water_of(self.seed, self.index)

    @cached_property
    def works(self) -> tuple[Works, ...]:
        """Works of the dwelling, its common parts and its building."""
        if self.index == EXAMPLE_INDEX:
            return example.WORKS
        if self.dwelling is None:
            return ()
        common = works_of_building(self.seed, places.building_of(self.index))
        return (*works_of_dwelling(self.seed, self.index), *common)

    @cached_property
    def account(self) -> Account:
        """The account as billing starts with it; deposits are billing's own."""
        return example.account() if self.index == EXAMPLE_INDEX else account_of(self.seed, self.index, self.lease)

"""The landlord's data, "the truth": every tenant, deterministic, made lazily."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, overload

from gateway.simulator.landlord import places
from gateway.simulator.landlord.advisors import Advisor, advisor_of_sector
from gateway.simulator.landlord.agencies import AGENCIES, Agency
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.tenants import Tenant

__all__ = ["Landlord", "Tenant", "Tenants"]

_TENANTS_KEPT: Final = 12_000
"""Each weighs some 80 kB with all that is written of it; inventing it takes some milliseconds."""


class Tenants(Sequence[Tenant]):
    """All tenants by index, the worked example first, then by ascending lease reference."""

    def __init__(self, seed: int, count: int) -> None:
        self._count = count
        self._make = lru_cache(maxsize=_TENANTS_KEPT)(lambda index: Tenant(seed, index))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Tenant: ...

    @overload
    def __getitem__(self, index: slice) -> list[Tenant]: ...

    def __getitem__(self, index: int | slice) -> Tenant | list[Tenant]:
        if isinstance(index, slice):
            return [self._make(each) for each in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._make(index % self._count)


class Landlord:
    """The world both simulated systems answer from."""

    def __init__(self, seed: int, tenants: int) -> None:
        self.seed = seed
        self.tenants = Tenants(seed, max(1, tenants))
        self._by_sector: dict[str, list[int]] = {}

    def by_lease(self, reference: str) -> Tenant | None:
        """The tenant with this lease reference."""
        number, slash, rest = reference.partition("/")
        return self._by_number(number) if slash and rest == "01" else None

    def by_account(self, number: str) -> Tenant | None:
        """The tenant with this account number, exactly written."""
        return self._by_number(number[1:]) if number.startswith("L") else None

    def by_dwelling(self, reference: str) -> Tenant | None:
        """The tenant whose dwelling has this reference, even if property management does not know the dwelling."""
        index = places.index_of_dwelling(reference)
        return self.tenants[index] if index is not None and index < len(self.tenants) else None

    def with_case(self, case: Case) -> Iterator[Tenant]:
        """The tenants that show an edge case."""
        return (self.tenants[index] for index in range(case.at, len(self.tenants), case.every) if index)

    def of_area(self, sector: str | None, agency: str | None) -> Iterator[Tenant]:
        """The tenants of a sector, an agency or both, in ascending order of their leases; uncached on purpose."""
        for index in self._indexes(sector):
            tenant = Tenant(self.seed, index)
            if agency is None or tenant.agency == agency:
                yield tenant

    def advisor(self, sector: str) -> Advisor | None:
        """The advisor of a sector."""
        return advisor_of_sector(sector)

    def agency(self, code: str) -> Agency | None:
        """The agency with this code."""
        return AGENCIES.get(code)

    def _indexes(self, sector: str | None) -> Sequence[int]:
        if sector is None:
            return range(len(self.tenants))
        if not self._by_sector:
            for index in range(len(self.tenants)):
                code = places.sector_code(places.sector_position_of(index))
                self._by_sector.setdefault(code, []).append(index)
        return self._by_sector.get(sector, [])

    def _by_number(self, digits: str) -> Tenant | None:
        if len(digits) != 7 or not (digits.isascii() and digits.isdigit()):
            return None
        index = places.index_of_number(int(digits))
        return self.tenants[index] if index is not None and index < len(self.tenants) else None

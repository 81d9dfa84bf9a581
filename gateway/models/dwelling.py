"""Dwellings (logements) and postal addresses."""

from decimal import Decimal
from enum import Enum

from msgspec import Struct

from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness


class Construction(Enum):
    """Flat in a block, or single house."""

    BLOCK = "BLOCK"
    HOUSE = "HOUSE"
    OTHER = "OTHER"


class Address(Struct, frozen=True, gc=False, array_like=True):
    """A French postal address; `lines` without postal code and town."""

    lines: tuple[str, ...]
    postal_code: str
    town: str


class Dwelling(Struct, frozen=True, gc=False, array_like=True):
    """A dwelling; `floor` 0 is the ground floor, -1 the basement; `living_area` in m²; `kind` as T1…T7."""

    reference: str
    rpls_id: str | None
    residence: str | None
    building: str | None
    staircase: str | None
    floor: int | None
    door: str | None
    address: Address | None
    kind: str | None
    rooms: int | None
    living_area: Decimal | None
    construction: Construction | None
    construction_code: str | None
    built_in: int | None
    energy_class: str | None
    energy_assessed_in: YearMonth | None
    freshness: Freshness

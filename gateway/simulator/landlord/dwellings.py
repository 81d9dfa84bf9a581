"""Dwellings: address, size, energy class, with every sentinel."""

import random
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.simulator.landlord import places
from gateway.simulator.landlord.calendar import Month, month_of
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.dice import dice


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A dwelling; codes raw, null as None, area in hundredths of a square metre."""

    reference: str
    rpls_id: str | None
    insee_code: str | None
    residence: str | None
    building: str | None
    staircase: str | None
    floor: int | None
    door: str | None
    address_line1: str | None
    address_line2: str | None
    postcode: str | None
    city: str | None
    type_code: str
    construction_code: str
    rooms: int | None
    area_hundredths: int | None
    energy_class: str | None
    energy_month: Month | None
    build_year: int | None
    sector: str
    agency: str


_RESIDENCES: Final = (
    "LES TILLEULS",
    "LE CLOS DES ŒILLETS",
    "L’ORÉE DU BOIS",
    "LES ÉRABLES",
    "SAINT-ÉLOI",
    "LE PRÉ D'ARGENT",
    "LES BÂTELIERS",
    "CITÉ JEAN-MACÉ",
)
_STREETS: Final = ("RUE DES TILLEULS", "RUE DU SACRÉ-CŒUR", "ALLÉE DE L’EUROPE", "AVENUE JEAN JAURÈS", "QUAI DU PORT")
_TYPES: Final = ("T1", "T1B", "T2", "T3", "T4", "T5", "T6", "T7")
_ROOMS: Final = (1, 1, 2, 3, 4, 5, 6, 7)


def dwelling_of(seed: int, index: int) -> Dwelling | None:
    """The dwelling of the tenant at this index; None when property management does not know it."""
    if Case.DWELLING_UNKNOWN.applies_to(index):
        return None
    rng = dice(seed, index, "dwelling")
    building, position = places.building_of(index), places.sector_position_of(index)
    town = places.town_of_sector(position)
    size = rng.randrange(len(_TYPES)) if rng.random() < 0.3 else 2 + index % 3
    house = Case.HOUSE.applies_to(index)
    energy, energy_month = _energy(rng, index)
    slot = (index - 1) % places.DWELLINGS_PER_BUILDING
    return Dwelling(
        reference=places.dwelling_reference_of(index),
        rpls_id=f"{index:010d}",
        insee_code=town.insee,
        residence=None if house else _RESIDENCES[building % len(_RESIDENCES)],
        building=None if house else places.building_letter(building),
        staircase=None if house else str(slot % 2 + 1),
        floor=_floor(index, slot),
        door=None if house else f"{slot + 1:02d}",
        address_line1=f"{2 + building % 90} {_STREETS[building % len(_STREETS)]}",
        address_line2="BÂT. ARRIÈRE – 2e COUR" if index % 17 == 2 else None,
        postcode=town.postcode,
        city=town.name,
        type_code="STU" if Case.UNKNOWN_DWELLING_TYPE.applies_to(index) else _TYPES[size],
        construction_code=_construction(index, house=house),
        rooms=None if Case.ROOMS_UNKNOWN.applies_to(index) else _ROOMS[size],
        area_hundredths=None if Case.AREA_UNKNOWN.applies_to(index) else 1_900 + 1_450 * size + rng.randrange(900),
        energy_class=energy,
        energy_month=energy_month,
        build_year=None if Case.BUILD_YEAR_UNKNOWN.applies_to(index) else 1950 + building % 70,
        sector=places.sector_code(position),
        agency=town.agency,
    )


def _floor(index: int, slot: int) -> int | None:
    if Case.FLOOR_UNKNOWN.applies_to(index):
        return None
    if Case.BASEMENT.applies_to(index):
        return -1
    return 0 if Case.GROUND_FLOOR.applies_to(index) else slot // 2 + 1


def _construction(index: int, *, house: bool) -> str:
    if Case.UNKNOWN_CONSTRUCTION.applies_to(index):
        return "M"
    return "I" if house else "C"


def _energy(rng: random.Random, index: int) -> tuple[str | None, Month | None]:
    if Case.ENERGY_CLASS_UNKNOWN.applies_to(index):
        return None, None
    return "ABCDEFG"[index % 7], month_of(date(2018 + rng.randrange(8), 1 + rng.randrange(12), 1))

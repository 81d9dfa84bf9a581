"""Where things are: agencies, sectors, buildings, and the keys that count tenants, dwellings and works."""

import re
from dataclasses import dataclass
from typing import Final

DWELLINGS_PER_BUILDING: Final = 12
EXAMPLE_DWELLING: Final = "5701-B-0034"
EXAMPLE_NUMBER: Final = 48217
EXAMPLE_SECTOR_POSITION: Final = 16

_FIRST_NUMBER: Final = 100_000
_NUMBER_STEP: Final = 13
_FIRST_GROUP: Final = 5_702
_LETTERS: Final = "ABCD"
_DWELLING: Final = re.compile(r"([0-9]{4,5})-([A-D])-([0-9]{4})", re.ASCII)
_SECTORS_PER_AGENCY: Final = 5


@dataclass(frozen=True, slots=True)
class Town:
    """An agency's town: the codes keep their leading zeros."""

    agency: str
    name: str
    sector_prefix: str
    postcode: str
    insee: str


TOWNS: Final = (
    Town("57A", "METZ", "MZ", "57000", "57463"),
    Town("57B", "THIONVILLE", "TH", "57100", "57672"),
    Town("54A", "NANCY", "NA", "54000", "54395"),
    Town("67A", "STRASBOURG", "ST", "67000", "67482"),
    Town("88A", "ÉPINAL", "EP", "88000", "88160"),
    Town("01A", "BOURG-EN-BRESSE", "BB", "01000", "01053"),
    Town("55A", "BAR-LE-DUC", "BD", "55000", "55029"),
    Town("08A", "CHARLEVILLE-MÉZIÈRES", "CM", "08000", "08105"),
)
SECTOR_COUNT: Final = len(TOWNS) * _SECTORS_PER_AGENCY


def town_of_sector(position: int) -> Town:
    """The town of the sector at this position (0-39)."""
    return TOWNS[position % len(TOWNS)]


def sector_code(position: int) -> str:
    """The code of the sector at this position, e.g. MZ3."""
    return f"{town_of_sector(position).sector_prefix}{position // len(TOWNS) + 1}"


SECTOR_POSITIONS: Final = {sector_code(position): position for position in range(SECTOR_COUNT)}


def building_of(index: int) -> int:
    """The building of a tenant; -1 is the example's."""
    return -1 if index == 0 else (index - 1) // DWELLINGS_PER_BUILDING


def sector_position_of(index: int) -> int:
    """The position of a tenant's sector."""
    return EXAMPLE_SECTOR_POSITION if index == 0 else building_of(index) % SECTOR_COUNT


def number_of(index: int) -> int:
    """The seven-digit number behind a tenant's lease, account, notices and entries."""
    return EXAMPLE_NUMBER if index == 0 else _FIRST_NUMBER + index * _NUMBER_STEP


def index_of_number(number: int) -> int | None:
    """The tenant with this number, were there tenants enough."""
    if number == EXAMPLE_NUMBER:
        return 0
    index, rest = divmod(number - _FIRST_NUMBER, _NUMBER_STEP)
    return index if index > 0 and rest == 0 else None


def building_letter(building: int) -> str:
    """The letter of a building, part of its dwellings' references."""
    return "B" if building < 0 else _LETTERS[building % len(_LETTERS)]


def dwelling_reference_of(index: int) -> str:
    """The reference of a tenant's dwelling."""
    if index == 0:
        return EXAMPLE_DWELLING
    building = building_of(index)
    slot = (index - 1) % DWELLINGS_PER_BUILDING
    return f"{_FIRST_GROUP + building}-{building_letter(building)}-{slot + 1:04d}"


def index_of_dwelling(reference: str) -> int | None:
    """The tenant of this dwelling, were there tenants enough."""
    if reference == EXAMPLE_DWELLING:
        return 0
    match = _DWELLING.fullmatch(reference)
    if match is None:
        return None
    building, slot = int(match[1]) - _FIRST_GROUP, int(match[3]) - 1
    if building < 0 or not 0 <= slot < DWELLINGS_PER_BUILDING:
        return None
    index = building * DWELLINGS_PER_BUILDING + slot + 1
    return index if dwelling_reference_of(index) == reference else None

"""Housing advisors: one post per sector, sometimes vacant, sometimes with a replacement."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.simulator.landlord import places


@dataclass(frozen=True, slots=True)
class Advisor:
    """The advisor of a sector; without code the post is vacant."""

    sector: str
    code: str | None
    last_name: str | None
    first_name: str | None
    phone: str | None
    email: str | None
    agency: str
    office_hours: str | None
    absent_from: date | None = None
    absent_to: date | None = None
    replacement_name: str | None = None
    replacement_phone: str | None = None
    replacement_email: str | None = None


VACANT_POSITIONS: Final = frozenset({3, 13, 23})
"""Sectors whose post is vacant."""
REPLACED_POSITIONS: Final = frozenset({5, 15, 25})
"""Sectors whose advisor is away and replaced."""
ABSENT_POSITIONS: Final = frozenset({7, 27})
"""Sectors whose advisor is away, nobody in their place."""

_LAST_NAMES: Final = ("WEBER", "HŒFFEL", "D’ANGELO", "PETIT-JEAN", "NGUYEN", "LEFÈVRE", "SCHMITT", "ROUSSEL", "COLLIN")
_FIRST_NAMES: Final = ("Sophie", "Jérôme", "Maëlle", "Karim", "Élise", "Noël", "Chloé")
_EXAMPLE: Final = Advisor(
    sector="MZ3",
    code="CH-MZ3",
    last_name="KLEIN",
    first_name="Aurélie",
    phone="0353012233",
    email="aurelie.klein@bailleur.example",
    agency="57A",
    office_hours="lun-ven 9h-12h",
)


def advisor_of_sector(sector: str) -> Advisor | None:
    """The advisor of a sector; None for an unknown sector."""
    position = places.SECTOR_POSITIONS.get(sector)
    if position is None:
        return None
    if position == places.EXAMPLE_SECTOR_POSITION:
        return _EXAMPLE
    agency = places.town_of_sector(position).agency
    if position in VACANT_POSITIONS:
        return Advisor(sector, None, "POSTE VACANT", None, None, None, agency, None)
    last, first = _LAST_NAMES[position % len(_LAST_NAMES)], _FIRST_NAMES[position % len(_FIRST_NAMES)]
    away = position in REPLACED_POSITIONS | ABSENT_POSITIONS
    replaced = position in REPLACED_POSITIONS
    return Advisor(
        sector=sector,
        code=f"CH-{sector}",
        last_name=last,
        first_name=first,
        phone=None if position % 6 == 4 else f"03530122{position:02d}",
        email=None if position % 9 == 8 else f"conseil.{sector.lower()}@bailleur.example",
        agency=agency,
        office_hours=None if position % 7 == 6 else "lun-jeu 9h-12h, ven sur rendez-vous – accueil",
        absent_from=date(2026, 10, 26) if away else None,
        absent_to=date(2026, 11, 13) if away else None,
        replacement_name="MARCHŒUR Hélène" if replaced else None,
        replacement_phone="0353012299" if replaced else None,
        replacement_email="accueil@bailleur.example" if replaced and position != 15 else None,
    )

"""Agencies, their opening hours and their useful contacts."""

from dataclasses import dataclass
from datetime import time
from typing import Final

from gateway.simulator.landlord import places


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """The hours of one weekday (1 = Monday); a half day without hours is closed."""

    day: int
    morning: tuple[time, time] | None
    afternoon: tuple[time, time] | None


@dataclass(frozen=True, slots=True)
class UsefulContact:
    """A contact of an agency; topic code raw."""

    topic_code: str
    label: str | None
    phone: str | None
    emergency: bool
    available_24h: bool
    notes: str | None


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency with its hours and contacts."""

    code: str
    name: str
    address_line1: str
    address_line2: str | None
    postcode: str
    city: str
    phone: str | None
    email: str | None
    opening_hours: tuple[OpeningHours, ...]
    contacts: tuple[UsefulContact, ...]


_MORNING: Final = (time(8, 30), time(12, 0))
_AFTERNOON: Final = (time(13, 30), time(17, 0))


def _agency(position: int, town: places.Town) -> Agency:
    return Agency(
        code=town.agency,
        name="AGENCE DE METZ" if position == 0 else f"AGENCE DE {town.name} – SIÈGE",
        address_line1=f"{position * 3 + 1} PLACE DE L’HÔTEL DE VILLE",
        address_line2=None if position % 2 == 0 else "2e étage",
        postcode=town.postcode,
        city=town.name,
        phone=None if position == 3 else f"035301{position:02d}00",
        email=None if position == 4 else f"agence.{town.agency.lower()}@bailleur.example",
        opening_hours=tuple(_opening(position, day) for day in range(1, 6 + (position % 3 == 1))),
        contacts=tuple(_contacts(position)),
    )


def _opening(position: int, day: int) -> OpeningHours:
    """Closed on Thursday mornings, Friday afternoons of some agencies, Saturday afternoons."""
    afternoon = _AFTERNOON if day < 5 or (day == 5 and position % 2 == 0) else None
    return OpeningHours(day, None if day == 4 and position != 0 else _MORNING, afternoon)


def _contacts(position: int) -> list[UsefulContact]:
    reachable = position == 7  # with one agency, every contact has its number
    found = [
        UsefulContact("AST", "Astreinte technique", "0353019999", True, True, None),
        UsefulContact(
            "ASC", "Ascenseur – dépannage", f"03530130{position:02d}", True, True, "Personne bloquée : 24h/24"
        ),
        UsefulContact("CHF", "Chauffage collectif", f"03530131{position:02d}", False, position % 2 == 0, None),
        UsefulContact(
            "ROB",
            "Robinetterie",
            "0353013207" if reachable else None,
            False,
            False,
            "Contrat d’entretien : 1 passage par an",
        ),
    ]
    if position % 2:
        found.append(
            UsefulContact("ANT", "Antenne TV", "0353013307" if reachable else "0000000000", False, False, None)
        )
        found.append(UsefulContact("GAZ", "Gaz", "0353013300", True, True, "Odeur de gaz : sortir d'abord"))
        found.append(UsefulContact("ELE", "Électricité", "0353013400", True, False, None))
    if position >= 2:
        found.append(
            UsefulContact(
                "GAR", "Gardien – loge", "0353013407" if reachable else None, False, False, "Loge fermée le mercredi"
            )
        )
        found.append(UsefulContact("PAR", "Stationnement", "0353013500", False, False, None))
    return found


AGENCIES: Final = {town.agency: _agency(position, town) for position, town in enumerate(places.TOWNS)}
"""Every agency by code."""

"""The tenant's advisor (conseiller habitat) and the agency behind."""

from datetime import date
from enum import Enum

from msgspec import Struct

from gateway.models.dwelling import Address
from gateway.models.freshness import Freshness
from gateway.models.lease import full_name


class ContactTopic(Enum):
    """What a useful contact is for; NATIONAL are the emergency numbers that the gateway adds."""

    NATIONAL = "NATIONAL"
    ON_CALL = "ON_CALL"
    LIFT = "LIFT"
    HEATING = "HEATING"
    PLUMBING = "PLUMBING"
    TV = "TV"
    GAS = "GAS"
    ELECTRICITY = "ELECTRICITY"
    CARETAKER = "CARETAKER"
    OTHER = "OTHER"


class Replacement(Struct, frozen=True, gc=False, array_like=True):
    """Who stands in for an absent advisor."""

    full_name: str
    phone: str | None
    email: str | None


class Absence(Struct, frozen=True, gc=False, array_like=True):
    """An advisor's absence, both days included."""

    from_date: date
    to_date: date
    replacement: Replacement | None


class Advisor(Struct, frozen=True, gc=False, array_like=True):
    """The advisor of a sector; `agency_code` leads to the agency."""

    code: str
    sector: str
    first_name: str | None
    last_name: str
    phone: str | None
    email: str | None
    office_hours: str | None
    absence: Absence | None
    agency_code: str | None
    freshness: Freshness

    @property
    def full_name(self) -> str:
        """First and last name as the system has them; always there."""
        return full_name(self.first_name, self.last_name)


class HalfDay(Struct, frozen=True, gc=False, array_like=True):
    """Opening times `HH:MM` of a morning or an afternoon."""

    from_time: str
    to_time: str


class OpeningHours(Struct, frozen=True, gc=False, array_like=True):
    """One day of the week; 1 is Monday; a None half-day is closed."""

    day: int
    morning: HalfDay | None
    afternoon: HalfDay | None


class Contact(Struct, frozen=True, gc=False, array_like=True):
    """Somebody worth calling."""

    label: str
    topic: ContactTopic
    topic_code: str | None
    phone: str
    emergency: bool
    available_round_the_clock: bool
    notes: str | None
    freshness: Freshness


class Agency(Struct, frozen=True, gc=False, array_like=True):
    """An agency with its useful contacts; days without opening hours are closed."""

    code: str
    name: str
    address: Address | None
    phone: str | None
    email: str | None
    opening_hours: tuple[OpeningHours, ...]
    contacts: tuple[Contact, ...]
    freshness: Freshness

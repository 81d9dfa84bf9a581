"""The advisor, the agency and useful contacts."""

from datetime import date

from gateway.models import advisor
from gateway.resolvers.advisor import resolve_agency
from gateway.schema.common import Address, Freshness
from gateway.schema.fields import described, fetched, plain, shows

described(
    advisor.ContactTopic,
    "What a contact is for.",
    NATIONAL="Emergency services: 15, 17, 18 and 112, which the gateway adds.",
    ON_CALL="The landlord's technician on call (astreinte).",
    LIFT="The lift.",
    HEATING="Heating.",
    PLUMBING="Taps and plumbing.",
    TV="Television aerial.",
    GAS="Gas.",
    ELECTRICITY="Electricity.",
    CARETAKER="The caretaker.",
    OTHER="Something that this version does not know.",
)


@shows(advisor.Replacement, "Who stands in for an absent advisor.")
class Replacement:
    """A replacement."""

    full_name: str = plain("Name.")
    phone: str | None = plain("Telephone, digits only.")
    email: str | None = plain("Mail address.")


@shows(advisor.Absence, "An advisor's absence, both days included.")
class Absence:
    """An absence."""

    from_date: date = plain("First day.", name="from")
    to_date: date = plain("Last day.", name="to")
    replacement: Replacement | None = plain("Who stands in.")


@shows(advisor.HalfDay, "Opening times of a morning or an afternoon, `HH:MM`.")
class HalfDay:
    """A half-day."""

    from_time: str = plain("Opens at.", name="from")
    to_time: str = plain("Closes at.", name="to")


@shows(advisor.OpeningHours, "Opening hours of one day; days that are not in the list are closed.")
class OpeningHours:
    """A day's opening hours."""

    day: int = plain("Day of the week; Monday is 1.")
    morning: HalfDay | None = plain("Morning; null where closed.")
    afternoon: HalfDay | None = plain("Afternoon; null where closed.")


@shows(advisor.Agency, "An agency of the landlord.")
class Agency:
    """An agency."""

    code: str = plain("The landlord's code.")
    name: str = plain("Name.")
    address: Address | None = plain("Postal address.")
    phone: str | None = plain("Telephone, digits only.")
    opening_hours: list[OpeningHours] = plain("Opening hours, Monday first.", size=7)
    freshness: Freshness = plain("Where this comes from and how old it is.")


@shows(advisor.Advisor, "The tenant's advisor (conseiller habitat). Null while the post is vacant.")
class Advisor:
    """The advisor."""

    code: str = plain("The landlord's code.")
    first_name: str | None = plain("First name.")
    last_name: str = plain("Last name.")
    full_name: str = plain("First and last name, always there.")
    phone: str | None = plain("Telephone, digits only.")
    email: str | None = plain("Mail address.")
    office_hours: str | None = plain("Office hours in the landlord's own words.")
    absence: Absence | None = plain("The current or next absence.")
    agency: Agency | None = fetched(resolve_agency, "The agency that the advisor works at.", calls=1)
    freshness: Freshness = plain("Where this comes from and how old it is.")


@shows(advisor.Contact, "Somebody worth calling.")
class Contact:
    """A useful contact."""

    label: str = plain("Who it is.")
    topic: advisor.ContactTopic = plain("What for.")
    phone: str = plain("Telephone, digits only.")
    emergency: bool = plain("Whether it is for emergencies.")
    available_round_the_clock: bool = plain("Whether somebody answers day and night.")
    notes: str | None = plain("Anything else worth knowing.")
    freshness: Freshness = plain("Where this comes from and how old it is; the gateway adds the national numbers.")

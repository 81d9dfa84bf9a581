"""Works."""

from datetime import date

from gateway.models import work
from gateway.schema.common import Freshness, Node
from gateway.schema.fields import described, plain, shows

described(
    work.Trade,
    "The craft that a work needs.",
    PLUMBING="Plumbing.",
    ELECTRICITY="Electricity.",
    HEATING="Heating.",
    JOINERY="Doors, windows, woodwork.",
    FACADE="Façade.",
    VENTILATION="Ventilation.",
    LIFT="Lift.",
    PAINTING="Painting.",
    OTHER="A craft that this version does not know.",
)
described(
    work.WorkScope,
    "What a work is done on.",
    DWELLING="The dwelling itself.",
    COMMON="Common parts.",
    BUILDING="The whole building.",
    OTHER="Something that this version does not know.",
)
described(
    work.WorkState,
    "Where a work stands.",
    REQUESTED="Requested.",
    ORDERED="Ordered from a contractor.",
    APPOINTMENT_SET="An appointment is set.",
    IN_PROGRESS="Under way.",
    DONE="Done.",
    VERIFIED="Done and verified by the landlord.",
    CANCELLED="Cancelled.",
    OTHER="A state that this version does not know.",
)
described(
    work.WorkPriority,
    "How soon a work is to be done.",
    URGENT_24H="Within 24 hours.",
    URGENT_72H="Within 72 hours.",
    NORMAL="In the normal course.",
    PROGRAMMED="Planned for later.",
    OTHER="A priority that this version does not know.",
)


@shows(work.Appointment, "When somebody comes.")
class Appointment:
    """An appointment."""

    on: date = plain("The day.")
    from_time: str | None = plain("Not before, `HH:MM`.", name="from")
    to_time: str | None = plain("Not after, `HH:MM`.", name="to")


@shows(work.Contractor, "The company that does a work.")
class Contractor:
    """A contractor."""

    name: str = plain("Name.")
    phone: str | None = plain("Telephone, digits only.")


@shows(work.Work, "A work on the dwelling, its common parts or its building.")
class Work(Node):
    """A work."""

    reference: str = plain("The landlord's order number.")
    title: str = plain("What it is, in the landlord's own words.")
    description: str | None = plain("More of it.")
    trade: work.Trade = plain("The craft.")
    scope: work.WorkScope = plain("What it is done on.")
    state: work.WorkState = plain("Where it stands.")
    priority: work.WorkPriority | None = plain("How soon.")
    requested_on: date = plain("The day of the request.")
    planned_from: date | None = plain("Planned to begin.")
    planned_to: date | None = plain("Planned to end.")
    started_on: date | None = plain("Begun.")
    completed_on: date | None = plain("Completed.")
    appointment: Appointment | None = plain("When somebody comes.")
    contractor: Contractor | None = plain("Who does it.")
    freshness: Freshness = plain("Where this comes from and how old it is.")

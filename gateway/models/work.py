"""Works (travaux): orders on a dwelling, common parts or a building."""

from datetime import date
from enum import Enum

from msgspec import Struct

from gateway.models.freshness import Freshness
from gateway.models.node import node_id


class Trade(Enum):
    """The craft that a work needs."""

    PLUMBING = "PLUMBING"
    ELECTRICITY = "ELECTRICITY"
    HEATING = "HEATING"
    JOINERY = "JOINERY"
    FACADE = "FACADE"
    VENTILATION = "VENTILATION"
    LIFT = "LIFT"
    PAINTING = "PAINTING"
    OTHER = "OTHER"


class WorkScope(Enum):
    """What a work is done on."""

    DWELLING = "DWELLING"
    COMMON = "COMMON"
    BUILDING = "BUILDING"
    OTHER = "OTHER"


class WorkState(Enum):
    """Where a work stands."""

    REQUESTED = "REQUESTED"
    ORDERED = "ORDERED"
    APPOINTMENT_SET = "APPOINTMENT_SET"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    VERIFIED = "VERIFIED"
    CANCELLED = "CANCELLED"
    OTHER = "OTHER"


class WorkPriority(Enum):
    """How soon a work is to be done."""

    URGENT_24H = "URGENT_24H"
    URGENT_72H = "URGENT_72H"
    NORMAL = "NORMAL"
    PROGRAMMED = "PROGRAMMED"
    OTHER = "OTHER"


class Appointment(Struct, frozen=True, gc=False, array_like=True):
    """When somebody comes; times `HH:MM`."""

    on: date
    from_time: str | None
    to_time: str | None


class Contractor(Struct, frozen=True, gc=False, array_like=True):
    """The company that does a work."""

    name: str
    phone: str | None


class Work(Struct, frozen=True, gc=False, array_like=True):
    """One work as seen from one dwelling; `title` is the label of its trade at property management."""

    reference: str
    dwelling_reference: str
    title: str
    description: str | None
    trade: Trade
    trade_code: str | None
    scope: WorkScope
    scope_code: str | None
    state: WorkState
    state_code: str | None
    priority: WorkPriority | None
    priority_code: str | None
    requested_on: date
    planned_from: date | None
    planned_to: date | None
    started_on: date | None
    completed_on: date | None
    appointment: Appointment | None
    contractor: Contractor | None
    freshness: Freshness

    @property
    def id(self) -> str:
        """Unique across the graph; what it shows is what the caller's own dwelling sees of it."""
        return node_id("Work", self.reference)

"""Where a value comes from and how old it is."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class SourceSystem(Enum):
    """The systems that the graph's values come from."""

    PROPERTY_MANAGEMENT = "PROPERTY_MANAGEMENT"
    BILLING = "BILLING"
    GATEWAY = "GATEWAY"


@dataclass(frozen=True, slots=True)
class Freshness:
    """`fetched_at`: when the gateway read it; `as_of`: the moment that the system itself says its value is of (UTC)."""

    source: SourceSystem
    fetched_at: datetime
    as_of: datetime | None = None
    stale: bool = False

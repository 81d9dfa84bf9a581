"""How the systems behind the graph are doing."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gateway.models.closure import TimeWindow
from gateway.models.freshness import SourceSystem


class SystemState(Enum):
    """UP answers; DEGRADED fails now and then; DOWN fails every time; CLOSED says so itself."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """The state of one system, and since when; the planned closure that is on or comes next, where there is any."""

    system: SourceSystem
    state: SystemState
    since: datetime | None
    planned_closure: TimeWindow | None = None

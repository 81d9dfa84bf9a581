"""What the gateway itself has seen of a legacy system, whose own health page tells nothing, and asks of it just now."""

from collections.abc import Callable
from datetime import datetime

from gateway.clock import Clock
from gateway.errors import UpstreamClosed, UpstreamError
from gateway.models.freshness import SourceSystem
from gateway.models.service import SystemState, SystemStatus

_FAILURES_UNTIL_DOWN = 3


class Health:
    """Follows the outcome of every call: three failures in a row mean DOWN, one answer means UP.

    `has_room` tells whether an operation can be asked at once, with places left for others.
    """

    def __init__(self, system: SourceSystem, clock: Clock, has_room: Callable[[str], bool]) -> None:
        self.has_room = has_room
        self._system = system
        self._clock = clock
        self._state = SystemState.UP
        self._since: datetime | None = None
        self._failures = 0

    @property
    def status(self) -> SystemStatus:
        """The state as last seen; `since` is None until the first call."""
        return SystemStatus(self._system, self._state, self._since)

    def answered(self) -> None:
        """A call was answered by the rules."""
        self._failures = 0
        self._enter(SystemState.UP)

    def failed(self, error: UpstreamError) -> None:
        """A call failed."""
        if isinstance(error, UpstreamClosed):
            self._enter(SystemState.CLOSED)
            return
        self._failures += 1
        self._enter(SystemState.DOWN if self._failures >= _FAILURES_UNTIL_DOWN else SystemState.DEGRADED)

    def _enter(self, state: SystemState) -> None:
        if state is not self._state or self._since is None:
            self._state = state
            self._since = self._clock()

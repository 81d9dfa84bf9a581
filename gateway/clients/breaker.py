"""Circuit breakers: an operation that keeps failing is left alone; one call at a time finds out if it is back."""

from collections import deque
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from gateway.clock import Clock

REMEMBERED_CALLS: Final = 20
REMEMBERED_FOR: Final = timedelta(seconds=30)
FAILURES_TO_OPEN: Final = 5
OPEN_FOR: Final = timedelta(seconds=2)


class BreakerState(Enum):
    """CLOSED lets calls through, OPEN none, HALF_OPEN one."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Opens where of an operation's last calls at least five, and at least half, have failed.

    Open, it lets nothing through for two seconds; then one call, whose outcome closes it or opens it again. Only
    failures of the operation itself count, not those of what it needs (a session, a token): they have their own.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._outcomes: deque[tuple[datetime, bool]] = deque(maxlen=REMEMBERED_CALLS)
        self._opened_at: datetime | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        """As the next call meets it."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._clock() < self._opened_at + OPEN_FOR else BreakerState.HALF_OPEN

    def admits(self) -> bool:
        """Whether a call may be sent now. In the half-open state the first to ask is the one that finds out."""
        if self._opened_at is None:
            return True
        if self._probing or self.state is BreakerState.OPEN:
            return False
        self._probing = True
        return True

    def answered(self) -> None:
        """A call was answered by the rules."""
        if self._opened_at is None:
            self._outcomes.append((self._clock(), True))
            return
        if self._probing:  # late answers of calls sent before it opened prove nothing
            self._opened_at, self._probing = None, False
            self._outcomes.clear()

    def failed(self) -> None:
        """A call failed."""
        now = self._clock()
        if self._opened_at is not None:
            if self._probing:
                self._opened_at, self._probing = now, False
            return
        self._outcomes.append((now, False))
        while self._outcomes[0][0] < now - REMEMBERED_FOR:
            self._outcomes.popleft()
        failures = sum(not well for _, well in self._outcomes)
        if failures >= FAILURES_TO_OPEN and 2 * failures >= len(self._outcomes):
            self._opened_at = now

    def proved_nothing(self) -> None:
        """The call ended without an outcome of its own: somebody else may find out."""
        self._probing = False

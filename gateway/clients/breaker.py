"""Circuit breakers: an operation that keeps failing is left alone; one call at a time finds out if it is back."""

from collections import deque
from dataclasses import dataclass
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


@dataclass(slots=True)
class Ticket:
    """What a call was let through with: of which spell of the breaker it is, and whether it is the one that finds out.

    `sent` once it has really gone out, after so many `answers` of the system; `suspected` once it has been counted as a
    failure while it was still out.
    """

    spell: int
    probe: bool = False
    sent: bool = False
    answers: int = 0
    suspected: bool = False


class Breaker:
    """Opens where of an operation's last calls at least five, and at least half, have failed.

    Open, it lets nothing through for two seconds; then one call, whose outcome closes it or opens it again. Calls of an
    earlier spell decide nothing. Only failures of the operation itself count, not those of what it needs (a session, a
    token): they have their own.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._outcomes: deque[tuple[datetime, bool]] = deque(maxlen=REMEMBERED_CALLS)
        self._opened_at: datetime | None = None
        self._probe: Ticket | None = None
        self._spell = 0

    @property
    def state(self) -> BreakerState:
        """As the next call meets it."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._clock() < self._opened_at + OPEN_FOR else BreakerState.HALF_OPEN

    def admit(self) -> Ticket | None:
        """Lets a call through, or not. In the half-open state the first to ask is the one that finds out."""
        if self._opened_at is None:
            return Ticket(self._spell)
        if self._probe is not None or self.state is BreakerState.OPEN:
            return None
        self._probe = Ticket(self._spell, probe=True)
        return self._probe

    def still_admits(self, ticket: Ticket) -> bool:
        """Whether a call that was let through, and had to wait since, may go out after all."""
        return ticket.spell == self._spell and (self._opened_at is None or ticket is self._probe)

    def answered(self, ticket: Ticket) -> None:
        """The call was answered by the rules."""
        if ticket.spell != self._spell:
            return
        if ticket is self._probe:
            self._turn(None)
            return
        self._outcomes.append((self._clock(), True))

    def failed(self, ticket: Ticket) -> bool:
        """The call failed, or has been out for suspiciously long; whether that has opened it."""
        now = self._clock()
        if ticket.spell != self._spell or ticket.suspected:
            return False
        if ticket is self._probe:
            self._turn(now)
            return True
        self._outcomes.append((now, False))
        while self._outcomes[0][0] < now - REMEMBERED_FOR:
            self._outcomes.popleft()
        failures = sum(not well for _, well in self._outcomes)
        if failures < FAILURES_TO_OPEN or 2 * failures < len(self._outcomes):
            return False
        self._turn(now)
        return True

    def open(self) -> bool:
        """Opens it at once, for what was seen of its system; whether it was closed."""
        if was_closed := self._opened_at is None:
            self._turn(self._clock())
        return was_closed

    def proved_nothing(self, ticket: Ticket) -> None:
        """The call ended without an outcome of its own: where it was to find out, another may."""
        if ticket is self._probe:
            self._probe = None

    def _turn(self, opened_at: datetime | None) -> None:
        self._opened_at, self._probe = opened_at, None
        self._spell += 1
        self._outcomes.clear()

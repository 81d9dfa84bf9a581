"""How many calls may be sent: billing's limits a minute and a day, and how many of them may be repetitions."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from gateway.clock import Clock
from gateway.models.dates import civil_date

_MINUTE: Final = timedelta(minutes=1)


class Urgency(Enum):
    """Which part of the calls of a minute and of a day may be spent on it."""

    BACKGROUND = (0.5, 0.7)
    READ = (0.9, 0.98)
    MUST = (1.0, 1.0)


class RateBudget:
    """Counts the calls of any 60 seconds and of the Paris day. `nodes` share the minute in equal parts.

    `spent_elsewhere` are the other nodes' calls of this day, as last heard. A process that `starts_anew` does not know
    what the one before it has sent in this minute: in its first it spends a third.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        per_minute: int,
        per_day: int,
        starts_anew: bool = False,
        nodes: Callable[[], int] = lambda: 1,
        spent_elsewhere: Callable[[], int] = lambda: 0,
    ) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._per_day = per_day
        self._nodes = nodes
        self._spent_elsewhere = spent_elsewhere
        self._sent: deque[datetime] = deque()
        self._day = civil_date(clock())
        self._today = 0
        self._refused_until: datetime | None = None
        self._careful_until = clock() + _MINUTE if starts_anew else None

    @property
    def spent_today(self) -> int:
        """Calls that this process has sent since midnight in Paris."""
        self._turn_day(self._clock())
        return self._today

    def spend(self, urgency: Urgency) -> bool:
        """Counts a call that is about to be sent; false where it must not be."""
        now = self._clock()
        self._turn_day(now)
        while self._sent and self._sent[0] <= now - _MINUTE:
            self._sent.popleft()
        of_minute, of_day = urgency.value
        if self._refused_until is not None and now < self._refused_until:
            return False
        if self._careful_until is not None and now < self._careful_until:
            of_minute /= 3
        if len(self._sent) >= of_minute * self._per_minute / max(1, self._nodes()):
            return False
        if self._today + self._spent_elsewhere() >= of_day * self._per_day:
            return False
        self._sent.append(now)
        self._today += 1
        return True

    def refused(self) -> None:
        """The system says that there were too many: nothing more before its next minute."""
        self._refused_until = self._clock().replace(second=0, microsecond=0) + _MINUTE

    def _turn_day(self, now: datetime) -> None:
        if (day := civil_date(now)) != self._day:
            self._day, self._today = day, 0


class RetryBudget:
    """One repetition for every ten calls, and ten in store: a system that fails for everybody is not asked twice."""

    IN_STORE: Final = 10.0
    A_CALL: Final = 0.1

    def __init__(self) -> None:
        self._left = self.IN_STORE

    def earn(self) -> None:
        """A call was sent for the first time."""
        self._left = min(self.IN_STORE, self._left + self.A_CALL)

    def spend(self) -> bool:
        """Whether a call may be repeated."""
        if self._left < 1:
            return False
        self._left -= 1
        return True

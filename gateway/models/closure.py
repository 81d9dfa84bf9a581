"""Planned closures of the legacy systems: every night, or the nights that begin on certain days of the month."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gateway.models.dates import PARIS, civil_date

_WRITTEN = re.compile(r"(?:([0-9]{1,2}(?:,[0-9]{1,2})*) )?([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """From one moment to another, which is outside."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class Closure:
    """Closed from `begins` to `ends` on the clocks of Paris; `days` are those of the month on which it begins."""

    begins: time
    ends: time
    days: frozenset[int] = frozenset(range(1, 32))

    @classmethod
    def parse(cls, text: str) -> "Closure":
        """`22:00-05:00` is every night, `25,26,27 22:00-05:00` the nights that begin on those days of the month."""
        if not (match := _WRITTEN.fullmatch(text.strip())):
            raise ValueError("must be written 22:00-05:00, or 25,26,27 22:00-05:00 for certain nights of the month")
        begins, ends = time.fromisoformat(match[2]), time.fromisoformat(match[3])
        if begins == ends:
            raise ValueError("must end at another time than it begins")
        if match[1] is None:
            return cls(begins, ends)
        days = frozenset(map(int, match[1].split(",")))
        if not days <= set(range(1, 32)):
            raise ValueError("days of the month go from 1 to 31")
        return cls(begins, ends, days)

    def current_or_next(self, now: datetime) -> TimeWindow:
        """The closure that is on at that moment, else the next one."""
        today = civil_date(now)
        windows = (self._beginning_on(today + timedelta(days=offset)) for offset in range(-1, 366))
        return next(window for window in windows if window is not None and now < window.to_at)

    def _beginning_on(self, day: date) -> TimeWindow | None:
        if day.day not in self.days:
            return None
        last = day if self.ends > self.begins else day + timedelta(days=1)
        return TimeWindow(_moment(day, self.begins), _moment(last, self.ends))


class ClosedHours:
    """Tells whether a closure is on, and remembers its current or next window between two questions."""

    def __init__(self, closure: Closure | None) -> None:
        self._closure = closure
        self._window: TimeWindow | None = None
        self._asked_at: datetime | None = None

    def at(self, now: datetime) -> bool:
        """Whether it is on at that moment."""
        if self._closure is None:
            return False
        if self._window is None or self._asked_at is None or not self._asked_at <= now < self._window.to_at:
            self._window = self._closure.current_or_next(now)
        self._asked_at = now
        return self._window.from_at <= now


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, PARIS).astimezone(UTC)

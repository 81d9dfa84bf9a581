"""The one source of time: a callable that gives the present moment in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)


def clock_from(start: datetime) -> Clock:
    """A clock that shows `start` now and runs on from there (the demo's)."""
    shift = start - datetime.now(UTC)
    return lambda: datetime.now(UTC) + shift

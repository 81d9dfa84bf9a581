"""Billing's call limits: 500 a minute, 20 000 a day, by the clock's minutes and days."""

from datetime import datetime
from typing import Final

from gateway.simulator.windows import local

PER_MINUTE: Final = 500
PER_DAY: Final = 20_000


class Rates:
    """Counts the calls of the one identifiant."""

    def __init__(self) -> None:
        self._minute = ""
        self._day = ""
        self._in_minute = 0
        self._in_day = 0

    def allows(self, now: datetime) -> bool:
        """Counts one call; whether it is within both limits."""
        here = local(now)
        minute, day = f"{here:%Y%m%d%H%M}", f"{here:%Y%m%d}"
        if minute != self._minute:
            self._minute, self._in_minute = minute, 0
        if day != self._day:
            self._day, self._in_day = day, 0
        self._in_minute += 1
        self._in_day += 1
        return self._in_minute <= PER_MINUTE and self._in_day <= PER_DAY

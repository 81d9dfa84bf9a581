"""The world's anchor and its months: everything in the data is dated up to 3 November 2026."""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

PARIS: Final = ZoneInfo("Europe/Paris")
DEMO_NOW: Final = datetime(2026, 11, 3, 10, 0, tzinfo=PARIS)
"""The moment of the worked example."""

BALANCE_TIME: Final = time(4, 30)
"""When balances are computed, every night."""


MONTH_NAMES: Final = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
"""As printed on notices."""


class Month(NamedTuple):
    """A month of a year; orders and counts like one."""

    year: int
    month: int

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return date(self.year, self.month, 1)

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return date(self.year, self.month, self.days)

    @property
    def days(self) -> int:
        """How many days the month has."""
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def number(self) -> int:
        """The month as billing writes it: 202610."""
        return self.year * 100 + self.month

    @property
    def serial(self) -> int:
        """Months since year 0, to subtract."""
        return self.year * 12 + self.month - 1

    def plus(self, months: int) -> "Month":
        """The month so many months later."""
        year, month = divmod(self.serial + months, 12)
        return Month(year, month + 1)


LAST_MONTH: Final = Month(2026, 10)
"""The last whole month of the world."""


def months(first: Month, last: Month) -> Iterator[Month]:
    """The months from first to last, both included."""
    for serial in range(first.serial, last.serial + 1):
        yield Month(serial // 12, serial % 12 + 1)


def month_of(day: date) -> Month:
    """The month a day lies in."""
    return Month(day.year, day.month)

"""Months, and the civil time of the landlord (Europe/Paris)."""

import re
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


class YearMonth(NamedTuple):
    """A calendar month, `2026-11`; ordered by time."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "YearMonth":
        """The month that `day` falls into."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "YearMonth":
        """`2026-11` as a month; ValueError for anything else."""
        if not (match := re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)) or match[1] == "0000":
            raise ValueError("a month is written YYYY-MM, for example 2026-11")
        return cls(int(match[1]), int(match[2]))

    def plus(self, months: int) -> "YearMonth":
        """The month so many months later (earlier where negative)."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return YearMonth(year, month + 1)

    def months_until(self, later: "YearMonth") -> int:
        """How many months `later` lies after this one."""
        return (later.year - self.year) * 12 + later.month - self.month

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def civil_date(moment: datetime) -> date:
    """The date that a calendar in Paris shows at that moment."""
    return moment.astimezone(PARIS).date()

"""Reads the dates and months of requests; anything malformed is code 44."""

import re
from datetime import date
from typing import Final

from gateway.simulator.landlord.calendar import Month

LONGEST_PERIOD: Final = 13
_DAY: Final = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_MONTH: Final = re.compile(r"(0[1-9]|1[0-2])/(\d{4})", re.ASCII)


def parse_day(text: str | None) -> date | None:
    """A date JJ/MM/AAAA; None when it is malformed."""
    match = _DAY.fullmatch(text or "")
    try:
        return date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        return None


def parse_months(first: str | None, last: str | None) -> tuple[Month, Month] | None:
    """A period of 1 to 13 months; None when it is malformed."""
    start, end = _MONTH.fullmatch(first or ""), _MONTH.fullmatch(last or "")
    if start is None or end is None:
        return None
    period = Month(int(start[2]), int(start[1])), Month(int(end[2]), int(end[1]))
    fits = 0 <= period[1].serial - period[0].serial < LONGEST_PERIOD and period[0].year > 0 and period[1].year > 0
    return period if fits else None

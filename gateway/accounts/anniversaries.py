"""When a password is to be chosen anew: on each anniversary of the account's creation."""

import calendar
from datetime import date


def anniversary(created_on: date, years: int) -> date:
    """The n-th anniversary, from the original date each time: 29 February becomes 28 in common years."""
    year = created_on.year + years
    day = 28 if (created_on.month, created_on.day) == (2, 29) and not calendar.isleap(year) else created_on.day
    return date(year, created_on.month, day)


def renewal_due_since(created_on: date, changed_on: date, today: date) -> date | None:
    """The last anniversary, where the password has not been changed since; None before the first."""
    years = today.year - created_on.year
    last = anniversary(created_on, years)
    if last > today:
        last = anniversary(created_on, years - 1)
    return last if last > created_on and changed_on < last else None

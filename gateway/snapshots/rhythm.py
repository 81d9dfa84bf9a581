"""How long a value holds: until the legacy system computes it anew, by its own clock (docs/legacy/README.md)."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final

from gateway.models.balance import Balance
from gateway.models.dates import PARIS
from gateway.models.due_notice import DocumentState, DueNotice

Rule = Callable[[datetime, Any], datetime]
"""From when a value was asked for, and the value, to the moment from which it is no longer fresh."""

BALANCES_COMPUTED_AT: Final = time(4, 30)
PROPERTY_OPENS_AT: Final = time(5)
SOON: Final = timedelta(minutes=5)
"""How long a value holds that should have been computed anew and was not."""
DRAWN_WITHIN: Final = timedelta(seconds=10)
"""Documents that are being drawn are there after some seconds."""


def for_a(while_: timedelta) -> Rule:
    """For so long."""
    return lambda asked_at, _: asked_at + while_


def until_meters_are_read(asked_at: datetime, _: object) -> datetime:
    """Until property management opens again: meters are read in at night."""
    return next_at(PROPERTY_OPENS_AT, asked_at)


def until_balances_are_computed(asked_at: datetime, balance: Balance | None) -> datetime:
    """Until the next computation; a balance that missed the last one is asked for again soon."""
    following = next_at(BALANCES_COMPUTED_AT, asked_at)
    as_of = balance.freshness.as_of if balance is not None else None
    missed = as_of is not None and as_of < next_at(BALANCES_COMPUTED_AT, asked_at - timedelta(days=1))
    return min(following, asked_at + SOON) if missed else following


def until_notices_change(asked_at: datetime, notices: Sequence[DueNotice] | None) -> datetime:
    """As balances; while a document is being drawn, for some seconds."""
    drawn = any(notice.document is DocumentState.PENDING for notice in notices or ())
    return asked_at + DRAWN_WITHIN if drawn else next_at(BALANCES_COMPUTED_AT, asked_at)


@lru_cache(maxsize=16)  # all values of a batch were asked for at the same moment
def next_at(clock_time: time, moment: datetime) -> datetime:
    """The next moment, later than the given one, at which clocks in Paris show that time."""
    here = moment.astimezone(PARIS)
    at = here.replace(hour=clock_time.hour, minute=clock_time.minute, second=0, microsecond=0, fold=0)
    if at <= here:
        at = (here.replace(tzinfo=None) + timedelta(days=1)).replace(
            hour=clock_time.hour, minute=clock_time.minute, second=0, microsecond=0, tzinfo=PARIS
        )
    return at.astimezone(moment.tzinfo)

"""When the systems are closed, when balances are computed, when deposits are booked; Europe/Paris local time."""

from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from gateway.simulator.landlord.calendar import BALANCE_TIME, PARIS

NIGHT_BEGINS: Final = time(22, 0)
NIGHT_ENDS: Final = time(5, 0)
_DEPOSITS_STOP: Final = time(2, 0)
_BILLING_RUN_DAYS: Final = frozenset({25, 26, 27})
_LOT_TIMES: Final = (time(6, 30), time(10, 30), time(14, 30), time(18, 30))


class Lot(NamedTuple):
    """A booking run: its code and its local time without offset."""

    code: str
    runs_at: datetime


def local(now: datetime) -> datetime:
    """The local time without offset, as the legacy systems think."""
    return now.astimezone(PARIS).replace(tzinfo=None)


def property_closed(now: datetime) -> bool:
    """Whether property management is in its night."""
    clock = local(now).time()
    return clock >= NIGHT_BEGINS or clock < NIGHT_ENDS


def billing_closed(now: datetime) -> bool:
    """Whether billing is in one of the three nights of the billing run."""
    here = local(now)
    if here.time() >= NIGHT_BEGINS:
        return here.day in _BILLING_RUN_DAYS
    return here.time() < NIGHT_ENDS and (here - timedelta(days=1)).day in _BILLING_RUN_DAYS


def deposits_closed(now: datetime) -> bool:
    """Whether deposits are refused, 02:00 to 04:30."""
    return _DEPOSITS_STOP <= local(now).time() < BALANCE_TIME


def last_evening(now: datetime) -> datetime:
    """The last 22:00, as an aware moment."""
    here = now.astimezone(PARIS)
    evening = here.replace(hour=NIGHT_BEGINS.hour, minute=0, second=0, microsecond=0)
    return (evening if evening <= here else evening - timedelta(days=1)).astimezone(UTC)


def last_balance(now: datetime) -> datetime:
    """The last 04:30, local without offset."""
    here = local(now)
    computed = datetime.combine(here.date(), BALANCE_TIME)
    return computed if computed <= here else computed - timedelta(days=1)


def next_lot(now: datetime) -> Lot:
    """The lot a deposit of now goes into."""
    here = local(now)
    for number, runs_at in enumerate(_LOT_TIMES, start=1):
        if here.time() < runs_at:
            return Lot(f"{here:%Y%m%d}-{number:02d}", datetime.combine(here.date(), runs_at))
    tomorrow = here.date() + timedelta(days=1)
    return Lot(f"{tomorrow:%Y%m%d}-01", datetime.combine(tomorrow, _LOT_TIMES[0]))
